"""Configuration of the loss and the gradient penalty."""

import dataclasses
from typing import Annotated, Any

from tyro.conf import arg

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config.fields import AtLeast, Group, OneOf, choices
from minmax_jax.gan.objective.losses import LOSSES
from minmax_jax.gan.objective.penalties import PENALTIES

PENALTY_STEPS = ("joint", "separate")
"""Ways in which the penalty enters the discriminator's updates."""


@dataclasses.dataclass(frozen=True)
class ObjectiveConfig(Group):
    """Loss of both networks, and gradient penalty on the discriminator."""

    loss: Annotated[str, OneOf(LOSSES), arg(metavar=choices(LOSSES))] = "non-saturating"
    """GAN loss of generator and discriminator."""
    penalty: Annotated[float, AtLeast(0)] = 0.0
    """Weight of the gradient penalty on the discriminator; 0 turns it off. Use 10 with the wasserstein loss."""  # noqa: E501
    penalty_type: Annotated[str, OneOf(PENALTIES), arg(metavar=choices(PENALTIES))] = "wgan-gp"
    """Kind of gradient penalty on the discriminator."""
    penalty_every: Annotated[int, AtLeast(1)] = 1
    """Apply the penalty every N updates, with N times its weight (lazy regularization)."""
    penalty_step: Annotated[str, OneOf(PENALTY_STEPS), arg(metavar=choices(PENALTY_STEPS))] = (
        "joint"
    )
    """Whether the gradient of a discriminator step contains the penalty (joint), or the penalty has a step of its own after every N-th discriminator step, with a learning rate and betas rescaled for it, as in StyleGAN2 (separate). N is --penalty-every."""  # noqa: E501


def check_penalty_step(config: Any) -> None:
    """Checks the penalty of a `Config` against its optimizer.

    Raises:
      ConfigError: If a separate penalty has no weight, or both players are updated together.
    """
    if config.objective.penalty_step != "separate":
        return
    if not config.objective.penalty and "penalty" not in config.schedules.values:
        raise ConfigError("penalty must be positive with penalty_step=separate, got 0. Set it.")
    if config.optimizer.first is None:
        raise ConfigError(
            "update_order must be discriminator-first or generator-first with "
            f"penalty_step=separate, got {config.optimizer.update_order}. Set it."
        )
