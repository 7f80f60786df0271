"""Correction of the max player's step that keeps it on the ridge."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import checks, trees
from minmax_jax._util.krylov.conjugate_gradients import conjugate_gradient
from minmax_jax._util.krylov.gmres import gmres
from minmax_jax._util.types import FieldFn, Players, PyTree, transformation

SOLVERS = ("cg", "gmres")


class RidgeState(NamedTuple):
    """State of `correct_to_ridge`.

    Attributes:
      iterations: Number of solver iterations in the last update (int32 scalar).
      residual: Relative residual of the linear system in the last update.
    """

    iterations: jax.Array
    residual: jax.Array


def correct_to_ridge(
    *,
    solver: str,
    tolerance: Any,
    max_iterations: int,
    damping: Any,
    name: str = "correct_to_ridge",
) -> optax.GradientTransformationExtraArgs:
    """Adds to the max player's step how its best response moves with the min player's step.

    With the steps u_x and u_y that are passed in, and the blocks J_yx = ∂F_y/∂x and
    J_yy = ∂F_y/∂y of the Jacobian of F, it solves

        (J_yy + δ) c = −J_yx u_x

    and returns (u_x, u_y + c). To first order and for δ = 0, the correction keeps F_y constant
    while x moves. See `follow_the_ridge` for the arguments.

    Args:
      solver: `"gmres"` or `"cg"`.
      tolerance: Relative residual at which the solver stops.
      max_iterations: Maximum number of solver iterations.
      damping: Damping δ.
      name: Name used in error messages.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If a number is not a number, or `max_iterations` is not an int.
      ValueError: If `solver` is unknown, or a number is out of range. In `update`, if params or
        field_fn is missing, or `optax.masked` hides parameters.
    """
    checks.check_choice(name, "solver", solver, SOLVERS)
    tolerance = checks.check_number(name, "tolerance", tolerance, schedule=False)
    steps = checks.check_count(name, "max_iterations", max_iterations)
    delta = checks.check_number(name, "damping", damping, schedule=False)
    solve = gmres if solver == "gmres" else conjugate_gradient

    def init_fn(params: Players) -> RidgeState:
        checks.check_whole_players(name, "params", params)
        return RidgeState(
            iterations=trees.new_count(), residual=jnp.zeros((), trees.wide_dtype(params))
        )

    def update_fn(
        updates: Players,
        state: RidgeState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        **extra: Any,
    ) -> tuple[Players, RidgeState]:
        del extra
        players, field_fn = checks.check_field_fn(name, updates, params, field_fn)
        checks.check_state(name, state, RidgeState)
        z, dtype = jax.tree.map(jnp.asarray, players), state.residual.dtype
        change, product = _blocks(field_fn, z, updates.min)

        def operator(v: PyTree) -> PyTree:
            image = trees.widen(product(trees.cast_like(v, z.max)), dtype)
            return jax.tree.map(lambda a, b: a + jnp.asarray(delta).astype(dtype) * b, image, v)

        rhs = jax.tree.map(lambda leaf: -leaf.astype(dtype), change)
        found = solve(operator, rhs, None, tolerance, steps)
        corrected = jax.tree.map(lambda u, c: u + c.astype(u.dtype), updates.max, found.value)
        return Players(updates.min, corrected), RidgeState(
            iterations=found.iterations, residual=found.residual.astype(dtype)
        )

    return transformation(init_fn, update_fn)


def _blocks(field_fn: FieldFn, z: Players, step: PyTree) -> tuple[PyTree, Any]:
    """Returns J_yx `step`, and the product of J_yy with vectors."""
    tangent = trees.cast_like(step, z.min)
    _, change = jax.jvp(lambda x: field_fn(Players(x, z.max), 0).max, (z.min,), (tangent,))
    _, product = jax.linearize(lambda y: field_fn(Players(z.min, y), 0).max, z.max)
    return change, product
