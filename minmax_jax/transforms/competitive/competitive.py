"""Competitive gradient descent, with steps to a local bilinear game's equilibrium."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import FieldFn, Players, PyTree, transformation
from minmax_jax.transforms.competitive import local_game
from minmax_jax.transforms.competitive.adaptation import AdaptiveLearningRates


class CompetitiveState(NamedTuple):
    """State of `competitive` and `adaptive_competitive`.

    `step_to_equilibrium` defines R, J°, F, d and s.

    Attributes:
      count: Number of updates so far (int32 scalar).
      transform: State of `transform`.
      second_moment: Running mean of the squared field (adaptive form), or None.
      solution: Last solution s of the linear system for the player with fewer parameters, from
        which the next solve starts. None without warm start or with `solver="neumann"`.
      iterations: Number of solver iterations in the last update (int32 scalar).
      residual: Relative residual of the linear system for s in the last update. With
        `solver="neumann"`, the relative residual of (1 + R J°) d = −R F. It is computed for d
        without the last term of the Neumann series, which avoids one more product with J°.
    """

    count: jax.Array
    transform: Any
    second_moment: Any
    solution: Any
    iterations: jax.Array
    residual: jax.Array


def step_to_equilibrium(
    learning_rate: Any,
    *,
    solver: str = "cg",
    tolerance: float = 1e-6,
    max_iterations: int = 100,
    warm_start: bool = True,
    adaptive: AdaptiveLearningRates | None = None,
    transform: optax.GradientTransformation | None = None,
    name: str = "step_to_equilibrium",
) -> optax.GradientTransformationExtraArgs:
    """Creates a transformation that moves to the equilibrium of the local bilinear game.

    The field passed in is not used; the field is evaluated again.

    Let R be the diagonal matrix of learning rates (η per player, or one per parameter with
    `adaptive`), F the field after `transform`, and J° the off-diagonal blocks J_xy = ∂F_x/∂y and
    J_yx = ∂F_y/∂x of the original field's Jacobian. The step d solves

        d = −R (F + J° d),   or   (1 + R J°) d = −R F

    `cg` and `gmres` eliminate the player with more parameters (y if both have equally many). If
    it is y, they solve the first of these equations for s = R_x^{−½} d_x, and compute d_y from
    the second. Otherwise, x and y are exchanged:

        (1 − R_x^½ J_xy R_y J_yx R_x^½) s = −R_x^½ (F_x − J_xy R_y F_y),
        d_y = −R_y (F_y + J_yx d_x)

    In a zero-sum game, J_yx = −J_xyᵀ, so the matrix is symmetric with eigenvalues of at least 1,
    and ‖error of s‖ ≤ residual · ‖right-hand side‖. `neumann` sums the series of
    (1 + R J°)⁻¹ for both players. All terms are evaluated at z with sample index 0. Only vectors
    are stored, in float32 or wider.

    Args:
      learning_rate: Learning rate η: a number, a schedule of the update count, or `Players` of
        two.
      solver: `"cg"`, `"gmres"` or `"neumann"`. See `competitive`.
      tolerance: Relative residual at which the solver stops.
      max_iterations: Maximum number of solver iterations.
      warm_start: Whether `cg` and `gmres` start from the last solution.
      adaptive: Learning rates per parameter, or None.
      transform: Transformation applied to the field before the system is set up.
      name: Name used in error messages.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If `tolerance` is not a number, `max_iterations` is not an int, or `transform`
        is not an Optax gradient transformation.
      ValueError: If `solver` is unknown or a number is out of range. In `update`, if params or
        field_fn is missing, or `optax.masked` hides parameters.
    """
    settings = local_game.SolverSettings(solver, tolerance, max_iterations, warm_start)
    settings = settings.checked(name)
    learning_rate = checks.check_learning_rate(name, learning_rate)
    on_field = calls.on_field(name, transform)
    return _step_to_equilibrium(learning_rate, settings, adaptive, on_field, name)


def _step_to_equilibrium(
    learning_rate: Any,
    settings: local_game.SolverSettings,
    adaptive: AdaptiveLearningRates | None,
    on_field: Any,
    name: str,
) -> optax.GradientTransformationExtraArgs:
    def init_fn(params: Players) -> CompetitiveState:
        checks.check_whole_players(name, "params", params)
        dtype = trees.wide_dtype(params)
        zeros = optax.tree.zeros_like(trees.widen(params, dtype))
        warm = settings.warm_start and settings.solver != "neumann"
        solved = local_game.smaller_player(trees.sides(params))
        return CompetitiveState(
            count=trees.new_count(),
            transform=on_field.init(params),
            second_moment=None if adaptive is None else zeros,
            # These zeros are new, because the buffers of a state may be donated.
            solution=optax.tree.zeros_like(trees.sides(zeros)[solved]) if warm else None,
            iterations=trees.new_count(),
            residual=jnp.zeros((), dtype),
        )

    def update_fn(
        updates: Players,
        state: CompetitiveState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        update_count: jax.Array | None = None,
        **extra: Any,
    ) -> tuple[Players, CompetitiveState]:
        z, field_fn = checks.check_field_fn(name, updates, params, field_fn)
        checks.check_state(name, state, CompetitiveState, updates, "second_moment")
        solved = updates[local_game.smaller_player(z)]
        checks.check_state(name, state, CompetitiveState, solved, "solution")
        at = state.count if update_count is None else update_count
        field, products = local_game.linearize(field_fn, z)
        inner = calls.inner_call(extra, 0, update_count=at)
        field, transform_state = on_field.update(field, state.transform, z, **inner)
        dtype = trees.wide_dtype(z)
        field = trees.widen(field, dtype)
        sides = trees.by_side(learning_rate)
        etas = Players(*(calls.value_at(eta, at).astype(dtype) for eta in sides))
        count, moment = trees.increment(state.count), state.second_moment
        if adaptive is None:
            learning_rates = Players(*map(_constant, etas, field))
        else:
            moment = adaptive.average(moment, field)
            pairs = zip(moment, etas, strict=True)
            learning_rates = Players(*(adaptive.at(v, eta, count) for v, eta in pairs))
        step, found = local_game.equilibrium(
            field, learning_rates, products, settings, state.solution
        )
        step = jax.tree.map(lambda d, leaf: d.astype(jnp.asarray(leaf).dtype), step, z)
        return step, CompetitiveState(
            count=count,
            transform=transform_state,
            second_moment=moment,
            solution=None if state.solution is None else found.value,
            iterations=found.iterations,
            residual=found.residual,
        )

    return transformation(init_fn, update_fn)


def _constant(value: jax.Array, tree: PyTree) -> PyTree:
    """Returns a tree with the structure of `tree` and `value` at every leaf."""
    return jax.tree.map(lambda _: value, tree)
