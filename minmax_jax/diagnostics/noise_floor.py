"""How much of a gradient's norm is gradient, and how much the noise of the minibatch."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax._util import checks, norms
from minmax_jax._util.types import FieldFn, Players
from minmax_jax.diagnostics._draws import draw_fn


class NoiseFloor(NamedTuple):
    """Squared norms of a stochastic field, each `Players` of scalars.

    Attributes:
      raw: mean of ‖F_i‖² over the draws, which is ‖E F‖² plus the floor.
      corrected: unbiased estimate of ‖E F‖²; it may be negative.
      stderr: standard error of `corrected`, not too small on average.
      floor: raw − corrected: unbiased estimate of the trace of one draw's covariance.
    """

    raw: Players
    corrected: Players
    stderr: Players
    floor: Players


def noise_floor(
    field_fn: FieldFn, players: Players, num_draws: int, *, key: jax.Array | None = None
) -> NoiseFloor:
    """Estimates ‖E F(z)‖² of each player without the bias that minibatch noise brings.

    E‖F_i‖² = ‖E F‖² + tr Cov F_i: the norm of one minibatch's gradient stays high where the
    gradient itself is zero. Independent draws do not share their noise, so that the mean over
    all pairs (a U-statistic of degree two; for two draws it is ⟨F_1, F_2⟩)

        U = (1 / n(n−1)) Σ_{i≠j} ⟨F_i, F_j⟩

    is unbiased for ‖E F‖². Its standard error is the jackknife's, whose square is on average
    no smaller than the variance of U (Efron, Stein: of U on n − 1 draws); where E F = 0 it is
    about twice that, so that intervals are too wide there rather than too narrow.

    Price: 2n field evaluations, one after the other: each draw is asked for twice, so that two
    trees are kept and not n. The field has to give the same for the same draw. Squares of
    float32 are meaningful for norms between 1e-18 and 1e18.

    Args:
      field_fn: the field; its draws must be independent samples.
      players: z.
      num_draws: n, at least 3.
      key: a PRNG key; with it the field receives keys, as in `solve`, otherwise the integers
        0 … n − 1.

    Returns:
      `NoiseFloor` of squared norms, accumulated in float32 at least.

    Raises:
      TypeError, ValueError: if players is no `Players` of floats or num_draws is below 3.

    Examples:
      At the solution the raw norm shows nothing but noise:

      >>> import jax, jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> def payoff(z, key):
      ...     noise = jax.random.normal(key, (2, 100))
      ...     return z.min @ (z.min + noise[0]) - z.max @ (z.max + noise[1])
      >>> field_fn = mm.zero_sum(payoff, stochastic=True)
      >>> z = mm.Players(jnp.zeros(100), jnp.zeros(100))
      >>> seen = mm.diagnostics.noise_floor(field_fn, z, 500, key=jax.random.key(0))
      >>> for part in (seen.raw, seen.floor, seen.corrected):
      ...     print(int(part.min.round()))
      101
      101
      0

    References:
      Hoeffding, A class of statistics with asymptotically normal distribution, 1948.
      Efron, Stein, The jackknife estimate of variance, Annals of Statistics 9, 1981.
    """
    checks.check_players("noise_floor", "players", players)
    checks.check_count("noise_floor", "num_draws", num_draws, at_least=3)
    draw, indices = draw_fn(key), jnp.arange(num_draws)

    def add(total: Players, index: jax.Array) -> tuple[Players, None]:
        field = field_fn(players, draw(index))
        return jax.tree.map(lambda t, f: t + f.astype(t.dtype), total, field), None

    total = lax.scan(add, jax.tree.map(_zeros, players), indices)[0]

    def products(index: jax.Array) -> tuple[Players, Players]:
        field = field_fn(players, draw(index))
        squares = Players(*map(norms.inner, field, field))
        return squares, Players(*map(norms.inner, field, total))

    squares, with_total = lax.map(products, indices)
    sides = [_of_one_player(own, along) for own, along in zip(squares, with_total, strict=True)]
    return NoiseFloor(*(Players(*pair) for pair in zip(*sides, strict=True)))


def _of_one_player(squares: jax.Array, with_total: jax.Array) -> tuple[jax.Array, ...]:
    """From ‖F_i‖² and ⟨F_i, Σ_j F_j⟩, both (n,), to the four figures."""
    n = squares.size
    rows = with_total - squares  # Σ_{j≠i} ⟨F_i, F_j⟩
    corrected = jnp.sum(rows) / (n * (n - 1))
    # Leaving draw i out takes row i and column i away.
    left_out = (jnp.sum(rows) - 2 * rows) / ((n - 1) * (n - 2))
    deviations = left_out - jnp.mean(left_out)
    stderr = jnp.sqrt((n - 1) / n * jnp.sum(jnp.square(deviations)))
    raw = jnp.mean(squares)
    return raw, corrected, stderr, raw - corrected


def _zeros(leaf: Any) -> jax.Array:
    leaf = jnp.asarray(leaf)
    return jnp.zeros(leaf.shape, norms.accumulator_dtype(leaf.dtype))
