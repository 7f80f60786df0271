"""The GAN training step of the suite `step` in PyTorch, if it is installed.

The networks use the converted parameters of the JAX networks. Before anything is timed, the
losses are compared with a relative tolerance of 1e-4, without TF32.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from benchmarks import torch_device
from minmax_jax import gan


def implementations(
    pair: gan.Pair,
    batch: Any,
    values: list[float],
    learning_rate: float,
    adam: dict[str, float],
    dtype: str = "float32",
    compiled: bool = True,
) -> dict[str, Callable[[], Any]]:
    """Returns simultaneous Adam steps on the device on which JAX runs, by the name of the form.

    On CPU the forms are eager and `torch.compile`; on a GPU also a CUDA graph, the graph of a
    compiled step, and channels last. A form that PyTorch cannot run is left out with a message.

    Args:
      pair: The JAX networks.
      batch: Images and latents.
      values: The two losses of the JAX networks on this batch, in float32.
      learning_rate: Learning rate of both players.
      adam: Adam's `b1` and `b2`.
      dtype: Dtype of products and convolutions, `"float32"` or `"bfloat16"`.
      compiled: Whether to include the forms with `torch.compile`.
    """
    device = torch_device.find()
    if device is None:
        return {}
    with torch_device.full_precision():
        players = Step(pair, batch, learning_rate, adam, device)
        found = [float(loss.detach()) for loss in players.losses()]
        np.testing.assert_allclose(found, values, rtol=1e-4, err_msg="PyTorch's losses differ")
    torch_device.use_tensor_cores()
    options: dict[str, dict[str, bool]] = {"eager": {}, "torch.compile": {"compiled": True}}
    if device.type != "cpu":
        options |= {
            "CUDA graph": {"graph": True},
            "CUDA graph of torch.compile": {"graph": True, "compiled": True},
        }
        if _has_kernels(pair):
            options["CUDA graph, channels last"] = {"graph": True, "channels_last": True}
    if compiled:
        _forget_compiled()  # Otherwise PyTorch compiles for shapes that vary between networks.
    else:
        options = {name: chosen for name, chosen in options.items() if "compiled" not in chosen}
    made: dict[str, Callable[[], Any]] = {}
    for name, chosen in options.items():
        try:
            made[name] = Step(pair, batch, learning_rate, adam, device, dtype, **chosen).prepare()
        except Exception as error:  # no C++ compiler, or an unsupported operation
            print(f"PyTorch {name}: {type(error).__name__}: {str(error).splitlines()[:1]}")
    return made


def _forget_compiled() -> None:
    import torch

    torch._dynamo.reset()


def _has_kernels(pair: gan.Pair) -> bool:
    return any(leaf.ndim == 4 for leaf in jax.tree.leaves(pair.discriminator.params))


class Step:
    """A simultaneous Adam step of both players in PyTorch."""

    def __init__(
        self,
        pair: gan.Pair,
        batch: Any,
        learning_rate: float,
        adam: dict[str, float],
        device: Any,
        dtype: str = "float32",
        *,
        graph: bool = False,
        compiled: bool = False,
        channels_last: bool = False,
    ) -> None:
        import torch

        from benchmarks import torch_networks

        networks = torch_networks.NETWORKS[torch_networks.name(pair)]
        self.generator, self.discriminator = networks
        self.device, self.dtype, self.graph = device, dtype, graph
        self.images = torch.from_numpy(np.array(batch[0])).permute(0, 3, 1, 2).contiguous()
        if channels_last:
            self.images = self.images.contiguous(memory_format=torch.channels_last)
        self.images = self.images.to(device)
        self.latents = torch.from_numpy(np.array(batch[1])).to(device)
        self.players = [
            torch_networks.convert(each.params, device, channels_last) for each in pair[:2]
        ]
        self.leaves = [jax.tree.leaves(player) for player in self.players]
        fast = {"capturable": graph, "fused": True} if device.type != "cpu" else {}
        self.optimizers = [
            torch.optim.Adam(own, learning_rate, (adam["b1"], adam["b2"]), **fast)
            for own in self.leaves
        ]
        self.compute = torch.compile(self.losses) if compiled else self.losses

    def losses(self) -> tuple[Any, Any]:
        """Returns both losses. They share the discriminator's pass over generated images."""
        import torch

        softplus = torch.nn.functional.softplus
        g, d = self.players
        with torch.autocast(
            self.device.type, torch.bfloat16, self.dtype == "bfloat16", cache_enabled=False
        ):
            scored = self.discriminator(d, self.generator(g, self.latents)).float()
            real = self.discriminator(d, self.images).float()
        return softplus(-scored).mean(), softplus(-real).mean() + softplus(scored).mean()

    def step(self) -> None:
        """Updates both players from the same point."""
        import torch

        for own, loss in zip(self.leaves, self.compute(), strict=True):
            gradients = torch.autograd.grad(loss, own, retain_graph=True)
            for parameter, gradient in zip(own, gradients, strict=True):
                if gradient.stride() != parameter.stride():  # Fused Adam refuses such gradients.
                    gradient = torch.empty_like(parameter).copy_(gradient)
                parameter.grad = gradient
        for optimizer in self.optimizers:
            optimizer.step()

    def prepare(self) -> Callable[[], Any]:
        """Returns the step as a function that returns a function that waits for it.

        Runs the step first, so that a step that PyTorch cannot run raises its error here.
        """
        import torch

        wait = torch_device.waiter(self.device)
        self.step()  # compiles
        wait()
        run = self.step
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
            run = captured.replay

        def call() -> Callable[[], None]:
            run()
            return wait

        return call
