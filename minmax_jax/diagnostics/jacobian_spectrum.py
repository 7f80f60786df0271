"""Eigenvalues of a field's Jacobian, from its products with vectors alone."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax._util import checks
from minmax_jax._util.types import FieldFn, Players
from minmax_jax.diagnostics.jacobian import jacobian_product

Product = Callable[[jax.Array], jax.Array]


class Eigenvalues(NamedTuple):
    """Approximate eigenvalues, and how good they are.

    Attributes:
      value: complex, one or several.
      residual: ‖J q − λ q‖ of each with its approximate eigenvector q of norm one.
    """

    value: jax.Array
    residual: jax.Array


class JacobianSpectrum(NamedTuple):
    """What `jacobian_spectrum` returns.

    Attributes:
      leading: the k eigenvalues of largest modulus, largest first.
      lowest: the one with the smallest real part: descent–ascent with small steps is stable
        where it is positive.
      highest: the one with the largest real part.
    """

    leading: Eigenvalues
    lowest: Eigenvalues
    highest: Eigenvalues


def jacobian_spectrum(
    field_fn: FieldFn,
    players: Players,
    *,
    num_eigenvalues: int = 4,
    max_iterations: int = 40,
    key: jax.Array | None = None,
) -> JacobianSpectrum:
    """Returns the leading eigenvalues of J, and those with extreme real parts.

    Arnoldi's method in m steps, orthogonalised twice, on products J v by `jax.jvp`: the
    eigenvalues of the m × m Hessenberg matrix it builds. Where an invariant subspace is
    found it goes on with a new random vector, so that m = n gives all eigenvalues, exactly
    but for rounding; with m < n the outer ones come first and the residuals say how far
    they have come. No matrix of size n is formed.

    Price: one field evaluation (draw 0) and m jvp calls; m + 1 vectors of memory. The small
    eigenproblem is `jnp.linalg.eig`. Real fields have eigenvalues in conjugate pairs: an odd
    `num_eigenvalues` may part one.

    Args:
      field_fn: the field.
      players: the point z, n numbers in all.
      num_eigenvalues: k, at most m counts.
      max_iterations: m, at most n counts.
      key: PRNG key of the starting vector; None: `jax.random.key(0)`.

    Returns:
      `JacobianSpectrum`, of complex64, or complex128 for float64 players.

    Raises:
      TypeError, ValueError: if players is no `Players` of floats, or a count below 1.

    Examples:
      >>> import minmax_jax as mm
      >>> game = mm.games.dirac_gan("gan")  # rotates at the solution: i/2 and −i/2
      >>> spectrum = mm.diagnostics.jacobian_spectrum(game.field_fn, game.solution)
      >>> print(spectrum.leading.value.imag.round(3))
      [ 0.5 -0.5]

    References:
      Arnoldi, `The principle of minimized iterations in the solution of the matrix
      eigenvalue problem <https://doi.org/10.1090/qam/42792>`_, 1951.
      Berard et al., `A closer look at the optimization landscapes of generative adversarial
      networks <https://arxiv.org/abs/1906.04848>`_, 2020.
    """
    checks.check_players("jacobian_spectrum", "players", players)
    checks.check_count("jacobian_spectrum", "num_eigenvalues", num_eigenvalues)
    checks.check_count("jacobian_spectrum", "max_iterations", max_iterations)
    product, size, dtype = jacobian_product(field_fn, players)
    key = jax.random.key(0) if key is None else key
    hessenberg, last = _arnoldi(product, size, min(size, max_iterations), dtype, key)
    values, vectors = jnp.linalg.eig(hessenberg)
    found = Eigenvalues(values, last * jnp.abs(vectors[-1]))  # eig's vectors have norm one

    def pick(order: Any) -> Eigenvalues:
        return jax.tree.map(lambda x: x[order], found)

    by_modulus = jnp.lexsort((-values.imag, -jnp.abs(values)))
    return JacobianSpectrum(
        leading=pick(by_modulus[: min(num_eigenvalues, len(values))]),
        lowest=pick(jnp.lexsort((-values.imag, values.real))[0]),
        highest=pick(jnp.lexsort((-values.imag, -values.real))[0]),
    )


def _arnoldi(
    product: Product, size: int, num_steps: int, dtype: Any, key: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Returns the (m, m) Hessenberg matrix and the number that follows on its subdiagonal."""

    def random(step: Any) -> jax.Array:
        return jax.random.normal(jax.random.fold_in(key, step), (size,), dtype)

    def step_fn(step: Any, carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        basis, matrix = carry
        image = product(basis[step])
        column, rest = _orthogonalise(basis, image)
        norm = jnp.linalg.norm(rest)
        # What two orthogonalisations leave of a vector inside the subspace is rounding.
        inside = norm <= 10 * jnp.finfo(dtype).eps * jnp.linalg.norm(image)
        following = lax.cond(
            inside, lambda: _orthogonalise(basis, random(step + 1))[1], lambda: rest
        )
        column = column.at[step + 1].set(jnp.where(inside, 0, norm).astype(dtype))
        following = following / jnp.maximum(jnp.linalg.norm(following), jnp.finfo(dtype).tiny)
        return basis.at[step + 1].set(following), matrix.at[:, step].set(column)

    first = random(0)
    basis = jnp.zeros((num_steps + 1, size), dtype).at[0].set(first / jnp.linalg.norm(first))
    matrix = jnp.zeros((num_steps + 1, num_steps), dtype)
    _, matrix = lax.fori_loop(0, num_steps, step_fn, (basis, matrix))
    return matrix[:-1], matrix[-1, -1]


def _orthogonalise(basis: jax.Array, vector: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Gram–Schmidt, twice: the coefficients, and what is left. Rows not yet set are zero."""
    first = basis @ vector
    vector = vector - first @ basis
    second = basis @ vector
    return first + second, vector - second @ basis
