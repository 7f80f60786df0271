"""Eigenvalues of the field's Jacobian from matrix-free products."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax._util import checks
from minmax_jax._util.krylov.arnoldi import arnoldi_step, first_basis, orthogonalize
from minmax_jax._util.types import FieldFn, Players
from minmax_jax.diagnostics.jacobian import jacobian_product

Product = Callable[[jax.Array], jax.Array]


class Eigenvalues(NamedTuple):
    """Approximate eigenvalues and their residuals.

    Attributes:
      value: One or several complex eigenvalues λ.
      residual: ‖J q − λ q‖ for each eigenvalue, where q is its approximate eigenvector
        of norm one.
    """

    value: jax.Array
    residual: jax.Array


class JacobianSpectrum(NamedTuple):
    """Result of `jacobian_spectrum`.

    Attributes:
      leading: The k eigenvalues of largest modulus, in descending order.
      lowest: Eigenvalue with the smallest real part. If it is positive, gradient
        descent–ascent with small steps is stable at this point.
      highest: Eigenvalue with the largest real part.
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
    """Computes the leading eigenvalues of the Jacobian J, and those with extreme real parts.

    The method is Arnoldi's. It makes m = `max_iterations` products J v with `jax.linearize`
    and returns eigenvalues of the resulting m × m Hessenberg matrix. No matrix of size n × n
    is formed. When the iteration finds an invariant subspace, it continues with a random
    vector, so m = n gives all eigenvalues up to rounding. With m < n, eigenvalues at the
    edge of the spectrum converge first, and the residuals show how accurate they are.

    Real fields have complex eigenvalues in conjugate pairs. An odd `num_eigenvalues` may
    return only one of a pair.

    **Cost.** One field evaluation (sample index 0), m JVPs, and memory for m + 1 vectors.
    The small eigenvalue problem is solved by `jnp.linalg.eig`.

    Args:
      field_fn: Vector field of the game.
      players: Point z, with n coordinates in total.
      num_eigenvalues: Number k of leading eigenvalues, limited to m.
      max_iterations: Number m of Arnoldi iterations, limited to n.
      key: PRNG key for the starting vector. Defaults to `jax.random.key(0)`.

    Returns:
      Eigenvalues and residuals. Values are complex64, or complex128 for float64 players.

    Raises:
      TypeError: If `players` is not a `Players` of floating-point trees, or a count is
        not an int.
      ValueError: If a count is less than 1, or a player has no leaves.

    Examples:
      The Dirac-GAN has the eigenvalues ±i/2 at its solution, so the field rotates:

      >>> import minmax_jax as mm
      >>> game = mm.games.dirac_gan("gan")
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
    field_fn = checks.check_game_function("jacobian_spectrum", "field_fn", field_fn)
    checks.check_count("jacobian_spectrum", "num_eigenvalues", num_eigenvalues)
    checks.check_count("jacobian_spectrum", "max_iterations", max_iterations)
    product, size, dtype = jacobian_product(field_fn, players)
    key = jax.random.key(0) if key is None else key
    hessenberg, last = _hessenberg(product, size, min(size, max_iterations), dtype, key)
    values, vectors = jnp.linalg.eig(hessenberg)
    found = Eigenvalues(values, last * jnp.abs(vectors[-1]))  # Eigenvectors have norm one.

    def pick(order: Any) -> Eigenvalues:
        return jax.tree.map(lambda x: x[order], found)

    by_modulus = jnp.lexsort((-values.imag, -jnp.abs(values)))
    return JacobianSpectrum(
        leading=pick(by_modulus[: min(num_eigenvalues, len(values))]),
        lowest=pick(jnp.lexsort((-values.imag, values.real))[0]),
        highest=pick(jnp.lexsort((-values.imag, -values.real))[0]),
    )


def _hessenberg(
    product: Product, size: int, num_steps: int, dtype: Any, key: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Returns the (m, m) Hessenberg matrix and the next subdiagonal entry."""

    def random(step: Any) -> jax.Array:
        return jax.random.normal(jax.random.fold_in(key, step), (size,), dtype)

    def iterate(step: Any, carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        basis, matrix = carry
        new = arnoldi_step(product, basis, step)
        # If the image lies in the span of the basis, its remainder is only rounding error.
        # A new random direction then replaces it.
        inside = new.norm <= 10 * jnp.finfo(dtype).eps * jnp.linalg.norm(new.image)
        following = lax.cond(
            inside, lambda: orthogonalize(basis, random(step + 1))[1], lambda: new.remainder
        )
        column = new.column.at[step + 1].set(jnp.where(inside, 0, new.norm).astype(dtype))
        following = following / jnp.maximum(jnp.linalg.norm(following), jnp.finfo(dtype).tiny)
        return basis.at[step + 1].set(following), matrix.at[:, step].set(column)

    first = random(0)
    basis = first_basis(first / jnp.linalg.norm(first), num_steps + 1)
    matrix = jnp.zeros((num_steps + 1, num_steps), dtype)
    _, matrix = lax.fori_loop(0, num_steps, iterate, (basis, matrix))
    return matrix[:-1], matrix[-1, -1]
