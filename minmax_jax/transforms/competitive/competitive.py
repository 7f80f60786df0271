"""Competitive gradient descent: both players step to the equilibrium of the local game."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import FieldFn, Players, PyTree, transformation
from minmax_jax.transforms.competitive import local_game


class CompetitiveState(NamedTuple):
    """State of `competitive` and `adaptive_competitive`.

    Attributes:
      count: int32 scalar, the number of updates so far.
      transform: state of what acts on the field.
      second_moment: running mean of the squared field (adaptive form), or None.
      solution: the linear system's last solution, from which the next solve starts; None
        without warm start. Of the player with fewer parameters, in units of √rate.
      iterations: int32 scalar, iterations of the last solve.
      residual: ‖b − A x‖ / ‖b‖ of the last solve; with solver="neumann" that before the last
        term of the series was added.
    """

    count: jax.Array
    transform: Any
    second_moment: Any
    solution: Any
    iterations: jax.Array
    residual: jax.Array


class Adapt(NamedTuple):
    """How the adaptive form makes rates of the second moment."""

    b2: float
    eps: float
    correction: str

    def average(self, moment: PyTree, field: PyTree) -> PyTree:
        """Returns the running mean with one more field in it."""

        def mean(v: jax.Array, f: jax.Array) -> jax.Array:
            b2 = jnp.asarray(self.b2, v.dtype)
            return b2 * v + (1 - b2) * f * f

        return jax.tree.map(mean, moment, field)

    def rates(self, moment: PyTree, eta: jax.Array, count: jax.Array) -> PyTree:
        """Returns η / (√v̂ + eps), or η √(1 − b2ᵗ) / (√v + eps) corrected last."""

        def rate(v: jax.Array) -> jax.Array:
            missing = 1 - jnp.asarray(self.b2, v.dtype) ** count.astype(v.dtype)
            if self.correction == "last":
                return eta * jnp.sqrt(missing) / (jnp.sqrt(v) + self.eps)
            return eta / (jnp.sqrt(v / missing) + self.eps)

        return jax.tree.map(rate, moment)


def step_to_equilibrium(
    learning_rate: Any,
    *,
    solver: str = "cg",
    tolerance: float = 1e-6,
    max_iterations: int = 100,
    warm_start: bool = True,
    adapt: Adapt | None = None,
    transform: optax.GradientTransformation | None = None,
    name: str = "step_to_equilibrium",
) -> optax.GradientTransformationExtraArgs:
    """Makes the step d to the equilibrium of the game linearised in each player.

    With R the diagonal of rates (η, one for each player, or those of `adapt`), F the field
    after `transform`, and J° the off-diagonal blocks J_xy = ∂F_x/∂y, J_yx = ∂F_y/∂x of its
    Jacobian:

        d = −R (F + J° d),   that is   (1 + R J°) d = −R F

    One player is eliminated: with s = R_x^{−½} d_x, and likewise with the players exchanged,

        (1 − R_x^½ J_xy R_y J_yx R_x^½) s = −R_x^½ (F_x − J_xy R_y F_y),
        d_y = −R_y (F_y + J_yx d_x)

    The player with fewer parameters is solved for. In a zero-sum game J_yx = −J_xyᵀ, the
    matrix is symmetric and at least the identity, and ‖error of s‖ ≤ residual · ‖right-hand
    side‖. All is taken at z and draw 0; no more is held than vectors, in float32 at least.
    """
    solve = local_game.Solve(solver, tolerance, max_iterations, warm_start)
    solve.check(name)
    transform = optax.identity() if transform is None else transform

    def init_fn(params: Players) -> CompetitiveState:
        checks.check_whole_players(name, "params", params)
        dtype = trees.wide_dtype(params)
        wide = optax.tree.zeros_like(trees.widen(params, dtype))
        warm = solve.warm_start and solve.solver != "neumann"
        return CompetitiveState(
            count=trees.new_count(),
            transform=transform.init(params),
            second_moment=None if adapt is None else wide,
            solution=wide[local_game.smaller(params)] if warm else None,
            iterations=jnp.zeros((), jnp.int32),
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
        checks.check_field_fn(name, updates, params, field_fn)
        assert params is not None and field_fn is not None  # for the type checker
        at = state.count if update_count is None else update_count
        field, products = local_game.linearize(field_fn, params)
        field, transform_state = optax.with_extra_args_support(transform).update(
            field, state.transform, params, **calls.inner_call(extra, 0, update_count=at)
        )
        dtype = trees.wide_dtype(params)
        field = trees.widen(field, dtype)
        etas = Players(*(calls.value_at(r, at).astype(dtype) for r in trees.by_side(learning_rate)))
        count, moment = trees.increment(state.count), state.second_moment
        if adapt is None:
            rates = Players(*map(_everywhere, etas, field))
        else:
            moment = adapt.average(moment, field)
            rates = Players(*(adapt.rates(*of, count) for of in zip(moment, etas, strict=True)))
        step, found = local_game.equilibrium(field, rates, products, solve, state.solution)
        return jax.tree.map(
            lambda d, p: d.astype(jnp.asarray(p).dtype), step, params
        ), CompetitiveState(
            count=count,
            transform=transform_state,
            second_moment=moment,
            solution=None if state.solution is None else found.value,
            iterations=found.iterations,
            residual=found.residual,
        )

    return transformation(init_fn, update_fn)


def _everywhere(rate: jax.Array, tree: PyTree) -> PyTree:
    return jax.tree.map(lambda _: rate, tree)
