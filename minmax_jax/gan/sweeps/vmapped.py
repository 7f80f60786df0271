"""Members of one optimizer trained inside one program, mapped over rates and seeds.

Each member's numbers are those of `train` with its configuration, to rounding: the step is
the same function, mapped. Its lines and checkpoints go to its own run folder, so that the
program may stop anywhere: it goes on from the newest step of which every member has one.
"""

import functools
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import minmax_jax as mm
from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import Terminated
from minmax_jax.gan.multihost import termination
from minmax_jax.gan.objective import game
from minmax_jax.gan.run import checkpoint, run_folder
from minmax_jax.gan.sweeps.grid import Member
from minmax_jax.gan.trainer import train as trainer
from minmax_jax.gan.training import build, nonfinite, program
from minmax_jax.gan.training import step as step_lib

MOST = 64
"""Members of one program; more are trained by the next."""

SMALL = 500_000
"""Parameters of both networks up to which mapping over members pays."""

_QUIET_SECONDS = 10.0


def pays(member: Member, data: data_lib.Data) -> bool:
    """Whether the networks are small: then a member's share of a step costs less than its own."""
    pair = build.build_pair(member.config, data.images.shape[1:])
    leaves = jax.tree.leaves([network.params for network in pair[:2]])
    convolutional = any(leaf.ndim >= 4 for leaf in leaves)
    on_cpu = jax.default_backend() == "cpu"
    return sum(leaf.size for leaf in leaves) <= SMALL and not (convolutional and on_cpu)


def train(
    members: Sequence[Member], data: data_lib.Data, note: Callable[[str], None]
) -> list[step_lib.TrainState]:
    """Trains members that differ in rates and seed alone; resumes what their folders hold.

    A member with an update that is not finite stays where it was before it, under
    `on_nonfinite="stop"`, and the others go on; see `diverged_at`.

    Args:
      members: of one optimizer and one configuration.
      data: their data.
      note: called with a line now and then.

    Returns:
      Their final states, on the host.

    Raises:
      ConfigError: as `trainer.train`.
      Terminated: SIGTERM came; everything is saved.
    """
    config = members[0].config
    games = [_game(member, data) for member in members]
    states = [step_lib.init(g, _optimizer(m.config, g)) for m, g in zip(members, games,
              strict=True)]  # fmt: skip
    for member in members:
        run_folder.open_run(member.folder, member.config, data)
    done, states = _restore(members, states, note)
    state = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
    mapped = _compile(games[0], members, jnp.asarray(data.images))
    stride = config.training.steps_per_call or program.default_steps_per_call(
        games[0], jax.default_backend()
    )
    spoke = time.monotonic()
    with termination.Termination() as asked:
        while done < config.training.steps:
            done = trainer.next_stop(done, config, stride)
            state, norms = mapped.advance(state, np.int32(done))
            last, stop = done == config.training.steps, asked.asked
            if last or done % config.run.log_every == 0:
                _log(members, done, {**mapped.measure(state), **norms})
            if last or stop or done % config.run.checkpoint_every == 0:
                _save(members, done, state)
            if stop and not last:
                raise Terminated(f"SIGTERM: saved at step {done}; the same command resumes")
            if time.monotonic() - spoke > _QUIET_SECONDS:
                spoke = time.monotonic()
                name, steps = config.optimizer.name, config.training.steps
                note(f"{name}: {len(members)} members at step {done}/{steps}")
    return _split(state, len(members))


def diverged_at(state: step_lib.TrainState) -> int | None:
    """Returns the number of the update before which a member stopped, None if it did not."""
    last = int(max(state.nonfinite.last))
    return last if last > int(state.step) else None


class Mapped(NamedTuple):
    """The compiled functions; states have a leading axis of members.

    Attributes:
      advance: `(state, until) -> (state, norms)`.
      measure: `state -> losses and gradient norms`.
    """

    advance: Callable[..., Any]
    measure: Callable[..., Any]


def _compile(played: game.Game, members: Sequence[Member], images: jax.Array) -> Mapped:
    config = members[0].config
    seeds = jnp.array([member.config.run.seed for member in members], jnp.uint32)
    rates = mm.Players(
        jnp.array([member.config.optimizer.learning_rate_min for member in members], jnp.float32),
        jnp.array([member.config.optimizer.learning_rate_max for member in members], jnp.float32),
    )

    def one(state: Any, images: jax.Array, seed: jax.Array, rates: mm.Players) -> Any:
        traced: Any = {"learning_rate_min": rates.min, "learning_rate_max": rates.max}
        optimizer = _optimizer(config.replace(**traced), played)
        step = functools.partial(step_lib.train_step, played, optimizer, config.training.ema_decay)
        return nonfinite.guard(step, config.training.on_nonfinite, axis_name=None)(
            state, images, seed
        )

    def goes_on(state: Any, until: jax.Array) -> jax.Array:
        running = nonfinite.goes_on(state, config.training.on_nonfinite)
        return jnp.any((state.step < until) & running)

    def advance(state: Any, images: jax.Array, until: jax.Array) -> Any:
        step = jax.vmap(one, in_axes=(0, None, 0, 0))
        shapes = jax.eval_shape(step, state, images, seeds, rates)[1]
        norms = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
        return lax.while_loop(
            lambda carry: goes_on(carry[0], until),
            lambda carry: step(carry[0], images, seeds, rates),
            (state, norms),
        )

    def measure(state: Any, images: jax.Array) -> Any:
        own = jax.vmap(lambda s, seed: step_lib.measure(played, s, images, seed))
        return own(state, seeds)

    advancing, measuring = jax.jit(advance, donate_argnums=0), jax.jit(measure)
    return Mapped(
        lambda state, until: advancing(state, images, until),
        lambda state: measuring(state, images),
    )


def _game(member: Member, data: data_lib.Data) -> game.Game:
    """The member's game on one device, outside any map over devices."""
    played, _ = build.build_game(member.config, data, 1)
    pair = build.build_pair(member.config, data.images.shape[1:])
    return played._replace(pair=pair, axis_name=None)


def _optimizer(config: Any, played: game.Game) -> Any:
    pair = played.pair
    return build.build_optimizer(config, mm.Players(pair.generator.params,
                                                    pair.discriminator.params))  # fmt: skip


def _restore(
    members: Sequence[Member], states: list[Any], note: Callable[[str], None]
) -> tuple[int, list[Any]]:
    """Returns the newest step that every member can be read at, and the states there."""
    stores = [_store(member, note) for member in members]
    common = set.intersection(*(set(store.steps()) for store in stores))
    for step in sorted(common, reverse=True):
        try:
            found = [store.restore(step) for store in stores]
        except checkpoint.CheckpointError as error:
            note(f"{error}")
            continue
        states = [checkpoint.fill(s, f[1]) for s, f in zip(states, found, strict=True) if f]
        note(f"resuming {len(members)} members at step {step}")
        break
    else:
        step = 0
    for member, store in zip(members, stores, strict=True):
        store.drop_after(step)
        run_folder.rewind_metrics(member.folder, step)
    return step, states


def _store(member: Member, note: Callable[[str], None]) -> checkpoint.Checkpoints:
    return checkpoint.Checkpoints(member.folder / "checkpoints", note)


def _log(members: Sequence[Member], step: int, quantities: dict[str, jax.Array]) -> None:
    values = jax.device_get(quantities)
    names = (*step_lib.QUANTITIES, *step_lib.GREEDY_QUANTITIES, *nonfinite.QUANTITIES)
    for index, member in enumerate(members):
        if (
            members[0].config.training.on_nonfinite == "stop"
            and np.maximum(*values["nonfinite"].last)[index]
        ):
            continue  # it has no step of this number
        record = {name: float(values[name][index]) for name in names if name in values}
        run_folder.append_metrics(member.folder, {"step": step, **record})


def _save(members: Sequence[Member], step: int, state: Any) -> None:
    """Saves every member, and only then drops older checkpoints: one step is always common."""
    stores = [_store(member, lambda _: None) for member in members]
    for store, own in zip(stores, _split(state, len(members)), strict=True):
        store.save(step, own)
    for member, store in zip(members, stores, strict=True):
        store.drop_all_but(store.steps()[-member.config.run.keep :])


def _split(state: Any, count: int) -> list[Any]:
    host = jax.device_get(state)
    return [jax.tree.map(lambda leaf, i=i: leaf[i], host) for i in range(count)]
