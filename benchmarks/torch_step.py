"""The GAN training step of the suite `step` in PyTorch, if it is installed.

The networks use the converted parameters of the JAX networks. Before anything is timed, the
losses are compared with a relative tolerance of 1e-4.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from minmax_jax import gan


def implementations(
    pair: gan.Pair,
    batch: Any,
    values: list[float],
    learning_rate: float,
    adam: dict[str, float],
) -> dict[str, Callable[[], None]]:
    """Returns the simultaneous Adam step, eager and with `torch.compile`.

    Args:
      pair: The JAX networks.
      batch: Images and latents.
      values: The two losses of the JAX networks on this batch.
      learning_rate: Learning rate of both players.
      adam: Adam's `b1` and `b2`.
    """
    try:
        import torch
    except ImportError:
        return {}
    from benchmarks import torch_networks

    images = torch.from_numpy(np.array(batch[0])).permute(0, 3, 1, 2).contiguous()
    latents = torch.from_numpy(np.array(batch[1]))
    generator, discriminator = torch_networks.NETWORKS[torch_networks.name(pair)]

    def losses(g: Any, d: Any) -> tuple[Any, Any]:
        fake = generator(g, latents)
        softplus = torch.nn.functional.softplus
        min_loss = softplus(-discriminator(d, fake)).mean()
        max_loss = softplus(-discriminator(d, images)).mean()
        return min_loss, max_loss + softplus(discriminator(d, fake.detach())).mean()

    def make(compute: Callable[..., Any]) -> Callable[[], None]:
        players = [_parameters(network.params) for network in pair[:2]]
        leaves = [list(_leaves(player)) for player in players]
        betas = adam["b1"], adam["b2"]
        optimizers = [torch.optim.Adam(own, learning_rate, betas) for own in leaves]

        def step() -> None:
            for own, loss in zip(leaves, compute(*players), strict=True):
                gradients = torch.autograd.grad(loss, own, retain_graph=True)
                for parameter, gradient in zip(own, gradients, strict=True):
                    parameter.grad = gradient
            for optimizer in optimizers:
                optimizer.step()

        found = [float(loss.detach()) for loss in compute(*players)]
        np.testing.assert_allclose(found, values, rtol=1e-4, err_msg="PyTorch's losses differ")
        return step

    made = {"eager": make(losses)}
    try:
        made["torch.compile"] = make(torch.compile(losses))
    except Exception as error:  # no C++ compiler, or an unsupported operation
        print(f"torch.compile: {type(error).__name__}: {str(error).splitlines()[0]}")
    return made


def _parameters(tree: Any) -> Any:
    import torch

    return jax.tree.map(lambda leaf: torch.from_numpy(np.array(leaf)).requires_grad_(), tree)


def _leaves(tree: Any) -> list[Any]:
    return jax.tree.leaves(tree)
