"""Random transformations of the examples that the discriminator receives.

augmentation    `Augmentation`: policy, probability and control rule of a run
policy          reads a policy such as "flip,color,cutout:0.5"
registry        `AUGMENTATIONS`, and the sets of published methods
control         the control rule of ADA and its state
pipeline        applies a policy to a batch
kinds           the three kinds of transformations

Each other file contains one transformation.
"""

from minmax_jax.gan.objective.augmentation.augmentation import Augmentation
from minmax_jax.gan.objective.augmentation.control import Control, ControlState
from minmax_jax.gan.objective.augmentation.kinds import AffineMap, ColorMap, ImageMap
from minmax_jax.gan.objective.augmentation.policy import check_shape, parse_policy
from minmax_jax.gan.objective.augmentation.registry import AUGMENTATIONS, SETS

__all__ = [
    "AUGMENTATIONS",
    "SETS",
    "AffineMap",
    "Augmentation",
    "ColorMap",
    "Control",
    "ControlState",
    "ImageMap",
    "check_shape",
    "parse_policy",
]
