"""The same GAN step in PyTorch, where it is installed: eager, and by `torch.compile`.

The networks are functions of our own parameters, converted, so that weights and losses are
the same: this is checked, to 1e-4, before a step is timed.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from minmax_jax.gan import networks


def contestants(
    pair: networks.Pair, batch: Any, values: list[float], rate: float, adam: dict[str, float]
) -> dict[str, Callable[[], None]]:
    """Returns the simultaneous Adam step, eager and compiled.

    Args:
      pair: our networks.
      batch: images and latents.
      values: our two losses there, which PyTorch's must equal.
      rate: learning rate.
      adam: `b1` and `b2`.
    """
    try:
        import torch
    except ImportError:
        return {}
    from benchmarks import torch_networks

    images = torch.from_numpy(np.array(batch[0])).permute(0, 3, 1, 2).contiguous()
    latents = torch.from_numpy(np.array(batch[1]))
    generate, judge = torch_networks.NETWORKS[torch_networks.name(pair)]

    def losses(g: Any, d: Any) -> tuple[Any, Any]:
        fake = generate(g, latents)
        softplus = torch.nn.functional.softplus
        scored = judge(d, fake)
        min_loss = softplus(-scored).mean()
        max_loss = softplus(-judge(d, images)).mean() + softplus(judge(d, fake.detach())).mean()
        return min_loss, max_loss

    def make(compute: Callable[..., Any]) -> Callable[[], None]:
        players = [_parameters(network.params) for network in pair[:2]]
        leaves = [list(_leaves(player)) for player in players]
        rules = [torch.optim.Adam(own, rate, (adam["b1"], adam["b2"])) for own in leaves]

        def step() -> None:
            for own, loss in zip(leaves, compute(*players), strict=True):
                gradients = torch.autograd.grad(loss, own, retain_graph=True)
                for parameter, gradient in zip(own, gradients, strict=True):
                    parameter.grad = gradient
            for rule in rules:
                rule.step()

        found = [float(loss.detach()) for loss in compute(*players)]
        np.testing.assert_allclose(found, values, rtol=1e-4, err_msg="PyTorch's losses differ")
        return step

    made = {"eager": make(losses)}
    try:
        made["torch.compile"] = make(torch.compile(losses))
    except Exception as error:  # no compiler, or an operation that it does not know
        print(f"torch.compile: {type(error).__name__}: {str(error).splitlines()[0]}")
    return made


def _parameters(tree: Any) -> Any:
    import torch

    return jax.tree.map(lambda leaf: torch.from_numpy(np.array(leaf)).requires_grad_(), tree)


def _leaves(tree: Any) -> list[Any]:
    return jax.tree.leaves(tree)
