"""Assigns separate optimizers and learning rates to the two players."""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import jax
import jax.numpy as jnp
import optax
from optax import GradientTransformation, GradientTransformationExtraArgs

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import Players, PyTree, transformation

T = TypeVar("T")

ScalarOrSchedule = Any
"""A number, a scalar array or traced value, or a function from the update count to one."""

LearningRate = Any
"""A `ScalarOrSchedule`, or `Players(min=..., max=...)` of two of them."""


def apply_updates(players: T, updates: PyTree) -> T:
    """Adds updates to the parameters of both players, or to any other tree.

    It is `optax.apply_updates` with the type of `players` as return type, for type checkers.

    Args:
      players: Parameters.
      updates: Updates, with the structure of `players`.

    Returns:
      The new parameters, in the dtypes of `players`.

    Raises:
      ValueError: If the trees differ in structure or shapes.

    Examples:
      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> z = mm.apply_updates(mm.Players(jnp.ones(()), jnp.ones(())), mm.Players(1.0, -1.0))
      >>> print(z.min, z.max)
      2.0 0.0
    """
    trees_by_name = {"updates": updates, "players": players}
    checks.check_same_structure("apply_updates", trees_by_name, "Pass the result of update.")
    return cast(T, optax.apply_updates(cast(Any, players), updates))


def map_params(
    initable: Any,
    f: Callable[..., Any],
    state: Any,
    *rest: PyTree,
    transform_non_params: Callable[[Any], Any] | None = None,
    is_leaf: Callable[[Any], bool] | None = None,
) -> Any:
    """Maps a function over the parts of a state that are shaped like the parameters.

    It is `optax.tree.map_params`, which fails with further trees if a method has one state per
    player. Here, such a part takes its player's side of every further tree.

    Args:
      initable: Optimizer, or its function `init`.
      f: Function of a leaf of the state, and of the leaves of `rest` that belong to the same
        parameter.
      state: State of the optimizer.
      *rest: Trees with the structure of the parameters, for example shardings or dtypes.
      transform_non_params: Function of all other leaves of the state. Default: they stay.
      is_leaf: Passed to `jax.tree.map`.

    Returns:
      The state with the results of `f`.

    Raises:
      TypeError: If `f` is not callable.
      ValueError: If the structures of `state`, `rest` and the parameters differ.

    Examples:
      Sharding of every part of a state, from those of the parameters:

      >>> import jax, jax.numpy as jnp, optax
      >>> import minmax_jax as mm
      >>> mesh = jax.make_mesh((1,), ("data",))
      >>> def sharding(*axes):
      ...     return jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(*axes))
      >>> z = mm.Players(min={"w": jnp.ones((4, 2))}, max={"v": jnp.ones(8)})
      >>> shardings = mm.Players(min={"w": sharding("data")}, max={"v": sharding()})
      >>> tx = mm.adam_gda(0.1)
      >>> placed = mm.map_params(tx, jax.device_put, tx.init(z), shardings)
      >>> [tuple(x.sharding.spec) for x in jax.tree.leaves(placed) if x.shape == (4, 2)]
      [('data',), ('data',)]
    """
    checks.check_callable("map_params", "f", f)
    init = getattr(initable, "init", initable)
    passed: list[Any] = []  # Optax's placeholder for the parameters has no public name.
    optax.tree.map_params(cast(Any, passed.append), f, cast(Any, None))
    other = transform_non_params or (lambda leaf: leaf)

    def mapped(mark: Any, part: Any) -> Any:
        if not trees.is_placeholder(mark):
            return other(part)
        side = trees.side_of(mark)
        matching = rest if side is None else [getattr(tree, side) for tree in rest]
        return jax.tree.map(f, part, *matching, is_leaf=is_leaf)

    return jax.tree.map(mapped, init(passed[0]), state, is_leaf=trees.is_placeholder)


def per_player(
    *, min: GradientTransformation, max: GradientTransformation
) -> GradientTransformationExtraArgs:
    """Applies a separate transformation to each player.

    Each transformation receives the updates, state and params of its player, and the extra
    arguments of `update`. A `key` is folded with the index of the player, so that the two
    players draw independent samples. A `value` or `grad` that is a `Players` is split, and
    `value_fn` becomes a function of its own player's parameters. Methods that call `field_fn`
    need both players: put them around `per_player`, not inside.

    Args:
      min: Transformation for `players.min`.
      max: Transformation for `players.max`.

    Returns:
      A gradient transformation for `Players`. Its state is `Players` of the two states.

    Raises:
      TypeError: If `min` or `max` is not an Optax gradient transformation. In `init` and
        `update`, if the argument is not a `Players` of floating-point trees.
      ValueError: In `update`, if updates and params have different tree structures.

    Examples:
      Two time scales, where the max player has a learning rate ten times larger:

      >>> import jax, optax
      >>> import minmax_jax as mm
      >>> tx = mm.per_player(min=optax.sgd(0.1), max=optax.sgd(1.0))
      >>> z = mm.Players(1.0, 1.0)
      >>> updates, _ = tx.update(mm.Players(1.0, 1.0), tx.init(z), z)
      >>> print(updates.min, updates.max)
      -0.1 -1.0
    """
    return per_side("per_player", min, max)


def per_side(
    name: str, min: GradientTransformation, max: GradientTransformation
) -> GradientTransformationExtraArgs:
    """Applies a separate transformation to each player, as `per_player`.

    `name` is used in error messages.
    """
    sides = Players(
        checks.check_transformation(name, "min", min),
        checks.check_transformation(name, "max", max),
    )

    def init_fn(params: Players) -> Players:
        checks.check_players(name, "params", params)
        return Players(*(tx.init(p) for tx, p in zip(sides, trees.sides(params), strict=True)))

    def update_fn(
        updates: Players, state: Players, params: Players | None = None, **extra: Any
    ) -> tuple[Players, Players]:
        checks.check_players(name, "updates", updates)
        checks.check_match(name, updates, params)
        checks.check_state(name, state, Players)
        points = (None, None) if params is None else params
        steps = [
            tx.update(u, s, p, **calls.of_side(_extra_of_side(extra, index), index, params))
            for index, (tx, u, s, p) in enumerate(zip(sides, updates, state, points, strict=True))
        ]
        return Players(*(u for u, _ in steps)), Players(*(s for _, s in steps))

    return transformation(init_fn, update_fn)


def each_player(name: str, tx: GradientTransformation) -> GradientTransformationExtraArgs:
    """Applies `tx` to each player of a `Players` separately, and to any other tree as a whole.

    For example, `optax.clip_by_global_norm` then clips each player by its own norm, and an
    optimizer from `mm.optimizers` can be used for one player inside `alternate`. `name` is used
    in error messages.
    """
    both, whole = per_side(name, tx, tx), optax.with_extra_args_support(tx)

    def init_fn(params: PyTree) -> Any:
        checks.check_floats(name, "params", params, empty=True)
        return (both if trees.is_joint(params) else whole).init(params)

    def update_fn(
        updates: PyTree, state: Any, params: PyTree | None = None, **extra: Any
    ) -> tuple[PyTree, Any]:
        checks.check_floats(name, "updates", updates, empty=True)
        checks.check_match(name, updates, params)
        chosen = both if isinstance(updates, Players) else whole
        return chosen.update(updates, state, params, **extra)

    return transformation(init_fn, update_fn)


class ScaleByLearningRateState(NamedTuple):
    """State of `scale_by_learning_rate` with a schedule.

    Attributes:
      count: Number of updates so far (int32 scalar).
    """

    count: jax.Array


def scale_by_learning_rate(
    learning_rate: ScalarOrSchedule, name: str = "scale_by_learning_rate"
) -> GradientTransformationExtraArgs:
    """Multiplies updates by minus the learning rate, in the dtype of each leaf.

    It differs from `optax.scale_by_learning_rate` in two ways. bfloat16 leaves stay bfloat16
    if the learning rate is float32. A method that calls it several times per update passes
    `update_count=`, so that a schedule counts updates and not calls. `name` is used in error
    messages.
    """

    def init_fn(params: PyTree) -> optax.EmptyState | ScaleByLearningRateState:
        del params
        if callable(learning_rate):
            return ScaleByLearningRateState(trees.new_count())
        return optax.EmptyState()

    def update_fn(
        updates: PyTree,
        state: Any,
        params: PyTree | None = None,
        *,
        update_count: jax.Array | None = None,
        **extra: Any,
    ) -> tuple[PyTree, Any]:
        del params, extra
        value = learning_rate
        if callable(learning_rate):
            checks.check_state(name, state, ScaleByLearningRateState)
            value = learning_rate(state.count if update_count is None else update_count)
            state = ScaleByLearningRateState(count=trees.increment(state.count))
        return jax.tree.map(lambda u: -jnp.asarray(value).astype(u.dtype) * u, updates), state

    return transformation(init_fn, update_fn)


def _extra_of_side(extra: dict[str, Any], index: int) -> dict[str, Any]:
    if extra.get("key") is None:
        return extra
    return {**extra, "key": jax.random.fold_in(extra["key"], index)}
