"""Variables for running statistics that are cheap to assign while tracing."""

from typing import Any

import jax
from flax import nnx


class Statistic(nnx.BatchStat):
    """A `BatchStat` whose assignment does not ask for the sharding of the new value.

    Flax compares the shardings of both values at `statistic[...] = value`. A traced value has no
    sharding, and JAX then composes an error message, for which it walks over all operations
    traced so far. Tracing a step would take a time quadratic in their number.
    """

    def __setitem__(self, key: Any, value: Any) -> None:
        """Assigns a value, as a whole if it has the shape and the dtype of the present one."""
        old = self.get_raw_value()
        arrays = isinstance(old, jax.Array) and isinstance(value, jax.Array)
        if key is Ellipsis and arrays and (old.shape, old.dtype) == (value.shape, value.dtype):
            self.set_value(value)
        else:
            super().__setitem__(key, value)
