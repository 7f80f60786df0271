"""The augmented Lagrangian, with a penalty that grows with the violations."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import checks, trees
from minmax_jax._util.types import FieldFn, PayoffFn, Players, PyTree, transformation
from minmax_jax.constraints.augmented_field import AugmentedField, AugmentedPayoff
from minmax_jax.constraints.multipliers import Multipliers, amounts, like, split

_NAME = "augment_lagrangian"


class AugmentState(NamedTuple):
    """State of `augment_lagrangian`.

    Attributes:
      count: Number of updates so far (int32 scalar).
      penalty: Penalty c of each constraint, a tree like the multipliers.
      inner: State of the optimizer.
    """

    count: jax.Array
    penalty: Any
    inner: Any


def augment_lagrangian(
    tx: optax.GradientTransformation,
    penalty: Any = 1.0,
    *,
    growth: Any = 1.01,
    increment: Any = 0.0,
    tolerance: Any = 1e-4,
    max_penalty: Any = float("inf"),
    restart: bool = True,
    grow: str = "after",
) -> optax.GradientTransformationExtraArgs:
    """Wraps an optimizer, so that x descends the augmented Lagrangian.

    With the penalty c, elementwise per constraint, the min player's payoff is

        L_c(x, λ, μ) = f + μᵀh + (c/2)‖h‖² + Σ (max(λ + c g, 0)² − λ²) / (2c)

    Its gradient in x is the gradient of the Lagrangian at the shifted multipliers
    max(λ + c g(x), 0) and μ + c h(x), so any field of `constrained` can be augmented. The
    multipliers still ascend the plain constraint values. With the learning rate c for the
    multipliers, after an exact minimization over x, this is the method of multipliers.

    The penalty is part of the state. Where a violation exceeds `tolerance`, each update replaces
    it by

        c ← min(growth · c + increment, max_penalty)

    For additive growth, pass `growth=1.0` and an increment. A penalty that grows forever makes a
    fixed learning rate η of x unstable: with singular values σ of the constraints' Jacobian,
    η (‖∇²f‖ + c σ²) < 2 must hold. Set `max_penalty`, or use Adam for x. Use the learning rate 0
    for the multipliers to obtain the quadratic penalty method, whose solution is O(1/c) away.

    **Cost.** Twice the field evaluations of `tx`: one for the constraint values, one for the
    gradient in x. XLA removes the other halves, so the sum is one more forward pass of g and h.

    **Verified** against Cooper 1.0.1 (elementwise penalties with multiplicative and additive
    growth, simultaneous and primal-first orders) and, with exact minimization, against the closed
    form (I + cEEᵀ)⁻¹.

    **In a chain.** The field passed in must be the one of the game: place transformations of it
    into `tx`. With a `Proxy`, g in the shift is the true constraint.

    Args:
      tx: Optimizer of both players, for example from `mm.optimizers` or `alternate`. The
        `field_fn`, `payoff_fn` and `min_loss_fn` that it receives are augmented.
      penalty: Initial penalty c: a nonnegative number, or `Multipliers` of two numbers.
      growth: Factor of the penalty per update, at least 1.
      increment: Nonnegative number added to the penalty per update.
      tolerance: Violation up to which the penalty does not grow.
      max_penalty: Upper bound of the penalty.
      restart: Whether the penalty of a satisfied inequality returns to its initial value.
      grow: When the penalty grows: `"after"` each update, with the violations of the field
        passed in; or `"before"` each update but the first. The second one suits
        `alternate(first="min")`, whose multipliers already saw these violations.

    Returns:
      A gradient transformation for `Players`. If `params.max` is not of type `Multipliers`, all
      its leaves count as multipliers of equalities. Its `update` requires `params` and the
      keyword argument `field_fn`.

    Raises:
      TypeError: If `tx` is not an Optax gradient transformation, or an argument is not a number.
      ValueError: If an argument is out of range, an initial penalty exceeds `max_penalty` or `grow`
        is unknown. In `update`, if params or field_fn is missing, or `optax.masked` hides
        parameters.

    Examples:
      The solution of min −x₀x₁ subject to x₀ + x₁ = 2 is (1, 1). The Lagrangian has no minimum
      in x there, so that plain descent–ascent diverges, but the augmented one has:

      >>> import jax.numpy as jnp, optax
      >>> import minmax_jax as mm
      >>> problem = mm.constrained(lambda x: -x[0] * x[1], equality=lambda x: x[0] + x[1] - 2)
      >>> for tx in (mm.sgda(0.1), mm.augment_lagrangian(mm.sgda(0.1), 2.0, growth=1.0)):
      ...     start = problem.init(jnp.array([0.0, 1.0]))
      ...     x = mm.solve(tx, problem.field_fn, start, 300).players.min
      ...     print(bool(jnp.abs(x - 1).max() < 1e-3))
      False
      True

    References:
      Hestenes, `Multiplier and gradient methods <https://doi.org/10.1007/BF00927673>`_, 1969.
      Nocedal, Wright, Numerical optimization, 2006, equation (17.36) and Algorithm 17.4.
    """
    inner_tx: Any = checks.check_transformation(_NAME, "tx", tx)
    if not isinstance(penalty, Multipliers):
        penalty = Multipliers(_number("penalty", penalty), penalty)
    start = Multipliers(*(0.0 if side is None else _number("penalty", side) for side in penalty))
    growth = _number("growth", growth, low=1.0)
    increment = _number("increment", increment)
    tolerance = _number("tolerance", tolerance)
    max_penalty = _number("max_penalty", max_penalty, infinite=True)
    _check_upper_bound(start, max_penalty)
    checks.check_choice(_NAME, "restart", restart, (True, False))
    checks.check_choice(_NAME, "grow", grow, ("after", "before"))

    def init_fn(params: Players) -> AugmentState:
        checks.check_whole_players(_NAME, "params", params)
        return AugmentState(
            trees.new_count(), _filled(trees.sides(params).max, start), tx.init(params)
        )

    def grown(penalty: PyTree, field: PyTree) -> PyTree:
        """Returns the next penalty, from the max player's field, which is minus (g, h)."""
        violation = amounts(jax.tree.map(jnp.negative, split(field)))

        def one(c: jax.Array, v: jax.Array, first: Any = None) -> jax.Array:
            factor, step, limit = (
                jnp.asarray(value, c.dtype) for value in (growth, increment, max_penalty)
            )
            larger = jnp.minimum(factor * c + step, limit)
            c = jnp.where(v > jnp.asarray(tolerance, v.dtype), larger, c)
            return c if first is None else jnp.where(v == 0, jnp.asarray(first, c.dtype), c)

        first = start.inequality if restart else None
        old = split(penalty)
        return like(
            penalty,
            Multipliers(
                jax.tree.map(lambda c, v: one(c, v, first), old.inequality, violation.inequality),
                jax.tree.map(one, old.equality, violation.equality),
            ),
        )

    def update_fn(
        updates: Players,
        state: AugmentState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        payoff_fn: PayoffFn | None = None,
        **extra: Any,
    ) -> tuple[Players, AugmentState]:
        z, field_fn = checks.check_field_fn(_NAME, updates, params, field_fn)
        checks.check_state(_NAME, state, AugmentState)
        checks.check_state(_NAME, state, AugmentState, updates.max, "penalty")
        penalty = state.penalty
        if grow == "before":
            penalty = trees.select(state.count == 0, penalty, grown(penalty, updates.max))
        augmented = AugmentedField(field_fn, penalty)
        extra = {**extra, "field_fn": augmented}
        if payoff_fn is not None:
            checked = checks.check_payoff_fn(_NAME, payoff_fn)
            extra["payoff_fn"] = extra["min_loss_fn"] = AugmentedPayoff(checked, augmented)
        field: Any = augmented.complete(updates, z, 0)
        steps, inner = inner_tx.update(field, state.inner, z, **extra)
        after = grown(penalty, updates.max) if grow == "after" else penalty
        return steps, AugmentState(trees.increment(state.count), after, inner)

    return transformation(init_fn, update_fn)


def _check_upper_bound(start: Multipliers, max_penalty: Any) -> None:
    """Raises ValueError if an initial penalty exceeds the upper bound, unless one is traced."""
    bound = checks.concrete(max_penalty)
    for number in map(checks.concrete, start):
        if bound is not None and number is not None and number > bound:
            raise ValueError(
                f"{_NAME}: max_penalty must be at least the initial penalty {number:g}, got "
                f"{bound:g}. Pass a larger bound, or a smaller penalty."
            )


def _number(argument: str, value: Any, **limits: Any) -> Any:
    return checks.check_number(_NAME, argument, value, schedule=False, **limits)


def _filled(tree: PyTree, penalty: Multipliers) -> PyTree:
    """Returns the initial penalties, one per multiplier."""

    def fill(side: PyTree, number: Any) -> PyTree:
        # In bfloat16, a product with a growth of 1.001 would round to the same penalty.
        return jax.tree.map(lambda y: jnp.full_like(y, number), trees.widen(side))

    if trees.is_placeholder(tree):
        return tree
    sides = split(tree)
    filled = map(fill, sides, penalty)
    return like(tree, Multipliers(*filled))
