"""Newton steps of both players, in which the min player moves first."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.krylov.gmres import gmres
from minmax_jax._util.types import FieldFn, Players, PyTree, transformation


class NewtonState(NamedTuple):
    """State of `step_by_newton`.

    Attributes:
      count: Number of updates so far (int32 scalar).
      min: State of the min player's transformation.
      max: State of the max player's transformation.
      residual: Largest relative residual of the two linear systems in the last update.
    """

    count: jax.Array
    min: Any
    max: Any
    residual: jax.Array


def step_by_newton(
    sides: Players,
    *,
    tolerance: Any,
    max_iterations: int,
    damping: Any,
    name: str = "step_by_newton",
) -> optax.GradientTransformationExtraArgs:
    """Creates the complete Newton method from the transformations of its two directions.

    See `complete_newton` for the update and the arguments.

    Args:
      sides: `Players` of two transformations from a negative Newton direction to a step.
      tolerance: Relative residual at which the solver stops.
      max_iterations: Maximum number of solver iterations per linear system.
      damping: Damping δ of the max player's block of the Jacobian.
      name: Name used in error messages.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If a number is not a number, or `max_iterations` is not an int.
      ValueError: If a number is out of range. In `update`, if params or field_fn is missing, or
        `optax.masked` hides parameters.
    """
    tolerance = checks.check_number(name, "tolerance", tolerance, schedule=False)
    steps = checks.check_count(name, "max_iterations", max_iterations)
    delta = checks.check_number(name, "damping", damping, schedule=False)
    min_tx, max_tx = (checks.check_transformation(name, "sides", side) for side in sides)

    def init_fn(params: Players) -> NewtonState:
        checks.check_whole_players(name, "params", params)
        both = trees.sides(params)
        return NewtonState(
            count=trees.new_count(),
            min=min_tx.init(both.min),
            max=max_tx.init(both.max),
            residual=jnp.zeros((), trees.wide_dtype(params)),
        )

    def update_fn(
        updates: Players,
        state: NewtonState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        **extra: Any,
    ) -> tuple[Players, NewtonState]:
        players, field_fn = checks.check_field_fn(name, updates, params, field_fn)
        checks.check_state(name, state, NewtonState)
        z, dtype = jax.tree.map(jnp.asarray, players), state.residual.dtype
        inner = [calls.inner_call(extra, i, update_count=state.count) for i in range(2)]

        def damped(image: PyTree, v: PyTree) -> PyTree:
            return jax.tree.map(lambda a, b: a + jnp.asarray(delta).astype(dtype) * b, image, v)

        # Eliminating d_y from J d = (F_x, 0) leaves the Schur complement's system for d_x.
        field, product = _linearize(lambda w: field_fn(w, 0), z, dtype)
        rhs = field._replace(max=optax.tree.zeros_like(field.max))
        joint = gmres(
            lambda v: (image := product(v))._replace(max=damped(image.max, v.max)),
            rhs,
            None,
            tolerance,
            steps,
        )
        direction = trees.cast_like(joint.value.min, z.min)
        min_step, min_state = min_tx.update(direction, state.min, z.min, **inner[0])
        moved = z._replace(min=optax.apply_updates(z.min, min_step))
        field, product = _linearize(lambda y: field_fn(moved._replace(max=y), 1).max, z.max, dtype)
        own = gmres(lambda v: damped(product(v), v), field, None, tolerance, steps)
        direction = trees.cast_like(own.value, z.max)
        max_step, max_state = max_tx.update(direction, state.max, z.max, **inner[1])
        return Players(min_step, max_step), NewtonState(
            count=trees.increment(state.count),
            min=min_state,
            max=max_state,
            residual=jnp.maximum(joint.residual, own.residual).astype(dtype),
        )

    return transformation(init_fn, update_fn)


def _linearize(function: Any, at: PyTree, dtype: Any) -> tuple[PyTree, Any]:
    """Returns the widened value of `function`, and the product of its Jacobian with vectors."""
    value, product = jax.linearize(function, at)

    def widened(v: PyTree) -> PyTree:
        return trees.widen(product(trees.cast_like(v, at)), dtype)

    return trees.widen(value, dtype), widened
