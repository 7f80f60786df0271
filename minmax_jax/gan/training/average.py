"""The moving average of the generator's parameters."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from minmax_jax.gan.config.config import Config
from minmax_jax.gan.training import schedules

Decay = float | Callable[[jax.Array], jax.Array]
"""Decay per update: a constant, or a function of the number of updates so far."""


def decay_of(config: Config) -> Decay:
    """Returns the decay of the moving average per update.

    A half-life of h images corresponds to the decay `½^(batch_size / h)`.
    """
    half_life = schedules.of(config, "ema")
    batch_size = config.training.batch_size
    if callable(half_life):
        return lambda step: _decay(batch_size, half_life(step))
    if half_life:
        return 0.5 ** (batch_size / half_life)
    return config.training.ema_decay


def update(decay: Decay, step: jax.Array, average: Any, params: Any) -> Any:
    """Returns the moving average after an update.

    A constant decay from the start would let the initial parameters dominate the average. Early in
    training, a smaller decay therefore averages over about the last tenth of the steps so far.
    A schedule is used as it is.

    Args:
      decay: Decay per update.
      step: Number of updates before this one.
      average: Average before this update.
      params: Parameters after this update.
    """
    now = decay(step) if callable(decay) else jnp.minimum(decay, (1 + step) / (10 + step))
    return jax.tree.map(lambda old, new: new + now.astype(new.dtype) * (old - new), average, params)


def _decay(batch_size: int, half_life: Any) -> jax.Array:
    """Computes the decay of a half-life in images, which is 0 for a half-life of 0."""
    return jnp.exp2(-batch_size / jnp.maximum(half_life, _SMALLEST))


_SMALLEST = 1e-8
"""Smallest half-life, in images: the average then equals the parameters (R3GAN)."""
