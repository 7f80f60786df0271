"""Configuration of the augmentation."""

import dataclasses
from typing import Annotated

from tyro.conf import arg

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config.fields import HIDE_DEFAULT, AtLeast, AtMost, Group, OneOf, choices
from minmax_jax.gan.objective.augmentation import (
    AUGMENTATIONS,
    SETS,
    Augmentation,
    Control,
    parse_policy,
)

CONTROLS = ("auto", "fixed", "ada")
"""What determines the probability of the transformations."""


@dataclasses.dataclass(frozen=True)
class AugmentationConfig(Group):
    """Random transformations of what the discriminator receives, real and generated alike."""

    policy: Annotated[
        str,
        HIDE_DEFAULT,
        arg(
            name="augment",
            metavar="NAMES",
            help="Transformations in their order, separated by commas: "
            f"{', '.join(AUGMENTATIONS)}; or sets: {', '.join(SETS)}. NAME:0.5 halves the "
            "probability of one. Default: none.",
        ),
    ] = ""
    """Names in `AUGMENTATIONS` or `SETS`, separated by commas."""
    probability: Annotated[float, AtLeast(0), AtMost(1), arg(name="augment_probability")] = 1.0
    """Probability of each transformation, or its largest value if ADA controls it."""
    control: Annotated[
        str, OneOf(CONTROLS), arg(name="augment_control", metavar=choices(CONTROLS))
    ] = "auto"
    """Keep the probability fixed (or scheduled), or let ADA raise it while the discriminator overfits. auto selects ada with the set ada."""  # noqa: E501
    target: Annotated[float, AtLeast(-1), AtMost(1), arg(name="augment_target")] = 0.6
    """Mean sign of the discriminator's logits for real images at which ADA keeps the probability."""  # noqa: E501
    images: Annotated[int, AtLeast(1), arg(name="augment_images")] = 500_000
    """Images during which ADA can raise the probability from 0 to 1. Published: 100000 for fine-tuning."""  # noqa: E501

    mirror: bool = False
    """Train as if the dataset also contained a mirrored copy of each image. Generated images are not mirrored."""  # noqa: E501

    def check(self) -> None:
        """Raises `ConfigError` if a value is invalid, or ADA has nothing to control."""
        super().check()
        steps = parse_policy(self.policy)
        if self.control == "ada" and not steps:
            raise ConfigError(
                "augment_control must be auto or fixed without transformations, got ada. Set "
                "--augment ada, or name transformations."
            )

    def check_schedule(self) -> None:
        """Raises `ConfigError` if the probability cannot have a schedule."""
        if not parse_policy(self.policy):
            raise ConfigError(
                "schedule: augment requires transformations. Set --augment, or remove the schedule."
            )
        if self.is_adaptive:
            raise ConfigError(
                "schedule: augment must be constant if ADA controls the probability. Set "
                "--augment-control fixed, or remove the schedule."
            )

    @property
    def is_adaptive(self) -> bool:
        """Whether ADA controls the probability."""
        names = [word.strip().partition(":")[0] for word in self.policy.split(",")]
        return self.control == "ada" or (self.control == "auto" and "ada" in names)

    def build(self) -> Augmentation | None:
        """Returns the augmentation, or None without transformations."""
        steps = parse_policy(self.policy)
        if not steps:
            return None
        if not self.is_adaptive:
            return Augmentation(steps, self.probability)
        return Augmentation(steps, None, Control(self.target, self.images, limit=self.probability))
