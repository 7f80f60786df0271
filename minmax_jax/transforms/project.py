"""Projects the updated parameters onto a constraint set."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import lax

from minmax_jax._util import checks, trees
from minmax_jax._util.types import PyTree, transformation


def project(
    projection: Callable[[PyTree], PyTree], *, name: str = "project"
) -> optax.GradientTransformationExtraArgs:
    """Replaces the step u by `P(z + u) − z`, so that the updated parameters are feasible.

    The step is added to z, and because of rounding, some numbers cannot be the result of this
    addition. In float32 and float64, each new parameter is `P(z + u)` if a step leads to it.
    Otherwise it is a number close to `P(z + u)`, but never one between `P(z + u)` and `z + u`. So
    the new parameters are exactly inside a box, an orthant, or a ball around zero that is not
    narrower than the spacing of floating-point numbers at z. Equality constraints, such as the
    sum in a simplex, hold up to rounding. If several projected steps are summed to one update, as
    `alternate` and `greedy` do with ascent steps, the result can be outside by a rounding error.

    Place `project` last in a chain, after the learning rate. Inside the `tx` of `extrapolate`
    it also projects the lookahead points (projected extragradient). Optimizers from
    `mm.optimizers` have an argument `projection` instead. The initial parameters have to be
    feasible, because the first field is evaluated there.

    Args:
      projection: Function `projection(params) -> params`, for example from
        `optax.projections`. Given `Players`, it is applied to each player's tree separately.
        For different constraints, use one `project` in each argument of `per_player`.
      name: Name used in error messages.

    Returns:
      A stateless Optax transformation. Its `update` requires `params`.

    Raises:
      TypeError: If `projection` is not callable.
      ValueError: In `update`, if params is missing, params, updates and the result of
        `projection` differ in structure or shapes, or `project` is part of the argument
        `transform` of an optimizer.

    Examples:
      >>> import jax.numpy as jnp, optax
      >>> import minmax_jax as mm
      >>> box = mm.project(lambda x: jnp.clip(x, -1.0, 1.0))
      >>> tx = optax.chain(optax.sgd(1.0), box)
      >>> x = jnp.array(0.5)
      >>> u, _ = tx.update(jnp.array(-9.0), tx.init(x), x)
      >>> print(optax.apply_updates(x, u))
      1.0
    """
    checks.check_projection(name, "projection", projection)

    def init_fn(params: PyTree) -> optax.EmptyState:
        checks.check_floats(name, "params", params)
        return optax.EmptyState()

    def update_fn(
        updates: PyTree,
        state: optax.EmptyState,
        params: PyTree | None = None,
        *,
        is_field: bool = False,
        **extra: object,
    ) -> tuple[PyTree, optax.EmptyState]:
        del extra
        if is_field:
            raise ValueError(
                f"{name}: a projection is part of transform=, where it would project the field and "
                "not the parameters. Pass projection= to the optimizer, or put project after the "
                "learning rate."
            )
        z = checks.check_params(name, params, "it projects the updated parameters")
        checks.check_match(name, updates, z)
        moved: Any = optax.apply_updates(z, updates)
        feasible = trees.each_player(projection, moved)
        trees_by_name = {"projection(params)": feasible, "params": z}
        advice = "Return one value for each parameter."
        checks.check_same_structure(name, trees_by_name, advice, exact=True)
        return jax.tree.map(_step_to, feasible, z, moved, updates), state

    return transformation(init_fn, update_fn)


def _step_to(target: jax.Array, start: Any, moved: jax.Array, update: jax.Array) -> jax.Array:
    """Returns the step from `start` to `target`, the projection of `moved`.

    A projection can return a leaf unchanged, such as a parameter without a constraint. Its step is
    the update itself.

    If rounding moves the sum of `start` and the step beyond `target`, towards `moved`, the
    neighboring step ends on the other side.
    """
    if target is moved and update.dtype == moved.dtype:
        return update
    step = target - start
    landed: Any = optax.apply_updates(start, step)
    above, below = (moved > target) & (landed > target), (moved < target) & (landed < target)
    fixed = lax.stop_gradient(step)
    infinity = jnp.where(above, -jnp.inf, jnp.inf).astype(step.dtype)
    # The difference of neighbors is exact, so that the sum is the neighbor.
    neighbor = step + lax.stop_gradient(jnp.nextafter(fixed, infinity) - fixed)
    return jnp.where(above | below, neighbor, step)
