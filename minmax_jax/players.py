"""A different optimizer, or another learning rate, for each of the two players."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from optax import GradientTransformation, GradientTransformationExtraArgs

from minmax_jax._util import checks, trees
from minmax_jax._util.types import Players, PyTree, transformation

ScalarOrSchedule = Any
"""A number, a scalar array or tracer, or a function from the update count to one."""

LearningRate = Any
"""A `ScalarOrSchedule`, or `Players(min=..., max=...)` of two of them."""


def per_player(
    *, min: GradientTransformation, max: GradientTransformation
) -> GradientTransformationExtraArgs:
    """Gives each player an optimizer of its own.

    Each side sees its own updates, state and params, and the extra arguments as they
    come; a `key` is folded with the side, so that the two draw independently. Methods
    that call `field_fn` need both players and stand around `per_player`, not inside.

    Args:
      min: the transformation for `players.min`; any Optax transformation.
      max: the transformation for `players.max`.

    Returns:
      A transformation of `Players`; its state is `Players` of the two states.

    Raises:
      TypeError: if a side is no transformation, or at `init` if given no `Players`.

    Examples:
      Two time scales: the maximising player moves ten times as fast.

      >>> import jax, optax
      >>> import minmax_jax as mm
      >>> tx = mm.per_player(min=optax.sgd(0.1), max=optax.sgd(1.0))
      >>> z = mm.Players(1.0, 1.0)
      >>> updates, _ = tx.update(mm.Players(1.0, 1.0), tx.init(z), z)
      >>> print(updates.min, updates.max)
      -0.1 -1.0
    """
    for side, tx in (("min", min), ("max", max)):
        checks.check_transformation("per_player", side, tx)
    sides = Players(optax.with_extra_args_support(min), optax.with_extra_args_support(max))

    def init_fn(params: Players) -> Players:
        checks.check_players("per_player", "params", params)
        return Players(*(tx.init(p) for tx, p in zip(sides, params, strict=True)))

    def update_fn(
        updates: Players, state: Players, params: Players | None = None, **extra: Any
    ) -> tuple[Players, Players]:
        checks.check_players("per_player", "updates", updates)
        checks.check_match("per_player", updates, params)
        points = (None, None) if params is None else params
        steps = [
            tx.update(u, s, p, **_extra_of_side(extra, index))
            for index, (tx, u, s, p) in enumerate(zip(sides, updates, state, points, strict=True))
        ]
        return Players(*(u for u, _ in steps)), Players(*(s for _, s in steps))

    return transformation(init_fn, update_fn)


def each_player(tx: GradientTransformation) -> GradientTransformationExtraArgs:
    """Makes a transformation treat each player of a `Players` by itself, other trees whole.

    So `optax.clip_by_global_norm` clips each player at its own norm, and a two-player
    optimizer can serve as the rule of one player inside `alternate`.
    """
    both, alone = per_player(min=tx, max=tx), optax.with_extra_args_support(tx)

    def init_fn(params: PyTree) -> Any:
        return (both if isinstance(params, Players) else alone).init(params)

    def update_fn(
        updates: PyTree, state: Any, params: PyTree | None = None, **extra: Any
    ) -> tuple[PyTree, Any]:
        chosen = both if isinstance(updates, Players) else alone
        return chosen.update(updates, state, params, **extra)

    return transformation(init_fn, update_fn)


class ScaleByRateState(NamedTuple):
    """State of `scale_by_rate` under a schedule.

    Attributes:
      count: int32 scalar, the number of updates so far.
    """

    count: jax.Array


def scale_by_rate(learning_rate: ScalarOrSchedule) -> GradientTransformationExtraArgs:
    """Multiplies by minus the learning rate, in the dtype of each leaf.

    Unlike `optax.scale_by_learning_rate` it keeps bfloat16 leaves under a float32 rate, and
    where a method calls its rule several times within one update it passes `update_count=`,
    so that a schedule counts updates and not calls.
    """

    def init_fn(params: PyTree) -> optax.EmptyState | ScaleByRateState:
        del params
        return (
            ScaleByRateState(trees.new_count()) if callable(learning_rate) else (optax.EmptyState())
        )

    def update_fn(
        updates: PyTree,
        state: Any,
        params: PyTree | None = None,
        *,
        update_count: jax.Array | None = None,
        **extra: Any,
    ) -> tuple[PyTree, Any]:
        del params, extra
        rate = learning_rate
        if callable(learning_rate):
            rate = learning_rate(state.count if update_count is None else update_count)
            state = ScaleByRateState(count=trees.increment(state.count))
        return jax.tree.map(lambda u: -jnp.asarray(rate).astype(u.dtype) * u, updates), state

    return transformation(init_fn, update_fn)


def _extra_of_side(extra: dict[str, Any], index: int) -> dict[str, Any]:
    if extra.get("key") is None:
        return extra
    return {**extra, "key": jax.random.fold_in(extra["key"], index)}
