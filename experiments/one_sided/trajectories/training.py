"""Training of all seeds of a method in one program, with snapshots on disk."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

import minmax_jax as mm
from experiments._shared.time_limit import TimeLimit
from experiments.one_sided.methods import METHODS
from experiments.one_sided.trajectories import snapshots
from experiments.one_sided.trajectories.config import Config
from experiments.one_sided.trajectories.problems import Problem
from experiments.one_sided.trajectories.snapshots import RunState


def train(config: Config, problem: Problem, method: str, dual: bool, time_limit: TimeLimit) -> None:
    """Trains a run to its end, from its last snapshot if there is one.

    Args:
      config: Configuration of the runs.
      problem: The game.
      method: Name in `METHODS`.
      dual: Whether the max player's learning rate decays like 1/√t.
      time_limit: Time limit, checked after each snapshot.

    Raises:
      TimeLimitReached: If the time limit is reached; the state is saved.
      ConfigError: If the folder contains a run with another configuration.
    """
    folder = snapshots.folder_of(config, method, dual)
    learning_rates = problem.learning_rates(method)
    if dual:
        decaying = mm.inverse_sqrt_schedule(learning_rates.max)
        learning_rates = learning_rates._replace(max=decaying)
    optimizer = METHODS[method](learning_rates)
    starts = [problem.start(seed) for seed in range(config.seeds)]
    players = jax.tree.map(lambda *leaves: jnp.stack(leaves), *starts)
    state = RunState(players, jax.vmap(optimizer.init)(players), players.min, jnp.zeros((), int))
    snapshots.open_folder(config, folder)
    if (folder / "state.npz").exists():
        state = snapshots.load(folder / "state.npz", state)
    else:
        snapshots.save(folder, state)
    advance = advance_fn(problem, optimizer, config.seeds)
    for until in snapshots.snapshot_steps(config.steps):
        if until <= int(state.step):
            continue
        time_limit.check()
        state = jax.block_until_ready(advance(state, until))
        snapshots.save(folder, state)


def advance_fn(problem: Problem, optimizer: Any, num_seeds: int) -> Any:
    """Returns a compiled function `(state, until) -> state` that trains up to step `until`.

    The samples of a step depend on seed and step only.
    """

    def one(seed: jax.Array, step: jax.Array, state: Any) -> Any:
        players, inner, ema = state
        key = jax.random.fold_in(jax.random.fold_in(jax.random.key(7), seed), step)

        def field_fn(z: mm.Players, draw: Any = 0) -> mm.Players:
            return problem.descended(z, jax.random.fold_in(key, draw))

        updates, inner = optimizer.update(field_fn(players), inner, players, field_fn=field_fn)
        players = mm.Players(*map(optax.apply_updates, players, updates))
        decay = jnp.minimum(problem.ema_decay, (1 + step) / (10 + step))
        ema = jax.tree.map(lambda old, new: new + decay * (old - new), ema, players.min)
        return players, inner, ema

    def body(state: RunState) -> RunState:
        after = jax.vmap(one, (0, None, 0))(jnp.arange(num_seeds), state.step, state[:3])
        return RunState(*after, state.step + 1)

    return jax.jit(lambda state, until: jax.lax.while_loop(lambda s: s.step < until, body, state))
