"""A GAN training step in PyTorch: simultaneous Adam steps of both players.

The networks use the converted parameters of the JAX networks.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import torch

from benchmarks import clock, torch_device, torch_networks, worker


class Step:
    """A simultaneous Adam step of both players in PyTorch.

    Args:
      players: The generator's and the discriminator's parameters as NumPy arrays.
      batch: Images and latents as NumPy arrays.
      device_type: `"cpu"` or `"cuda"`.
      learning_rate: Learning rate of both players.
      adam: Adam's `b1` and `b2`.
      dtype: Dtype of products and convolutions, `"float32"` or `"bfloat16"`.
      graph: Whether to run the step as a CUDA graph.
      compiled: Whether to compile the losses.
      channels_last: Whether images and kernels are stored with channels last.
    """

    def __init__(
        self,
        players: Any,
        batch: Any,
        *,
        device_type: str,
        learning_rate: float,
        adam: dict[str, float],
        dtype: str = "float32",
        graph: bool = False,
        compiled: bool = False,
        channels_last: bool = False,
    ) -> None:
        networks = torch_networks.NETWORKS[torch_networks.name(players[0])]
        self.generator, self.discriminator = networks
        self.device = device = torch.device(device_type)
        self.dtype, self.graph = dtype, graph
        self.images = torch.from_numpy(np.array(batch[0])).permute(0, 3, 1, 2).contiguous()
        if channels_last:
            self.images = self.images.contiguous(memory_format=torch.channels_last)
        self.images = self.images.to(device)
        self.latents = torch.from_numpy(np.array(batch[1])).to(device)
        self.players = [torch_networks.convert(each, device, channels_last) for each in players]
        self.leaves = [jax.tree.leaves(player) for player in self.players]
        fast = {"capturable": graph, "fused": True} if device.type != "cpu" else {}
        self.optimizers = [
            torch.optim.Adam(own, learning_rate, (adam["b1"], adam["b2"]), **fast)
            for own in self.leaves
        ]
        self.compute = self.losses
        if compiled:
            # The graph is kept for the second player's gradient, so its buffers cannot be reused.
            torch._functorch.config.donated_buffer = False
            self.compute = torch.compile(self.losses)
        self.wait = torch_device.waiter(self.device)

    def losses(self, dtype: str | None = None) -> tuple[Any, Any]:
        """Returns both losses. They share the discriminator's pass over generated images.

        Args:
          dtype: Dtype of products and convolutions. Default: the dtype of the step.
        """
        half = (dtype or self.dtype) == "bfloat16"
        softplus = torch.nn.functional.softplus
        g, d = self.players
        with torch.autocast(self.device.type, torch.bfloat16, half, cache_enabled=False):
            scored = self.discriminator(d, self.generator(g, self.latents)).float()
            real = self.discriminator(d, self.images).float()
        return softplus(-scored).mean(), softplus(-real).mean() + softplus(scored).mean()

    def step(self) -> None:
        """Updates both players from the same point."""
        for own, loss in zip(self.leaves, self.compute(), strict=True):
            gradients = torch.autograd.grad(loss, own, retain_graph=True)
            for parameter, gradient in zip(own, gradients, strict=True):
                if gradient.stride() != parameter.stride():  # Fused Adam refuses such gradients.
                    gradient = torch.empty_like(parameter).copy_(gradient)
                parameter.grad = gradient
        for optimizer in self.optimizers:
            optimizer.step()

    def compile(self, values: list[float]) -> None:
        """Compares the losses with those of other networks, and runs a step, which compiles it.

        Args:
          values: The expected losses in float32.

        Raises:
          worker.Wrong: If the losses differ.
        """
        with torch_device.full_precision(), torch.no_grad():
            found = [float(loss) for loss in self.losses("float32")]
        if not np.allclose(found, values, rtol=1e-4, atol=0.0):
            raise worker.Wrong(f"PyTorch's losses are {found} in place of {values}.")
        torch_device.use_tensor_cores(measure=False)
        self.step()
        self.wait()

    def prepare(self) -> None:
        """Makes the step ready to be timed, and runs it.

        On a GPU, cuDNN measures its algorithms here. Other programs must not use the GPU then.
        """
        torch_device.use_tensor_cores()
        self.run = self.step
        for _ in range(2):
            self.step()
        if self.graph:
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(3):
                    self.step()
            torch.cuda.current_stream().wait_stream(side)
            captured = torch.cuda.CUDAGraph()
            with torch.cuda.graph(captured):
                self.step()
            self.run = captured.replay
        self.turn(2, untimed=1)

    def turn(self, calls: int, untimed: int) -> float:
        """Returns the seconds per step of one turn. See `clock.turn`."""
        return clock.turn(self._run_and_wait, calls, untimed)

    def _run_and_wait(self) -> Callable[[], None]:
        self.run()
        return self.wait
