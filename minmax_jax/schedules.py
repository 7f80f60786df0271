"""Inverse square-root learning rate schedule."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from minmax_jax._util import checks


def inverse_sqrt_schedule(init_value: float | jax.Array) -> Callable[[Any], jax.Array]:
    """Returns the schedule `count -> init_value / √(count + 1)`.

    For one player only it is dual rate decay:
    `learning_rate=Players(min=η, max=inverse_sqrt_schedule(α))`. Over T updates the squared
    learning rates of the max player add up to about α² log T, so the average of its squared
    steps tends to zero, while the learning rates themselves add up to about 2α√T.

    Args:
      init_value: Learning rate of the first update. It may be a traced value.

    Returns:
      An Optax schedule of the update count, which starts at 0.

    Raises:
      TypeError: If `init_value` is not a number.
      ValueError: If `init_value` is negative.

    Examples:
      >>> import minmax_jax as mm
      >>> schedule = mm.inverse_sqrt_schedule(0.1)
      >>> print(f"{schedule(0):.3f} {schedule(3):.3f} {schedule(99):.3f}")
      0.100 0.050 0.010
    """
    checks.check_number("inverse_sqrt_schedule", "init_value", init_value, schedule=False)

    def schedule(count: Any) -> jax.Array:
        return init_value / jnp.sqrt(jnp.asarray(count, float) + 1)

    return schedule
