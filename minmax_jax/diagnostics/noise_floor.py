"""Unbiased estimates of squared gradient norms from minibatches."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax._util import checks, trees
from minmax_jax._util.types import FieldFn, Players
from minmax_jax.diagnostics._draws import draw_fn


class NoiseFloor(NamedTuple):
    """Squared norms of a stochastic field, each as `Players` of scalars.

    Attributes:
      raw: Mean of ‖F_i‖² over the samples. Its expectation is ‖E F‖² plus the noise floor.
      corrected: Unbiased estimate of ‖E F‖². It may be negative.
      stderr: Standard error of `corrected`. On average it is not too small.
      floor: Difference `raw − corrected`: an unbiased estimate of the trace of the
        covariance of one sample.
    """

    raw: Players
    corrected: Players
    stderr: Players
    floor: Players


def noise_floor(
    field_fn: FieldFn, players: Players, num_draws: int, *, key: jax.Array | None = None
) -> NoiseFloor:
    """Estimates each player's ‖E F(z)‖² without the bias of minibatch noise.

    The norm of a minibatch gradient stays large where the exact gradient is zero, because
    E‖F_i‖² = ‖E F‖² + tr Cov F_i. Different samples have independent noise, so the mean over
    all pairs of samples (a U-statistic of degree two; ⟨F_1, F_2⟩ for two samples)

        U = (1 / n(n−1)) Σ_{i≠j} ⟨F_i, F_j⟩

    is unbiased for ‖E F‖². Its standard error is estimated by the jackknife, whose square is
    on average at least the variance of U on n − 1 samples (Efron, Stein). Where E F = 0 it
    is about twice the variance, so intervals there are rather too wide than too narrow.

    **Cost.** 2n field evaluations, one after the other. Each sample is evaluated twice, so
    that two pytrees are stored instead of n. The field must return the same value for the
    same `draw`. In float32, squares are meaningful for norms between 1e-18 and 1e18.

    Args:
      field_fn: Vector field of the game. Different draws must give independent samples.
      players: Point z.
      num_draws: Number n of samples, at least 3.
      key: PRNG key. If given, the field receives keys, as in `solve`. Otherwise it receives
        the integers 0 … n − 1.

    Returns:
      Squared norms, accumulated in float32 or wider.

    Raises:
      TypeError: If `players` is not `Players`, or has leaves that are not floating-point, or
        `num_draws` is not an int.
      ValueError: If `num_draws` is less than 3, or a player has no leaves.

    Examples:
      At the solution, the raw norm consists of noise alone:

      >>> import jax, jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> def payoff(z, key):
      ...     noise = jax.random.normal(key, (2, 100))
      ...     return z.min @ (z.min + noise[0]) - z.max @ (z.max + noise[1])
      >>> field_fn = mm.zero_sum(payoff, stochastic=True)
      >>> z = mm.Players(jnp.zeros(100), jnp.zeros(100))
      >>> estimate = mm.diagnostics.noise_floor(field_fn, z, 500, key=jax.random.key(0))
      >>> for part in (estimate.raw, estimate.floor, estimate.corrected):
      ...     print(int(part.min.round()))
      101
      101
      0

    References:
      Hoeffding, A class of statistics with asymptotically normal distribution, 1948.

      Efron, Stein, The jackknife estimate of variance, Annals of Statistics 9, 1981.
    """
    checks.check_players("noise_floor", "players", players)
    field_fn = checks.check_game_function("noise_floor", "field_fn", field_fn)
    checks.check_is_key("noise_floor", key)
    checks.check_count("noise_floor", "num_draws", num_draws, at_least=3)
    draw, indices = draw_fn(key), jnp.arange(num_draws)

    def add(total: Players, index: jax.Array) -> tuple[Players, None]:
        field = field_fn(players, draw(index))
        return jax.tree.map(lambda t, f: t + f.astype(t.dtype), total, field), None

    total = lax.scan(add, jax.tree.map(_zeros, players), indices)[0]

    def products(index: jax.Array) -> tuple[Players, Players]:
        field = field_fn(players, draw(index))
        squares = Players(*map(trees.inner_product, field, field))
        return squares, Players(*map(trees.inner_product, field, total))

    squares, with_total = lax.map(products, indices)
    sides = [_estimate(own, along) for own, along in zip(squares, with_total, strict=True)]
    return NoiseFloor(*(Players(*pair) for pair in zip(*sides, strict=True)))


def _estimate(squares: jax.Array, with_total: jax.Array) -> tuple[jax.Array, ...]:
    """Computes the four estimates from ‖F_i‖² and ⟨F_i, Σ_j F_j⟩, both of shape (n,)."""
    n = squares.size
    rows = with_total - squares  # Σ_{j≠i} ⟨F_i, F_j⟩
    corrected = jnp.sum(rows) / (n * (n - 1))
    # The jackknife omits sample i, which removes row i and column i of the products.
    left_out = (jnp.sum(rows) - 2 * rows) / ((n - 1) * (n - 2))
    deviations = left_out - jnp.mean(left_out)
    stderr = jnp.sqrt((n - 1) / n * jnp.sum(jnp.square(deviations)))
    raw = jnp.mean(squares)
    return raw, corrected, stderr, raw - corrected


def _zeros(leaf: Any) -> jax.Array:
    leaf = jnp.asarray(leaf)
    return jnp.zeros(leaf.shape, trees.accumulator_dtype(leaf.dtype))
