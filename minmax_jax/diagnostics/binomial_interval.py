"""Exact confidence interval for a probability."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def binomial_interval(
    successes: Any, trials: int, confidence: Any = 0.95
) -> tuple[jax.Array, jax.Array]:
    """Returns the exact two-sided confidence interval (Clopper–Pearson) for a probability.

    The ends satisfy P(S ≥ s | low) = P(S ≤ s | high) = α/2.

    Args:
      successes: Number s of successes, of any shape.
      trials: Number n of trials.
      confidence: Confidence level 1 − α.

    Returns:
      The lower and the upper end, of the shape of `successes`.
    """
    s = jnp.asarray(successes, float)
    tail = (1 - confidence) / 2
    # P(S ≥ k | p) = I_p(k, n − k + 1). The cases k = 0 and k = n are set below.
    low = _beta_quantile(tail, jnp.maximum(s, 1), jnp.minimum(trials - s + 1, trials))
    high = _beta_quantile(1 - tail, jnp.minimum(s + 1, trials), jnp.maximum(trials - s, 1))
    return jnp.where(s == 0, 0, low), jnp.where(s == trials, 1, high)


def _beta_quantile(level: Any, a: jax.Array, b: jax.Array) -> jax.Array:
    """Returns p with I_p(a, b) = level. SciPy computes it on the host, as JAX cannot."""
    import scipy.special  # It takes long to import, and nothing else of the core needs it.

    def quantile(level: jax.Array, a: jax.Array, b: jax.Array) -> np.ndarray:
        values = scipy.special.betaincinv(*map(np.asarray, (a, b, level)))
        return np.asarray(values, a.dtype)

    level = jnp.broadcast_to(jnp.asarray(level, a.dtype), a.shape)
    shape = jax.ShapeDtypeStruct(a.shape, a.dtype)
    return jax.pure_callback(quantile, shape, level, a, b, vmap_method="expand_dims")
