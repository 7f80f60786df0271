"""Configuration of the run folder: preset, seed, log and checkpoints."""

import dataclasses
from collections.abc import Collection
from typing import Annotated, NamedTuple

from tyro.conf import arg

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config.fields import HIDE_DEFAULT, AtLeast, Below, Group, choices
from minmax_jax.gan.config.preset_registry import PRESETS


class Best(NamedTuple):
    """The logged metric by which checkpoints or runs are compared.

    Attributes:
      name: Name of the metric in `metrics.jsonl`.
      highest: Whether higher values are better.
    """

    name: str
    highest: bool


def parse_best(text: str, field: str, higher: Collection[str] = ()) -> Best | None:
    """Parses `METRIC`, `METRIC:min` or `METRIC:max`; returns None for an empty string.

    Args:
      text: String to parse.
      field: Name of the field that contains it, for error messages.
      higher: Names of metrics of which `METRIC` alone means `METRIC:max`.

    Raises:
      ConfigError: If the string has another form.

    Example:
      >>> parse_best("modes_covered:max", field="score")
      Best(name='modes_covered', highest=True)
    """
    name, colon, order = text.partition(":")
    is_name = name.replace("-", "_").isidentifier()
    if text and (not is_name or (colon and order not in ("min", "max"))):
        raise ConfigError(
            f"{field} must be METRIC or METRIC:min (lower is better), or METRIC:max (higher is "
            f"better), got {text!r}. Choose METRIC from the names in metrics.jsonl."
        )
    if not text:
        return None
    return Best(name, highest=order == "max" or (not colon and name in higher))


@dataclasses.dataclass(frozen=True)
class RunConfig(Group):
    """Run folder, seed, log and checkpoints."""

    preset: Annotated[str, arg(metavar=choices(PRESETS))] = "digits"
    """Set of defaults. See `minmax-jax presets`."""
    out: Annotated[str, HIDE_DEFAULT] = ""
    """Run folder. A run found there is resumed. Default: runs/PRESET-OPTIMIZER-sSEED."""
    init_from: Annotated[str, HIDE_DEFAULT] = ""
    """Start from the networks, statistics and average of another run, for fine-tuning: its folder, or one of its files checkpoints/STEP.npz. Default: random initial parameters."""  # noqa: E501
    seed: Annotated[int, AtLeast(0), Below(2**31)] = 0
    """Seed of the initial parameters and of all randomness during training."""
    log_every: Annotated[int, AtLeast(1)] = 100
    """Log every N updates to metrics.jsonl."""
    sample_every: Annotated[int, AtLeast(0)] = 0
    """Draw the same samples every N updates to samples/, and a strip over time at the end. 0: only samples.png at the end."""  # noqa: E501
    checkpoint_every: Annotated[int, AtLeast(1)] = 2000
    """Save a checkpoint every N updates."""
    keep: Annotated[int, AtLeast(1)] = 3
    """Number of newest checkpoints to keep."""
    keep_best: Annotated[str, HIDE_DEFAULT] = ""
    """Also keep the checkpoint with the best METRIC from metrics.jsonl, such as frechet_distance (needs --evaluate-every). For each score it is known whether higher or lower is better; for other metrics, lower is better. METRIC:min or METRIC:max overrides the direction."""  # noqa: E501

    def check(self) -> None:
        """Raises `ConfigError` if a value is invalid."""
        super().check()
        parse_best(self.keep_best, "keep_best")
