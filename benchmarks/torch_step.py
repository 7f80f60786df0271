"""The forms of PyTorch's training step in the suite `step`.

They are left out if PyTorch is not installed. Each form runs in a process of its own;
`torch_adam` has the step. Before anything is timed, its losses are compared with those of the JAX
networks.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np

from benchmarks import clock, torch_device, worker
from minmax_jax import gan

CPU: dict[str, dict[str, bool]] = {"eager": {}, "torch.compile": {"compiled": True}}
"""Options of `torch_adam.Step` by the name of the form."""

GPU = {
    **CPU,
    "CUDA graph": {"graph": True},
    "CUDA graph of torch.compile": {"graph": True, "compiled": True},
    "CUDA graph, channels last": {"graph": True, "channels_last": True},
}


class Forms:
    """Processes that import PyTorch, one per form, by the name of the form."""

    def __init__(self, workers: dict[str, worker.Worker]) -> None:
        self.workers = workers

    def ready(self, values: list[float]) -> dict[str, worker.Worker]:
        """Returns the forms that can be timed. The others are left out with a message.

        All forms are compiled side by side. Then one after another measures cuDNN's algorithms and
        captures its graph, so that they do not disturb each other.

        Args:
          values: The two losses of the JAX networks, in float32.

        Raises:
          AssertionError: If PyTorch's losses are not `values`.
        """
        begun = _able(self.workers, lambda process: process.begin("compile", values))
        compiled = _able(begun, lambda process: process.end())
        return _able(compiled, lambda process: process.call("prepare"))


def _able(
    workers: dict[str, worker.Worker], do: Callable[[worker.Worker], Any]
) -> dict[str, worker.Worker]:
    """Returns the workers that did something."""
    able = {}
    for name, process in workers.items():
        try:
            do(process)
            able[name] = process
        except clock.LeftOut as error:
            print(f"PyTorch {name} is left out: {error}")
    return able


@contextlib.contextmanager
def start(pair: gan.Pair, batch: Any, *, compiled: bool = True, **options: Any) -> Iterator[Forms]:
    """Starts the processes of all forms on the device on which JAX runs.

    On CPU the forms are eager and `torch.compile`; on a GPU also a CUDA graph, the graph of a
    compiled step, and channels last. The processes end with the block.

    Args:
      pair: The JAX networks.
      batch: Images and latents.
      compiled: Whether to include the forms with `torch.compile`.
      **options: Arguments `learning_rate`, `adam` and `dtype` of `torch_adam.Step`.
    """
    workers: dict[str, worker.Worker] = {}
    try:
        device = torch_device.find()
        if device is not None:
            from benchmarks import torch_adam

            both = pair.generator.params, pair.discriminator.params
            arrays = jax.tree.map(np.asarray, (both, batch))
            for name, form in _chosen(device.type, pair, compiled).items():
                words = {**options, **form, "device_type": device.type}
                workers[name] = worker.Worker(torch_adam.Step, *arrays, **words)
        yield Forms(workers)
    finally:
        for process in workers.values():
            process.close()


def _chosen(device_type: str, pair: gan.Pair, compiled: bool) -> dict[str, dict[str, bool]]:
    """Returns the options of the forms that make sense on a device, by name."""
    has_kernels = any(leaf.ndim == 4 for leaf in jax.tree.leaves(pair.discriminator.params))
    return {
        name: form
        for name, form in (CPU if device_type == "cpu" else GPU).items()
        if (compiled or "compiled" not in form) and (has_kernels or "channels_last" not in form)
    }
