"""Updates in PyTorch, if it is installed: Adam in two forms, and grafting.

Grafting is optimetry's `Graft` (Agarwal et al., 2020). It is not on a package index: clone
github.com/optimetry/optimetry and add the folder to PYTHONPATH.
"""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

LEARNING_RATE = 1e-3


def implementations(gradients: Any) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yields the name and step of every installed optimizer, with one in memory at a time."""
    try:
        import torch
    except ImportError:
        return
    kind = torch.bfloat16 if jax.tree.leaves(gradients)[0].dtype == "bfloat16" else torch.float32
    arrays = [np.asarray(leaf, np.float32) for leaf in jax.tree.leaves(gradients)]

    def params() -> list[Any]:
        made = []
        for array in arrays:
            param = torch.nn.Parameter(torch.from_numpy(array + 1).to(kind))
            param.grad = torch.from_numpy(array.copy()).to(kind)
            made.append(param)
        return made

    for form in ("foreach", "fused"):
        yield (
            f"torch.optim.Adam {form}",
            torch.optim.Adam(params(), LEARNING_RATE, **{form: True}).step,
        )
    try:
        from optimetry import Graft
    except ImportError:
        return
    mine = params()
    yield (
        "optimetry Graft(Adam, SGD)",
        Graft(mine, torch.optim.Adam(mine, LEARNING_RATE), torch.optim.SGD(mine, 1.0)).step,
    )
