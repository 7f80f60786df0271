"""Two-player optimizers from the literature, composed from transformations.

To add an optimizer, write its file here and export it in `minmax_jax/__init__.py`. The
mapping `minmax_jax.optimizers` then contains it.
"""

from collections.abc import Mapping
from typing import Any

from minmax_jax.optimizers._shared.mapping import Optimizers


def by_name(exports: Mapping[str, Any]) -> Optimizers:
    """Returns the optimizers among `exports`: the functions defined in this package."""
    return Optimizers(
        {
            name: value
            for name, value in exports.items()
            if getattr(value, "__module__", "").startswith(f"{__name__}.")
        }
    )
