"""One training step: a pure function of state, data and seed."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

import minmax_jax as mm
from minmax_jax import diagnostics
from minmax_jax.gan import data as data_lib
from minmax_jax.gan import objective
from minmax_jax.gan.training import average, gradient_norms, nonfinite

FunctionsFn = Callable[..., objective.GameFunctions]
"""Function with the arguments of `objective.game_functions`."""


class TrainState(NamedTuple):
    """Everything that changes during training.

    Attributes:
      players: Parameters of generator (min) and discriminator (max).
      optimizer: State of the optimizer.
      stats: BatchNorm statistics and spectral-normalization vectors of the two networks.
      ema: Exponential moving average of the generator's parameters.
      step: Number of updates so far (int32 scalar).
      nonfinite: Record of non-finite updates.
      augmentation: State of the control rule of the augmentation, empty without such a rule.
    """

    players: mm.Players
    optimizer: Any
    stats: mm.Players
    ema: Any
    step: jax.Array
    nonfinite: nonfinite.NonFiniteState
    augmentation: Any = ()


def init(
    game: objective.Game,
    optimizer: optax.GradientTransformation,
    init_optimizer: Callable[[mm.Players], Any] | None = None,
) -> TrainState:
    """Returns the state before the first step.

    Args:
      game: Game from `build_game`.
      optimizer: Optimizer of both players.
      init_optimizer: Function that returns the optimizer's state of the initial parameters.
        Default: the compiled `optimizer.init`.
    """
    generator, discriminator = game.pair.generator, game.pair.discriminator
    players = mm.Players(min=generator.params, max=discriminator.params)
    return TrainState(
        players=players,
        optimizer=(init_optimizer or jax.jit(optimizer.init))(players),
        stats=mm.Players(min=generator.stats, max=discriminator.stats),
        ema=generator.params,
        step=jnp.zeros((), jnp.int32),
        nonfinite=nonfinite.init(),
        augmentation=game.augmentation.init() if game.augmentation else (),
    )


def train_step(
    game: objective.Game,
    optimizer: optax.GradientTransformationExtraArgs,
    ema_decay: average.Decay | None,
    state: TrainState,
    images: Any,
    seed: jax.Array,
    *,
    functions_fn: FunctionsFn = objective.game_functions,
) -> tuple[TrainState, dict[str, jax.Array]]:
    """Performs one update of both players.

    The field is evaluated here with sample index 0, and this evaluation also updates the BatchNorm
    statistics. The optimizer may evaluate the field again. Each sample index (`draw`) selects
    another batch of examples and latents. Every optimizer receives `field_fn`, `payoff_fn`,
    `min_loss_fn` and `key`, and uses the arguments that it supports.

    Args:
      game: Game from `build_game`, built for the number of devices that run the step.
      optimizer: Optimizer of both players.
      ema_decay: Decay of the moving average of the generator's parameters, or a function from
        the number of updates so far to it. With None, the average stays unchanged.
      state: State before the update.
      images: Dataset, or this device's shard of it: images, or `Examples` with labels. Or a
        `Window` that contains the batches of the step.
      seed: Seed of the run.
      functions_fn: Function that returns the field, the payoff and the losses of the step.

    Returns:
      The state after the update, and a dict of scalars: norms of the gradients used and of the
      update, the ratio of the players' update norms, and `GREEDY_QUANTITIES` if the optimizer
      is based on `mm.greedy`.
    """
    key = _step_key(seed, state.step)
    game = objective.game_at(game, state.step, state.augmentation)
    due = objective.penalty_due(game, state.step)
    images = data_lib.at_step(images, state.step)
    game_now = functions_fn(game, images, state.stats, key, due)
    field, aux = game_now.field_fn(state.players, 0)
    updates: Any  # Optax's type alias for pytrees does not include `Players`.
    players: Any
    updates, optimizer_state = optimizer.update(
        field,
        state.optimizer,
        state.players,
        field_fn=lambda players, draw=0: game_now.field_fn(players, draw)[0],
        payoff_fn=game_now.payoff_fn,
        min_loss_fn=game_now.min_loss_fn,
        key=jax.random.fold_in(key, _METHOD_STREAM),
        step=state.step,
        **_penalty_field(game_now),
    )
    players = optax.apply_updates(state.players, updates)
    norms = diagnostics.player_norms(updates)
    ema = state.ema
    if ema_decay is not None:
        ema = average.update(ema_decay, state.step, ema, players.min)
    after = TrainState(
        players,
        optimizer_state,
        aux.stats,
        ema,
        state.step + 1,
        state.nonfinite,
        augmentation=_next_augmentation(game, state, aux.real_sign),
    )
    return after, {
        "update_norm_min": norms.min,
        "update_norm_max": norms.max,
        # `diagnostics.norm_ratio` would compute both norms again: XLA does not merge them on CPU.
        "update_norm_ratio": norms.max / norms.min,
        **gradient_norms.read(optimizer_state),
        **_greedy_counts(optimizer_state),
        **_augmentation_quantities(game, aux.real_sign),
    }


def measure(
    game: objective.Game,
    state: TrainState,
    images: Any,
    seed: jax.Array,
    *,
    functions_fn: FunctionsFn = objective.game_functions,
) -> dict[str, jax.Array]:
    """Computes both losses and the gradient norms of both players on the batch of the next step.

    This is separate from `train_step`, because many methods do not evaluate the gradients of
    both players at the current parameters.

    Args:
      game: Game from `build_game`, built for the number of devices that run the step.
      state: State before the next step.
      images: Dataset, or this device's shard of it: images, or `Examples` with labels. Or a
        `Window` that contains the batches of the step.
      seed: Seed of the run.
      functions_fn: Function that returns the field, the payoff and the losses of the step.

    Returns:
      Float32 scalars by name.
    """
    key, due = _step_key(seed, state.step), objective.penalty_due(game, state.step)
    game = objective.game_at(game, state.step, state.augmentation)
    images = data_lib.at_step(images, state.step)
    now = functions_fn(game, images, state.stats, key, due)
    norms = diagnostics.player_norms(now.field_fn(state.players, 0)[0])
    return {
        "loss_min": now.loss_fns.min(state.players, 0),
        "loss_max": now.loss_fns.max(state.players, 0),
        "gradient_norm_min": norms.min,
        "gradient_norm_max": norms.max,
    }


QUANTITIES = (
    "loss_min",
    "loss_max",
    "gradient_norm_min",
    "gradient_norm_max",
    *gradient_norms.QUANTITIES,
    "update_norm_min",
    "update_norm_max",
    "update_norm_ratio",
)
"""Names of the quantities of `measure` and `train_step`, in the order of `metrics.jsonl`."""

AUGMENTATION_QUANTITIES = ("augment_probability", "real_sign")
"""Names of the additional quantities of `train_step` with augmentation."""

GREEDY_QUANTITIES = ("acceptance_rate", "ascent_steps", "status")
"""Names of the additional quantities of `train_step` for optimizers based on `mm.greedy`."""


def _greedy_counts(optimizer_state: Any) -> dict[str, jax.Array]:
    """Returns `GREEDY_QUANTITIES` from the state of `greedy`, or an empty dict if there is none.

    The acceptance rate and the ascent steps per update are means over the run so far. The status
    is the present one.
    """

    def is_greedy(node: Any) -> bool:
        return isinstance(node, mm.GreedyState)

    nodes = jax.tree.leaves(optimizer_state, is_leaf=is_greedy)
    for state in filter(is_greedy, nodes):
        rate, steps = state.accepted / state.count, state.total_ascent_steps / state.count
        return dict(zip(GREEDY_QUANTITIES, (rate, steps, state.status), strict=True))
    return {}


def _next_augmentation(game: objective.Game, state: TrainState, real_sign: Any) -> Any:
    if game.augmentation is None:
        return state.augmentation
    return game.augmentation.update(state.augmentation, real_sign, state.step, game.batch_size)


def _augmentation_quantities(game: objective.Game, real_sign: Any) -> dict[str, jax.Array]:
    """Returns the probability of this update, and the mean sign that the control rule observes."""
    if game.augmentation is None:
        return {}
    probability = jnp.asarray(game.augmentation.probability, jnp.float32)
    values = (probability, *jax.tree.leaves(real_sign))
    return dict(zip(AUGMENTATION_QUANTITIES, values, strict=False))


def _penalty_field(game_now: objective.GameFunctions) -> dict[str, Any]:
    """Returns the argument of `mm.regularize_lazily`, if the penalty has a step of its own."""
    if game_now.penalty_field_fn is None:
        return {}
    return {"penalty_field_fn": game_now.penalty_field_fn}


_METHOD_STREAM = 2**31 - 1  # This is larger than any sample index.


def _step_key(seed: jax.Array, step: jax.Array) -> jax.Array:
    return jax.random.fold_in(jax.random.key(seed), step)
