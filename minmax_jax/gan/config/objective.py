"""Configuration of the loss and the gradient penalty."""

import dataclasses
from typing import Annotated

from tyro.conf import arg

from minmax_jax.gan.config.fields import AtLeast, Group, OneOf, choices
from minmax_jax.gan.objective.losses import LOSSES
from minmax_jax.gan.objective.penalties import PENALTIES


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
