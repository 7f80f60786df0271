"""Two-player optimizers from the literature, composed from `minmax_jax.transforms`.

`minmax_jax` exports each optimizer. `minmax_jax.optimizers` maps its name to the function.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any


def by_name(exports: Mapping[str, Any]) -> Mapping[str, Callable[..., Any]]:
    """Returns the optimizers among `exports`: the functions defined in this package."""
    optimizers = {
        name: value
        for name, value in exports.items()
        if getattr(value, "__module__", "").startswith(f"{__name__}.")
    }
    return MappingProxyType(optimizers)
