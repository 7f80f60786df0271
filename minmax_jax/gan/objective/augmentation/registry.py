"""Registry of transformations, and the sets that published methods use."""

from collections.abc import Mapping

from minmax_jax.gan.base.registry import Registry
from minmax_jax.gan.objective.augmentation.ada_cutout import ADA_CUTOUT
from minmax_jax.gan.objective.augmentation.aniso import ANISO
from minmax_jax.gan.objective.augmentation.brightness import BRIGHTNESS
from minmax_jax.gan.objective.augmentation.color import COLOR
from minmax_jax.gan.objective.augmentation.contrast import CONTRAST
from minmax_jax.gan.objective.augmentation.cutout import CUTOUT
from minmax_jax.gan.objective.augmentation.flip import FLIP
from minmax_jax.gan.objective.augmentation.hue import HUE
from minmax_jax.gan.objective.augmentation.kinds import Transformation
from minmax_jax.gan.objective.augmentation.lumaflip import LUMAFLIP
from minmax_jax.gan.objective.augmentation.noise import NOISE
from minmax_jax.gan.objective.augmentation.rotate import ROTATE
from minmax_jax.gan.objective.augmentation.rotate90 import ROTATE90
from minmax_jax.gan.objective.augmentation.saturation import SATURATION
from minmax_jax.gan.objective.augmentation.scale import SCALE
from minmax_jax.gan.objective.augmentation.translation import TRANSLATION
from minmax_jax.gan.objective.augmentation.xfrac import XFRAC
from minmax_jax.gan.objective.augmentation.xint import XINT

AUGMENTATIONS: Registry[Transformation] = Registry(
    "augmentation",
    {
        "flip": FLIP,
        "color": COLOR,
        "translation": TRANSLATION,
        "cutout": CUTOUT,
        "rotate90": ROTATE90,
        "xint": XINT,
        "scale": SCALE,
        "rotate": ROTATE,
        "aniso": ANISO,
        "xfrac": XFRAC,
        "brightness": BRIGHTNESS,
        "contrast": CONTRAST,
        "lumaflip": LUMAFLIP,
        "hue": HUE,
        "saturation": SATURATION,
        "noise": NOISE,
        "ada_cutout": ADA_CUTOUT,
    },
)
"""Maps the name of a transformation to the function that draws it."""

_GEOMETRY = ("flip", "rotate90", "xint", "scale", "rotate", "aniso", "rotate", "xfrac")
_COLOR = ("brightness", "contrast", "lumaflip", "hue", "saturation")


def _at(multiplier: float, *names: str) -> tuple[tuple[str, float], ...]:
    return tuple((name, multiplier) for name in names)


SETS: Mapping[str, tuple[tuple[str, float], ...]] = {
    "diffaugment": _at(1.0, "color", "translation", "cutout"),
    "ada": _at(1.0, *_GEOMETRY, *_COLOR),
    "r3gan": (*_at(1.0, *_GEOMETRY), *_at(0.5, *_COLOR), *_at(1.0, "ada_cutout")),
}
"""Maps the name of a set to its transformations, in order, with multipliers of the probability.

`ada` is the set "bgc" of the authors' code.

References: Zhao et al., 2020 (DiffAugment); Karras et al., 2020 (ADA); Huang et al., 2024 (R3GAN).
"""
