"""Configuration of the evaluations during and after training."""

import dataclasses
from typing import Annotated

from tyro.conf import arg

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.limits import MIN_SAMPLES
from minmax_jax.gan.config.fields import HIDE_DEFAULT, AtLeast, Group


@dataclasses.dataclass(frozen=True)
class EvaluationConfig(Group):
    """Evaluation of samples."""

    num_samples: Annotated[int, AtLeast(0), arg(name="evaluate")] = 5000
    """Number of samples to evaluate at the end. 0 turns evaluation off."""
    every: Annotated[int, AtLeast(0), arg(name="evaluate_every")] = 0
    """Also evaluate every N updates, with the same number of samples. 0: only at the end."""
    extractor: Annotated[str, arg(name="evaluate_extractor", metavar="NAME"), HIDE_DEFAULT] = ""
    """Feature extractor of these evaluations, for example inception for FID. Default: classifier for labeled images, pixels for other images, points for vectors."""  # noqa: E501

    def check(self) -> None:
        """Raises `ConfigError` if a value is invalid, or the samples are too few."""
        super().check()
        too_few = 0 < self.num_samples < MIN_SAMPLES
        if too_few or (self.every and not self.num_samples):
            raise ConfigError(
                f"evaluate must be at least {MIN_SAMPLES}, got {self.num_samples}. To turn "
                "evaluation off, set evaluate and evaluate_every to 0."
            )
