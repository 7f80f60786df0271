"""Constrained minimization as a game between the parameters and the multipliers."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from minmax_jax._util import calls, checks, notes, trees
from minmax_jax._util.types import Draw, Players, PyTree
from minmax_jax.constraints.multipliers import Multipliers, amounts, nonnegative
from minmax_jax.constraints.proxy import Proxy
from minmax_jax.field import GameFunction, payoff, scalar_function, zero_sum


@dataclasses.dataclass(frozen=True, eq=False)
class ConstrainedProblem:
    """A constrained problem as a game. Created by `constrained`.

    Attributes:
      field_fn: Vector field `(∇f + J_gᵀλ + J_hᵀμ, −g, −h)` of the Lagrangian.
      payoff_fn: Lagrangian f + λᵀg + μᵀh, minimized over x and maximized over the multipliers.
      values_fn: Function of `(players, draw=0)` that returns `Multipliers(g(x), h(x))`.
    """

    field_fn: GameFunction
    payoff_fn: GameFunction
    values_fn: GameFunction

    def init(self, x: PyTree, draw: Draw = 0) -> Players:
        """Returns `Players(min=x, max=Multipliers(...))` with all multipliers at zero.

        Args:
          x: Initial parameters. Python numbers are converted to arrays.
          draw: Sample index, or the key that stochastic constraints receive in its place. Only
            the shapes of the constraints are evaluated.
        """
        checks.check_floats("constrained", "x", x)
        x = trees.strongly_typed(x)
        shapes, _ = jax.eval_shape(self.values_fn.evaluate, Players(x, None), draw)
        return Players(x, jax.tree.map(lambda like: jnp.zeros(like.shape, like.dtype), shapes))

    def constraints(self, x: PyTree, draw: Draw = 0) -> Multipliers:
        """Returns the constraint values `Multipliers(inequality=g(x), equality=h(x))`."""
        return self.values_fn(self.init(x, draw), draw)

    def violation(self, x: PyTree, draw: Draw = 0) -> Multipliers:
        """Returns `Multipliers(inequality=max(g(x), 0), equality=|h(x)|)`, zero if feasible."""
        return amounts(self.constraints(x, draw))

    @staticmethod
    def projection(tree: PyTree) -> PyTree:
        """Replaces negative multipliers of inequalities by zero, and changes nothing else.

        Pass it as `projection` to an optimizer or to `project`. It accepts `Players`,
        `Multipliers` or the parameters x, which it returns unchanged.
        """
        return nonnegative(tree)


def constrained(
    objective: Callable[..., Any],
    inequality: Callable[..., Any] | None = None,
    equality: Callable[..., Any] | None = None,
    *,
    stochastic: bool = False,
    has_aux: bool = False,
    axis_name: str | None = None,
) -> ConstrainedProblem:
    """Creates the Lagrangian game of a constrained minimization problem.

    The problem `min f(x) subject to g(x) ≤ 0 and h(x) = 0` becomes the zero-sum game with the
    Lagrangian as payoff, where λ ≥ 0 and μ are the multipliers:

        min_x max_{λ ≥ 0, μ}  f(x) + λᵀg(x) + μᵀh(x)

    Every optimizer of this library applies to it. Pass `projection=problem.projection`, which
    keeps λ ≥ 0. The order of the updates is the choice of the optimizer: `sgda` updates both
    players at the same time, `alternate(first="min")` x first, `alternate(first="max")` the
    multipliers first, and `extragradient` extrapolates. See `scale_by_pi` for a controller of
    the multipliers, `augment_lagrangian` for a penalty, and `diagnostics.kkt_residual` for a
    stopping rule.

    **Cost.** One evaluation of the field computes f, g and h and one backward pass. XLA shares
    common parts of the three functions, and removes the backward pass if only the multipliers
    are updated.

    **Verification.** The tests reach exact solutions and multipliers of three problems, and check
    exact limits of stability. With four orders of updates, the iterates equal those of Cooper
    1.0.1 up to rounding.

    Args:
      objective: Function `objective(x) -> scalar` f, or `objective(x, draw)` if `stochastic`.
      inequality: Function of the same arguments that returns a pytree of arrays g, which must
        be at most 0. Pass a `Proxy` for a constraint that is not differentiable.
      equality: Function of the same arguments that returns a pytree of arrays h, which must be
        0, or a `Proxy`.
      stochastic: Whether all functions receive the sample index `draw`, as in `zero_sum`.
      has_aux: Whether the objective returns `(scalar, aux)`. If so, `field_fn` and `payoff_fn`
        return a pair too. It does not concern the constraints, which return their values only.
      axis_name: Mapped axis over which the field, the payoff and the constraint values are
        averaged, as in `zero_sum`. For the values of the whole batch, each constraint must be
        an average over the examples of a device, not a ratio or a sum.

    Returns:
      A `ConstrainedProblem` with `field_fn`, `payoff_fn`, `init(x)`, `projection`,
      `constraints(x)` and `violation(x)`.

    Raises:
      TypeError: If a function is not callable or takes other arguments. While tracing, if a
        constraint value is not floating-point.
      ValueError: If there is no constraint. While tracing, if the objective is not a real
        scalar, or the multipliers do not have the structure of the constraints.

    Examples:
      The point of the line x₀ + x₁ = 1 with x₀ ≤ 0.2 that is nearest to the origin:

      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> problem = mm.constrained(
      ...     lambda x: 0.5 * jnp.sum(x**2),
      ...     inequality=lambda x: x[0] - 0.2,
      ...     equality=lambda x: jnp.sum(x) - 1,
      ... )
      >>> optimizer = mm.extragradient(0.3, projection=problem.projection)
      >>> result = mm.solve(optimizer, problem.field_fn, problem.init(jnp.zeros(2)), 200)
      >>> bool(jnp.allclose(result.players.min, jnp.array([0.2, 0.8]), atol=1e-5))
      True
      >>> bool(jnp.allclose(result.players.max.inequality, 0.6, atol=1e-5))
      True

    References:
      Arrow, Hurwicz, Uzawa, Studies in linear and non-linear programming, 1958.
      Cotter, Jiang, Sridharan, `Two-player games for efficient non-convex constrained
      optimization <https://arxiv.org/abs/1804.06500>`_, 2019 (surrogates).
    """
    sides = Multipliers(inequality, equality)
    if inequality is None and equality is None:
        raise ValueError(
            "constrained: inequality or equality must be a function, got None for both. Pass the "
            "constraints, or minimize the objective with Optax."
        )
    value_fn = scalar_function("constrained", "objective", objective, stochastic, has_aux, of="x")
    for name, side in sides._asdict().items():
        _check_constraint(name, side, stochastic)

    def values(x: PyTree, draw: Draw) -> Multipliers:
        def value_of(name: str, side: Callable[..., Any]) -> Any:
            if stochastic:
                return calls.call_with_draw("constrained", name, side, x, draw, "x")
            with notes.naming("constrained", name, x=x):
                return side(x)

        found = Multipliers(
            **{
                k: None if side is None else value_of(k, side)
                for k, side in sides._asdict().items()
            }
        )
        _check_values(sides, found)
        return trees.strongly_typed(found)

    def lagrangian(z: Players, draw: Draw) -> tuple[jax.Array, Any]:
        value, aux = value_fn(z.min, draw)
        found = values(z.min, draw)
        compared = {"players.max": z.max, "the constraints": found}
        checks.check_same_structure("constrained", compared, "Call problem.init(x).", exact=True)
        weighted = trees.inner_product(z.max, found)
        dtype = trees.wide_dtype((value, weighted))
        return value.astype(dtype) + weighted.astype(dtype), aux

    def result(function: GameFunction, *, general_sum: bool = False) -> GameFunction:
        return dataclasses.replace(
            function,
            name="constrained",
            has_aux=has_aux,
            general_sum=general_sum,
            stochastic=stochastic,
        )

    options: Any = {"stochastic": True, "has_aux": True, "axis_name": axis_name}
    has_proxy = any(isinstance(side, Proxy) for side in sides)
    return ConstrainedProblem(
        field_fn=result(zero_sum(lagrangian, **options), general_sum=has_proxy),
        payoff_fn=result(payoff(lagrangian, **options)),
        values_fn=GameFunction(
            lambda z, draw: (values(z.min, draw), None),
            "constrained",
            False,
            axis_name,
            stochastic=stochastic,
        ),
    )


def _check_values(sides: Multipliers, values: Multipliers) -> None:
    """Raises an error if a constraint does not return floats, or no constraint has a value."""
    for name, tree in values._asdict().items():
        if getattr(sides, name) is None:
            continue
        if tree is None:  # It would be a problem without this constraint, and no error.
            raise ValueError(
                f"constrained: {name}(x) must be a pytree of float arrays, got None. Return the "
                "constraint values."
            )
        types = [getattr(leaf, "dtype", type(leaf)) for leaf in jax.tree.leaves(tree)]
        if any(jnp.issubdtype(dtype, jnp.bool_) for dtype in types):
            sign = "x - 1 for x <= 1" if name == "inequality" else "x - 1 for x = 1"
            raise TypeError(
                f"constrained: {name}(x) is a comparison (dtype bool), but must be a difference, "
                f"such as {sign}. Return the difference; for rates without derivatives, see Proxy."
            )
        checks.check_floats("constrained", f"{name}(x)", tree, empty=True)
    if not jax.tree.leaves(values):
        raise ValueError(
            f"constrained: the constraints must have at least one value, got {checks.shown(values)}"
            ". Return constraint values, or minimize the objective with Optax."
        )


def _check_constraint(argument: str, side: Any, stochastic: bool) -> None:
    """Raises TypeError if `side` is neither None, a `Proxy`, nor a function of x and draw."""
    names = ("x", "draw") if stochastic else ("x",)
    remedy = f"Pass stochastic={not stochastic}, or change its arguments."
    parts = (
        {f"{argument}.true": side.true, f"{argument}.surrogate": side.surrogate}
        if (isinstance(side, Proxy))
        else {argument: side}
    )
    for name, function in parts.items():
        if function is not None or isinstance(side, Proxy):
            checks.check_signature("constrained", name, function, names, remedy)
