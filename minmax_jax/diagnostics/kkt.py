"""Residuals of the optimality conditions of constrained problems and games."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import checks, norms, trees
from minmax_jax._util.types import Players, PyTree
from minmax_jax.constraints.multipliers import Multipliers, amounts, positive_part, split


class KKTConditions(NamedTuple):
    """Violations of the Karush–Kuhn–Tucker conditions, each the largest absolute value.

    Attributes:
      stationarity: Derivative of the Lagrangian with respect to x.
      violation: Constraint violations max(g, 0) and |h|.
      complementary_slackness: Products λ g of the inequalities.
      negativity: Negative parts of the multipliers λ.
    """

    stationarity: jax.Array
    violation: jax.Array
    complementary_slackness: jax.Array
    negativity: jax.Array


def kkt_conditions(players: Players, field: Players) -> KKTConditions:
    """Returns the violations of the Karush–Kuhn–Tucker conditions at a point.

    The field of `constrained` contains all that they need: the derivative of the Lagrangian, and
    minus the constraint values. With a `Proxy`, the derivative is that of the surrogate.

    **Cost.** No field evaluations.

    Args:
      players: Parameters x and multipliers. If `players.max` is not of type `Multipliers`, all
        constraints are equalities.
      field: Field of `constrained` at `players`.

    Returns:
      `KKTConditions` of four scalars, in float32 or wider. All are zero exactly at a KKT point.

    Raises:
      TypeError: If an argument is not `Players` of floating-point trees.
      ValueError: If the two differ in structure or shapes.

    Examples:
      >>> import minmax_jax as mm
      >>> problem = mm.constrained(lambda x: x**2, inequality=lambda x: 1 - x)
      >>> z = problem.init(0.5)._replace(max=mm.Multipliers(1.5))
      >>> conditions = mm.diagnostics.kkt_conditions(z, problem.field_fn(z))
      >>> print(*conditions)
      0.5 0.5 0.75 0.0
    """
    checks.check_players("kkt_conditions", "players", players)
    checks.check_players("kkt_conditions", "field", field)
    compared = {"field": field, "players": players}
    checks.check_same_structure("kkt_conditions", compared, "Pass field_fn(players).", exact=True)
    dtype = trees.wide_dtype(field)
    field, players = trees.widen(field, dtype), trees.widen(players, dtype)
    values: Multipliers = split(jax.tree.map(jnp.negative, field.max))
    multipliers = split(players.max).inequality
    slackness = jax.tree.map(jnp.multiply, multipliers, values.inequality)
    negative = positive_part(jax.tree.map(jnp.negative, multipliers))
    parts = (field.min, amounts(values), slackness, negative)
    return KKTConditions(*(_largest(part, dtype) for part in parts))


def kkt_residual(players: Players, field: Players) -> jax.Array:
    """Returns the largest violation of the Karush–Kuhn–Tucker conditions at a point.

    Pass it as `residual` to `solve` to stop at a solution of a constrained problem.

    Args:
      players: Parameters x and multipliers, as in `kkt_conditions`.
      field: Field of `constrained` at `players`.

    Returns:
      A scalar, in float32 or wider. It is zero exactly at a KKT point.

    Raises:
      TypeError: If an argument is not `Players` of floating-point trees.
      ValueError: If the two differ in structure or shapes.

    Examples:
      The norm of the field does not vanish at a solution with an inactive constraint:

      >>> import minmax_jax as mm
      >>> problem = mm.constrained(lambda x: (x - 1) ** 2, inequality=lambda x: x - 3)
      >>> result = mm.solve(
      ...     mm.sgda(0.1, projection=problem.projection),
      ...     problem.field_fn,
      ...     problem.init(0.0),
      ...     1000,
      ...     tolerance=1e-5,
      ...     residual=mm.diagnostics.kkt_residual,
      ... )
      >>> bool(result.converged), bool(result.steps < 100)
      (True, True)
    """
    return jnp.max(jnp.stack(kkt_conditions(players, field)))


def natural_residual(
    players: Players, field: Players, projection: Callable[[PyTree], PyTree]
) -> jax.Array:
    """Returns the norm of `z − P(z − F(z))`, which is zero at the solutions of a projected game.

    Args:
      players: Parameters z of both players.
      field: Field F at `players`.
      projection: Projection P onto the constraint set, as in `project`.

    Returns:
      A scalar, accumulated in float32 or wider.

    Raises:
      TypeError: If an argument is not `Players` of floating-point trees, or `projection` is not
        callable.
      ValueError: If players, field and the result of `projection` differ in structure or shapes.

    Examples:
      At the equilibrium of rock–paper–scissors:

      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> game = mm.games.matrix()
      >>> z = mm.Players(jnp.ones(3) / 3, jnp.ones(3) / 3)
      >>> residual = mm.diagnostics.natural_residual(z, game.field_fn(z), game.projection)
      >>> bool(residual < 1e-6)
      True
    """
    checks.check_players("natural_residual", "players", players)
    checks.check_players("natural_residual", "field", field)
    checks.check_projection("natural_residual", "projection", projection)
    compared: dict[str, Any] = {"field": field, "players": players}
    checks.check_same_structure("natural_residual", compared, "Pass field_fn(players).", exact=True)
    projected = trees.each_player(projection, optax.tree.sub(players, field))
    compared = {"projection(players)": projected, "players": players}
    advice = "Return one value for each parameter."
    checks.check_same_structure("natural_residual", compared, advice, exact=True)
    return norms.norm(optax.tree.sub(players, projected))


def _largest(tree: PyTree, dtype: Any) -> jax.Array:
    """Returns the largest absolute value, or zero for a tree without leaves. NaN stays NaN."""
    sizes = [jnp.max(jnp.abs(leaf), initial=0.0) for leaf in jax.tree.leaves(tree)]
    return jnp.max(jnp.stack([jnp.zeros((), dtype), *sizes]))
