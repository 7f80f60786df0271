"""Equilibrium of the local bilinear game, with matrix-free Jacobian blocks."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from minmax_jax._util import checks, norms, trees
from minmax_jax._util.krylov.conjugate_gradients import conjugate_gradient
from minmax_jax._util.krylov.gmres import gmres
from minmax_jax._util.krylov.system import Solution
from minmax_jax._util.types import FieldFn, Players, PyTree

SOLVERS = ("cg", "gmres", "neumann")

Product = Callable[[PyTree], PyTree]


class SolverSettings(NamedTuple):
    """Arguments of the linear solver.

    Attributes:
      solver: One of `SOLVERS`.
      tolerance: Relative residual at which the solver stops.
      max_iterations: Maximum number of iterations.
      warm_start: Whether `cg` and `gmres` start from the last solution.
    """

    solver: str
    tolerance: float
    max_iterations: int
    warm_start: bool

    def checked(self, name: str) -> "SolverSettings":
        """Returns the settings, or raises an error if one is invalid."""
        checks.check_choice(name, "solver", self.solver, SOLVERS)
        checks.check_number(name, "tolerance", self.tolerance, schedule=False)
        lowest = 0 if self.solver == "neumann" else 1
        count = checks.check_count(name, "max_iterations", self.max_iterations, at_least=lowest)
        checks.check_choice(name, "warm_start", self.warm_start, (True, False))
        return self._replace(max_iterations=count)


def linearize(field_fn: FieldFn, players: Players) -> tuple[Players, Players]:
    """Returns F and the products of its off-diagonal Jacobian blocks with vectors.

    `products.min` is d_x ↦ J_yx d_x, and `products.max` is d_y ↦ J_xy d_y. For an MLP GAN,
    products with blocks need a third fewer operations than products of the whole J with
    vectors that are zero for one player.
    """
    z = jax.tree.map(jnp.asarray, players)
    max_field, along_min = jax.linearize(lambda x: field_fn(Players(x, z.max), 0).max, z.min)
    min_field, along_max = jax.linearize(lambda y: field_fn(Players(z.min, y), 0).min, z.max)
    dtype = trees.wide_dtype(z)

    def widened(product: Product, side: PyTree) -> Product:
        def apply(step: PyTree) -> PyTree:
            tangent = jax.tree.map(lambda d, leaf: d.astype(leaf.dtype), step, side)
            return trees.widen(product(tangent), dtype)

        return apply

    products = Players(widened(along_min, z.min), widened(along_max, z.max))
    return Players(min_field, max_field), products


def equilibrium(
    field: Players,
    learning_rates: Players,
    products: Players,
    settings: SolverSettings,
    guess: PyTree | None,
) -> tuple[Players, Solution]:
    """Solves `d = −R (F + J° d)` for the step d, with J° the off-diagonal Jacobian blocks.

    Args:
      field: Field F.
      learning_rates: Learning rates R: for each leaf, an array of its shape or a scalar.
      products: Products of the blocks of J° with vectors, from `linearize`.
      settings: Settings of the linear solver.
      guess: Initial guess for the solution of the linear system, or None.

    Returns:
      The step, and the solution of the linear system.
    """
    if settings.solver == "neumann":
        return _neumann(field, learning_rates, products, settings.max_iterations)
    # Solve for the smaller player, and compute the other player's step from its step.
    solved = smaller_player(field)
    (f, g), (r, q) = _order(field, solved), _order(learning_rates, solved)
    to_other, from_other = _order(products, solved)
    root = jax.tree.map(jnp.sqrt, r)

    def operator(s: PyTree) -> PyTree:
        back = from_other(_times(q, to_other(_times(root, s))))
        return jax.tree.map(lambda a, w, b: a - w * b, s, root, back)

    answer = from_other(_times(q, g))
    rhs = jax.tree.map(lambda w, a, b: -w * (a - b), root, f, answer)
    solve = conjugate_gradient if settings.solver == "cg" else gmres
    found = solve(operator, rhs, guess, settings.tolerance, settings.max_iterations)
    step = _times(root, found.value)
    other = jax.tree.map(lambda w, a, b: -w * (a + b), q, g, to_other(step))
    return Players(*_order((step, other), solved)), found


def _neumann(
    field: Players, learning_rates: Players, products: Players, order: int
) -> tuple[Players, Solution]:
    """Approximates the solution of `equilibrium` by the first terms of a Neumann series.

    The sum `Σ_{i ≤ order} (−R J°)ⁱ (−R F)` is computed by `order` repetitions of
    `d ← −R (F + J° d)`, starting at `−R F`.
    """
    plain = jax.tree.map(lambda w, a: -w * a, learning_rates, field)

    def refine(_: Any, carry: tuple[Players, jax.Array]) -> tuple[Players, jax.Array]:
        d, _ = carry
        change = Players(products.max(d.max), products.min(d.min))
        new = jax.tree.map(lambda p, w, b: p - w * b, plain, learning_rates, change)
        return new, norms.norm(jax.tree.map(jnp.subtract, new, d))

    norm = norms.norm(plain)
    d, term = jax.lax.fori_loop(0, order, refine, (plain, norm))
    residual = jnp.where(norm == 0, 0, term / jnp.where(norm == 0, 1, norm))
    return d, Solution(None, jnp.asarray(order, jnp.int32), residual)


def smaller_player(players: Players) -> int:
    """Returns the index of the player with fewer parameters, or 0 if they have equally many."""
    sizes = [sum(jnp.size(leaf) for leaf in jax.tree.leaves(side)) for side in players]
    return int(sizes[1] < sizes[0])


def _order(pair: Any, first: int) -> Any:
    """Returns both elements of a pair, starting with element `first`."""
    return (pair[0], pair[1]) if first == 0 else (pair[1], pair[0])


def _times(factors: PyTree, tree: PyTree) -> PyTree:
    return jax.tree.map(jnp.multiply, factors, tree)
