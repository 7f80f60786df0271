"""One training step: a pure function of state, data and seed."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

import minmax_jax as mm
from minmax_jax import diagnostics
from minmax_jax.gan.objective import game as game_lib
from minmax_jax.gan.training import gradient_norms, nonfinite


class TrainState(NamedTuple):
    """Everything that changes during training.

    Attributes:
      players: parameters of generator (min) and discriminator (max).
      optimizer: state of the optimizer.
      stats: BatchNorm statistics of the two networks.
      ema: moving average of the generator's parameters.
      step: int32 scalar, the number of updates so far.
      nonfinite: what is remembered of updates that were not finite.
    """

    players: mm.Players
    optimizer: Any
    stats: mm.Players
    ema: Any
    step: jax.Array
    nonfinite: nonfinite.NonFiniteState


def init(game: game_lib.Game, optimizer: optax.GradientTransformation) -> TrainState:
    """Returns the state before the first step."""
    generator, discriminator = game.pair.generator, game.pair.discriminator
    players = mm.Players(min=generator.params, max=discriminator.params)
    return TrainState(
        players=players,
        optimizer=optimizer.init(players),
        stats=mm.Players(min=generator.stats, max=discriminator.stats),
        ema=generator.params,
        step=jnp.zeros((), jnp.int32),
        nonfinite=nonfinite.init(),
    )


def train_step(
    game: game_lib.Game,
    optimizer: optax.GradientTransformationExtraArgs,
    ema_decay: float,
    state: TrainState,
    images: jax.Array,
    seed: jax.Array,
) -> tuple[TrainState, dict[str, jax.Array]]:
    """Returns the state after one update, and the norms of its gradients and of its step.

    The field of draw 0 is evaluated here, with the statistics; the optimizer may ask for
    further draws, which are further samples. It is handed whatever a method of the library
    may ask for, and takes what it knows.
    """
    key = _step_key(seed, state.step)
    due = game_lib.due(game, state.step)
    game_now = game_lib.oracles(game, images, state.stats, key, due)
    field, stats = game_now.field(state.players, 0)
    updates: Any  # Optax's alias for trees does not know Players
    players: Any
    updates, optimizer_state = optimizer.update(
        field,
        state.optimizer,
        state.players,
        field_fn=lambda players, draw=0: game_now.field(players, draw)[0],
        payoff_fn=game_now.payoff,
        min_loss_fn=game_now.min_loss,
        key=jax.random.fold_in(key, _METHOD_STREAM),
    )
    players = optax.apply_updates(state.players, updates)
    norms = diagnostics.player_norms(updates)
    # The average must forget the initial parameters sooner than its decay says:
    # early on it is a mean over about a tenth of the steps so far.
    decay = jnp.minimum(ema_decay, (1 + state.step) / (10 + state.step))
    ema = jax.tree.map(lambda old, new: new + decay.astype(new.dtype) * (old - new), state.ema,
                       players.min)  # fmt: skip
    after = TrainState(players, optimizer_state, stats, ema, state.step + 1, state.nonfinite)
    return after, {
        "update_norm_min": norms.min,
        "update_norm_max": norms.max,
        "update_norm_ratio": diagnostics.norm_ratio(updates),
        **gradient_norms.read(optimizer_state),
        **_greedy_counts(optimizer_state),
    }


def measure(
    game: game_lib.Game, state: TrainState, images: jax.Array, seed: jax.Array
) -> dict[str, jax.Array]:
    """Returns both losses and the norms of both players' gradients at `state`.

    On the batch that the next step sees. Apart from the step, which need not compute
    these: many methods use the gradient of one player elsewhere.
    """
    key, due = _step_key(seed, state.step), game_lib.due(game, state.step)
    now = game_lib.oracles(game, images, state.stats, key, due)
    norms = diagnostics.player_norms(now.field(state.players, 0)[0])
    return {
        "loss_min": now.losses.min(state.players, 0),
        "loss_max": now.losses.max(state.players, 0),
        "gradient_norm_min": norms.min,
        "gradient_norm_max": norms.max,
    }


QUANTITIES = (
    "loss_min", "loss_max", "gradient_norm_min", "gradient_norm_max",
    *gradient_norms.QUANTITIES, "update_norm_min", "update_norm_max", "update_norm_ratio",
)  # fmt: skip
"""What `measure` and `train_step` report, in the order of `metrics.jsonl`."""

GREEDY_QUANTITIES = ("acceptance_rate", "ascent_steps", "status")
"""What `train_step` reports besides under a greedy optimizer."""


def _greedy_counts(optimizer_state: Any) -> dict[str, jax.Array]:
    """Returns, over the run so far, the share of accepted steps and the mean ascent; the status."""

    def is_greedy(node: Any) -> bool:
        return isinstance(node, mm.GreedyState)

    nodes = jax.tree.leaves(optimizer_state, is_leaf=is_greedy)
    for state in filter(is_greedy, nodes):
        rate, steps = state.accepted / state.count, state.total_ascent_steps / state.count
        return dict(zip(GREEDY_QUANTITIES, (rate, steps, state.status), strict=True))
    return {}


_METHOD_STREAM = 2**31 - 1  # far from any draw


def _step_key(seed: jax.Array, step: jax.Array) -> jax.Array:
    return jax.random.fold_in(jax.random.key(seed), step)
