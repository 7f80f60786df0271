"""Updates in PyTorch, if it is installed: Adam in two forms, and grafting.

Grafting is optimetry's `Graft` (Agarwal et al., 2020). It is not on a package index: clone
github.com/optimetry/optimetry and add the folder to PYTHONPATH.
"""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from benchmarks import torch_device

LEARNING_RATE = 1e-3


def implementations(gradients: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yields the name and step of every installed optimizer, with one in memory at a time.

    They run on the device on which JAX runs. A step returns a function that waits for it.
    """
    device = torch_device.find()
    if device is None:
        return
    import torch

    wait = torch_device.waiter(device)

    def waiting(step: Callable[[], None]) -> Callable[[], Any]:
        def run() -> Callable[[], None]:
            step()
            return wait

        return run

    kind = torch.bfloat16 if jax.tree.leaves(gradients)[0].dtype == "bfloat16" else torch.float32
    arrays = [np.asarray(leaf, np.float32) for leaf in jax.tree.leaves(gradients)]

    def params() -> list[Any]:
        made = []
        for array in arrays:
            param = torch.nn.Parameter(torch.from_numpy(array + 1).to(device, kind))
            param.grad = torch.from_numpy(array.copy()).to(device, kind)
            made.append(param)
        return made

    for form in ("foreach", "fused"):
        yield (
            f"torch.optim.Adam {form}",
            waiting(torch.optim.Adam(params(), LEARNING_RATE, **{form: True}).step),
        )
    try:
        from optimetry import Graft
    except ImportError:
        return
    mine, rate = params(), LEARNING_RATE
    yield (
        "optimetry Graft(Adam, SGD)",
        waiting(Graft(mine, torch.optim.Adam(mine, rate), torch.optim.SGD(mine, 1.0)).step),
    )
