"""Grid of a sweep: optimizers × learning rates of both players × seeds."""

import collections
import dataclasses
import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.config import presets
from minmax_jax.gan.config.optimizer import option_names
from minmax_jax.gan.config.preset_registry import PRESETS
from minmax_jax.gan.config.schedules import QUANTITIES

AXES = ("optimizers", "learning_rates_min", "learning_rates_max", "seeds")
"""Axes of a grid, in the order of `Grid.shape`."""

MAX_RUNS = 100_000
"""Largest number of runs. More folders would slow down most file systems."""


@dataclasses.dataclass(frozen=True)
class Grid:
    """Optimizers, learning rates and seeds of a sweep.

    Every optimizer gets the same number of learning rates and seeds.

    Attributes:
      optimizers: Names in `minmax_jax.optimizers`.
      factors: Numbers by which the learning rates in `centers` are multiplied.
        Suitable learning rates differ between optimizers, so each has its own
        center.
      learning_rates_min: Learning rates of the generator. Default: from `factors`.
      learning_rates_max: Learning rates of the discriminator. Default: from
        `factors`.
      seeds: Seeds of the runs.
      centers: Maps an optimizer to its learning rates (min, max). Default: the learning
        rates of the preset.
    """

    optimizers: tuple[str, ...]
    factors: tuple[float, ...] = (0.2, 1.0, 5.0)
    learning_rates_min: tuple[float, ...] = ()
    learning_rates_max: tuple[float, ...] = ()
    seeds: tuple[int, ...] = (0,)
    centers: Mapping[str, tuple[float, float]] = dataclasses.field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Lengths of the axes: optimizers, learning rates of both players, seeds."""
        num_min = len(self.learning_rates_min or self.factors)
        num_max = len(self.learning_rates_max or self.factors)
        return (len(self.optimizers), num_min, num_max, len(self.seeds))

    def learning_rates(self, optimizer: str, preset: str) -> tuple[list[float], list[float]]:
        """Returns the learning rates of generator and discriminator for an optimizer.

        Args:
          optimizer: Name in `minmax_jax.optimizers`.
          preset: Name of the preset that gives the default center.
        """
        config = presets.preset(preset, optimizer=optimizer).optimizer
        center = self.centers.get(optimizer, (config.learning_rate_min, config.learning_rate_max))
        given = (self.learning_rates_min, self.learning_rates_max)
        learning_rates_min, learning_rates_max = (
            list(values) or [float(f"{middle * factor:.6g}") for factor in self.factors]
            for values, middle in zip(given, center, strict=True)
        )
        return learning_rates_min, learning_rates_max

    def check(self) -> None:
        """Raises `ConfigError` if an axis is empty or contains a value twice."""
        for field in (*AXES, "factors"):
            values = getattr(self, field)
            if len(set(values)) < len(values):
                raise ConfigError(f"{field}: a value is given twice. Give each value once.")
        for field, length in zip(AXES, self.shape, strict=True):
            if not length:
                raise ConfigError(f"{field} is empty. Give at least one value.")
        if math.prod(self.shape) > MAX_RUNS:
            raise ConfigError(
                f"the grid must have at most {MAX_RUNS} runs, got {self.describe()}. Give fewer "
                "learning rates or seeds."
            )

    def describe(self) -> str:
        """Returns the number of runs as a product.

        Example:
          >>> Grid(("sgda", "adam_gda"), seeds=(0, 1)).describe()
          '2 optimizers × 3 × 3 learning rates × 2 seeds = 36 runs'
        """
        optimizers, rates_min, rates_max, seeds = self.shape
        count = math.prod(self.shape)
        return (
            f"{optimizers} optimizer{'s' * (optimizers > 1)} × {rates_min} × {rates_max} learning "
            f"rates × {seeds} seed{'s' * (seeds > 1)} = {count} run{'s' * (count > 1)}"
        )


class SweepRun(NamedTuple):
    """One run of a sweep.

    Attributes:
      name: Name of the run folder.
      config: Configuration of the run; `out` is the run folder.
    """

    name: str
    config: config_lib.Config

    @property
    def folder(self) -> Path:
        """Run folder."""
        return Path(self.config.run.out)


def sweep_runs(config: config_lib.Config, grid: Grid, folder: Path) -> list[SweepRun]:
    """Returns the runs of a sweep in row-major order of the grid, so seeds vary fastest.

    Args:
      config: Configuration that all runs share. The grid replaces optimizer,
        learning rates and seed. Each optimizer gets the options that it supports.
      grid: Optimizers, learning rates and seeds of the runs.
      folder: Folder of the sweep. Run folders are in its subfolder `runs`.

    Raises:
      ConfigError: If an optimizer or option is unknown, a number is out of range,
        or an axis of the grid is empty or contains a value twice.
    """
    grid.check()
    for optimizer in grid.optimizers:
        presets.preset(config.run.preset, optimizer=optimizer)  # rejects unknown names
    _check_options(config, grid)
    runs = []
    for optimizer in grid.optimizers:
        both = grid.learning_rates(optimizer, config.run.preset)
        for rate_min, rate_max, seed in itertools.product(*both, grid.seeds):
            name = f"{optimizer}-{rate_min:g}-{rate_max:g}-s{seed}"
            run_config = config.replace(
                optimizer=optimizer,
                options=_options(config, optimizer),
                schedule=_schedules(config, optimizer),
                learning_rate_min=rate_min,
                learning_rate_max=rate_max,
                seed=seed,
                out=str(folder / "runs" / name),
            )
            runs.append(SweepRun(name, run_config.check()))
    _check_names(runs)
    return runs


def _check_names(runs: Sequence[SweepRun]) -> None:
    """Raises `ConfigError` if two runs would have the same folder."""
    names = collections.Counter(run.name for run in runs)
    name, count = names.most_common(1)[0]
    if count > 1:
        raise ConfigError(
            f"the runs {name} differ only after the sixth digit of a learning rate. Give learning "
            "rates that differ more."
        )


def _check_options(config: config_lib.Config, grid: Grid) -> None:
    """Raises `ConfigError` for options that no optimizer of the grid supports."""
    supported = {name for optimizer in grid.optimizers for name in option_names(optimizer)}
    unknown = sorted(set(config.optimizer.options) - supported)
    # The user may not have given b1, because the preset sets it for its own optimizer.
    if set(unknown) - {"b1"}:
        raise ConfigError(
            f"options: no optimizer of the sweep supports {', '.join(unknown)}. Omit them."
        )
    known = supported | {*QUANTITIES, *PRESETS[config.run.preset].fields.get("schedule", {})}
    if unknown := sorted(set(config.schedules.values) - known):
        raise ConfigError(
            f"schedule: no optimizer of the sweep supports {', '.join(unknown)}. Omit them."
        )


def _options(config: config_lib.Config, optimizer: str) -> Mapping[str, Any]:
    """Returns the options that an optimizer supports, with the preset's options added."""
    names = option_names(optimizer)
    given = {name: value for name, value in config.optimizer.options.items() if name in names}
    return presets.add_options(config.run.preset, optimizer, given)


def _schedules(config: config_lib.Config, optimizer: str) -> Mapping[str, Any]:
    """Returns the schedules that an optimizer supports, with the preset's schedules added."""
    known = (*QUANTITIES, *option_names(optimizer))
    given = {key: value for key, value in config.schedules.values.items() if key in known}
    return presets.add_schedules(config.run.preset, optimizer, given)
