"""The schedule that dual rate decay needs and Optax does not have."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from minmax_jax._util import checks


def inverse_sqrt_schedule(init_value: float | jax.Array) -> Callable[[Any], jax.Array]:
    """Returns the schedule `count -> init_value / √(count + 1)`.

    For one player it is dual rate decay: `Players(min=η, max=inverse_sqrt_schedule(α))`. The
    squares of the rates, 1/(t + 1), add up to about log T over T updates, so that squared
    motion of the max player averages to nothing, while the rates themselves add up to √T.

    Args:
      init_value: the rate of the first update; may be traced.

    Returns:
      An Optax schedule, of the update count from 0.

    Raises:
      TypeError, ValueError: if init_value is no number, or negative.

    Examples:
      >>> import minmax_jax as mm
      >>> rate = mm.inverse_sqrt_schedule(0.1)
      >>> print(f"{rate(0):.3f} {rate(3):.3f} {rate(99):.3f}")
      0.100 0.050 0.010
    """
    checks.check_number("inverse_sqrt_schedule", "init_value", init_value)

    def schedule(count: Any) -> jax.Array:
        return init_value / jnp.sqrt(jnp.asarray(count, float) + 1)

    return schedule
