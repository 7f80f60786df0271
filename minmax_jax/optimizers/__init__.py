"""Two-player optimizers from the literature, composed from transformations.

To add an optimizer, write its file here and export it in `minmax_jax/__init__.py`. The
mapping `minmax_jax.optimizers` then contains it.
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
