"""Policies: the transformations of a run, in their order."""

from typing import NamedTuple

from minmax_jax.gan.base.errors import ConfigError, check_name
from minmax_jax.gan.base.messages import short
from minmax_jax.gan.objective.augmentation.kinds import (
    AffineMap,
    ColorMap,
    ImageMap,
    as_map,
)
from minmax_jax.gan.objective.augmentation.registry import AUGMENTATIONS, SETS


class Step(NamedTuple):
    """One transformation of a policy.

    Attributes:
      name: Name in `AUGMENTATIONS`.
      transformation: The transformation.
      multiplier: Factor of the probability.
      repeats: Number of steps of the policy with this name. Each is applied with probability
        1 − (1 − m·p)^(1 / repeats), so that at least one is applied with probability m·p.
    """

    name: str
    transformation: ImageMap | AffineMap | ColorMap
    multiplier: float = 1.0
    repeats: int = 1


def parse_policy(text: str) -> tuple[Step, ...]:
    """Parses a list such as `"flip,color,cutout:0.5"`.

    Args:
      text: Names of `AUGMENTATIONS` or `SETS`, separated by commas. `NAME:M` multiplies the
        probability by M.

    Raises:
      ConfigError: If a name is unknown, or a multiplier is not a number above 0.
    """
    named: list[tuple[str, float]] = []
    for word in filter(None, (word.strip() for word in text.split(","))):
        name, colon, factor = word.partition(":")
        check_name("augment", name, [*AUGMENTATIONS, *SETS])
        multiplier = _number(word, factor) if colon else 1.0
        for member, own in SETS.get(name, ((name, 1.0),)):
            named.append((member, own * multiplier))
    names = [name for name, _ in named]
    return tuple(
        Step(name, as_map(AUGMENTATIONS[name]), multiplier, names.count(name))
        for name, multiplier in named
    )


def check_shape(steps: tuple[Step, ...], shape: tuple[int, ...]) -> None:
    """Raises `ConfigError` if the transformations do not support examples of a shape.

    Args:
      steps: Transformations of a policy.
      shape: Shape of one example.
    """
    if len(shape) != 3:
        raise ConfigError(
            f"augment must be empty for examples that are not images, got examples of shape "
            f"{tuple(shape)}. Remove --augment."
        )
    colored = [step.name for step in steps if isinstance(step.transformation, ColorMap)]
    if colored and shape[-1] not in (1, 3):
        raise ConfigError(
            f"augment: {colored[0]} requires images with 1 or 3 channels, got {shape[-1]}. Set "
            "--channels, or remove it."
        )


def _number(word: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise ConfigError(
            f"augment must have a number above 0 and at most 1 after the colon, got {short(word)}. "
            "Write for example cutout:0.5."
        )
    return value
