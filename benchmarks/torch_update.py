"""The same update in PyTorch, where it is installed: Adam in its three forms, and grafting.

Grafting is optimetry's `Graft` (Agarwal et al., 2020), which is on no package index: clone
github.com/optimetry/optimetry and put the folder on PYTHONPATH.
"""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

RATE = 1e-3


def contestants(gradients: Any) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yields name and step of every optimizer that this machine has, one in memory at a time."""
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
        yield f"torch.optim.Adam {form}", torch.optim.Adam(params(), RATE, **{form: True}).step
    try:
        from optimetry import Graft
    except ImportError:
        return
    mine = params()
    yield (
        "optimetry Graft(Adam, SGD)",
        Graft(mine, torch.optim.Adam(mine, RATE), torch.optim.SGD(mine, 1.0)).step,
    )
