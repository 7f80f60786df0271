"""Data, discriminator and starting point of the two-mode GAN."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from minmax_jax._util.products import product
from minmax_jax._util.types import Players


def modes_points(correlation: float) -> jax.Array:
    """Returns the modes u₁ and u₂ as rows, with the first two coordinates only.

    All other coordinates are zero.
    """
    return jnp.array([[1.0, 0.0], [correlation, math.sqrt(1.0 - correlation**2)]])


def modes_start(key: jax.Array, dimension: int, num_neurons: int, num_latents: int) -> Players:
    """Samples the starting point of `modes`. See `modes` for the symbols.

    With d = `dimension` and m_D = `num_neurons`, w_i ~ N(0, I/d), v_j ~ N(0, I/d²),
    a = |N(0, 1/(m_D log d))| and b = 0.
    """
    w_key, v_key, a_key = jax.random.split(key, 3)
    w = jax.random.normal(w_key, (num_neurons, dimension)) / math.sqrt(dimension)
    v = jax.random.normal(v_key, (num_latents, dimension)) / dimension
    a = abs(jax.random.normal(a_key)) / math.sqrt(num_neurons * math.log(dimension))
    return Players(min={"v": v}, max={"w": w, "a": a, "b": jnp.zeros_like(a)})


def modes_logit(
    discriminator: Any,
    points: jax.Array,
    *,
    bias_coefficient: float = 1.0,
    linear_beyond: float | None = None,
) -> jax.Array:
    """Returns the discriminator's logits `f(X) = a Σ_i ⟨w_i, X⟩³ + c b`.

    Args:
      discriminator: Parameters `{"w": (m_D, d), "a": (), "b": ()}`.
      points: Points X of shape (n, d') with d' ≤ d. Missing coordinates are zero.
      bias_coefficient: Coefficient c = λ/√d.
      linear_beyond: Threshold beyond which the cubic is replaced by its tangent, or None.

    Returns:
      Logits of shape (n,). D(X) is their sigmoid.
    """
    products = product(points, discriminator["w"][:, : points.shape[-1]].T)
    cubes = _cube(products, linear_beyond).sum(axis=-1)
    return discriminator["a"] * cubes + bias_coefficient * discriminator["b"]


def modes_span(players: Players) -> Players:
    """Rotates all vectors into the span of the modes u₁, u₂ and all w_i, v_j. See `modes`.

    This reduces the dimension from d to m_D + m_G + 2. The payoff depends on inner products
    only, and its gradients lie in the span. So a method that commutes with rotations has the
    same trajectory there at a fraction of the cost. `sgda` and `nsgda` (both scopes) commute
    with rotations; Adam does not, because it works per coordinate.

    Args:
      players: Players of `modes`. If their dimension is at most m_D + m_G + 2, they are
        returned unchanged.

    Returns:
      Players with the same inner products, for the same `field_fn`.
    """
    w, v = players.max["w"], players.min["v"]
    if w.shape[-1] <= 2 + len(w) + len(v):
        return players
    rows = jnp.concatenate([w, v])
    others = jnp.linalg.qr(
        rows[:, 2:].T, mode="r"
    ).T  # In X = QR, row i of Rᵀ is x_i in the basis Q.
    rows = jnp.concatenate([rows[:, :2], others], axis=-1)
    return Players(
        min={**players.min, "v": rows[len(w) :]}, max={**players.max, "w": rows[: len(w)]}
    )


def _cube(x: jax.Array, linear_beyond: float | None) -> jax.Array:
    if linear_beyond is None:
        return x**3
    inner = jnp.clip(x, -linear_beyond, linear_beyond)
    return inner**3 + 3 * linear_beyond**2 * (x - inner)
