"""One run of the Gaussian-mode GAN in PyTorch, if it is installed."""

from collections.abc import Callable
from typing import Any

from benchmarks import torch_device


def implementations(name: str, config: Any) -> dict[str, Callable[[], Any]]:
    """Returns the PyTorch run of the game `name`, if there is one."""
    device = torch_device.find() if "GAN" in name else None
    if device is None:
        return {}
    import torch

    wait = torch_device.waiter(device)
    nn, width = torch.nn, config.gan_width

    def network(inputs: int, outputs: int) -> Any:
        return nn.Sequential(
            nn.Linear(inputs, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, outputs),
        ).to(device)

    def run() -> Callable[[], None]:
        players = network(256, 2), network(2, 1)
        optimizers = [
            torch.optim.Adam(player.parameters(), 1e-3, (0.5, 0.999)) for player in players
        ]
        centers = torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.0, -1.0], [-1.0, 0.0]], device=device)
        weights = torch.tensor([0.4, 0.2, 0.2, 0.2], device=device)
        for _ in range(config.gan_steps):
            modes = torch.multinomial(weights, config.gan_batch, replacement=True)
            real = centers[modes] + 0.01 * torch.randn(config.gan_batch, 2, device=device)
            fake = players[0](torch.randn(config.gan_batch, 256, device=device))
            value = (
                nn.functional.logsigmoid(players[1](real)).mean()
                + nn.functional.logsigmoid(-players[1](fake)).mean()
            )
            generator = list(players[0].parameters())
            discriminator = list(players[1].parameters())
            gradients = torch.autograd.grad(value, generator + discriminator)
            for parameter, gradient in zip(generator, gradients, strict=False):
                parameter.grad = gradient
            for parameter, gradient in zip(discriminator, gradients[len(generator) :], strict=True):
                parameter.grad = -gradient
            for optimizer in optimizers:
                optimizer.step()
        return wait

    return {"PyTorch, one run": run}
