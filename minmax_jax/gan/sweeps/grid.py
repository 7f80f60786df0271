"""The grid of a sweep: optimizers × learning rates of both players × seeds."""

import dataclasses
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.config import presets
from minmax_jax.gan.config.optimizer import option_names


@dataclasses.dataclass(frozen=True)
class Grid:
    """What a sweep goes through: the same number of rates and seeds for every optimizer.

    Attributes:
      optimizers: names of `minmax_jax.optimizers`.
      factors: rates as multiples of the optimizer's own, since units differ between methods:
        those of the preset, or of `centres`.
      rates_min: the generator's rates themselves, in place of `factors`.
      rates_max: the discriminator's, likewise.
      seeds: seeds of the runs.
      centres: optimizer -> (min, max) rates that `factors` multiply.
    """

    optimizers: tuple[str, ...]
    factors: tuple[float, ...] = (0.2, 1.0, 5.0)
    rates_min: tuple[float, ...] = ()
    rates_max: tuple[float, ...] = ()
    seeds: tuple[int, ...] = (0,)
    centres: Mapping[str, tuple[float, float]] = dataclasses.field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Numbers of optimizers, generator's rates, discriminator's rates and seeds."""
        rates = [len(given or self.factors) for given in (self.rates_min, self.rates_max)]
        return (len(self.optimizers), rates[0], rates[1], len(self.seeds))

    def rates(self, optimizer: str, preset: str) -> tuple[list[float], list[float]]:
        """Returns the rates of generator and discriminator for an optimizer."""
        config = presets.preset(preset, optimizer=optimizer)
        centre = self.centres.get(
            optimizer, (config.optimizer.learning_rate_min, config.optimizer.learning_rate_max)
        )
        low, high = (
            list(given) or [float(f"{rate * factor:.6g}") for factor in self.factors]
            for given, rate in zip((self.rates_min, self.rates_max), centre, strict=True)
        )
        return low, high


class Member(NamedTuple):
    """One run of a sweep.

    Attributes:
      name: its folder's name.
      config: what is trained; `out` is the run folder.
    """

    name: str
    config: config_lib.Config

    @property
    def folder(self) -> Path:
        """The run folder."""
        return Path(self.config.run.out)


def members(config: config_lib.Config, grid: Grid, folder: Path) -> list[Member]:
    """Returns the members in the order of `grid.shape`, seeds fastest.

    Args:
      config: everything but optimizer, rates and seed. Of its options each optimizer gets
        those that it takes.
      grid: what is swept.
      folder: the sweep's; runs are in `runs` there.

    Raises:
      ConfigError: an optimizer or an option is not known, a number is out of range, or
        something is given twice.
    """
    for field in ("optimizers", "seeds", *(f for f in ("rates_min", "rates_max", "factors"))):
        values = getattr(grid, field)
        if len(set(values)) < len(values):
            raise ConfigError(f"{field}: a value is given twice; give each once")
    for field, count in zip(("optimizers", "rates_min", "rates_max", "seeds"), grid.shape,
                            strict=True):  # fmt: skip
        if not count:
            raise ConfigError(f"{field} is empty; give at least one value")
    for optimizer in grid.optimizers:
        presets.preset(config.run.preset, optimizer=optimizer)  # refuses unknown names
    taken = {name for optimizer in grid.optimizers for name in option_names(optimizer)}
    unknown = sorted(set(config.optimizer.options) - taken)
    if unknown and set(unknown) - {"b1"}:  # b1 comes from the preset's own optimizer
        raise ConfigError(f"options: no optimizer of the sweep takes {', '.join(unknown)}")
    found = []
    for optimizer in grid.optimizers:
        low, high = grid.rates(optimizer, config.run.preset)
        for rate_min, rate_max, seed in itertools.product(low, high, grid.seeds):
            name = f"{optimizer}-{rate_min:g}-{rate_max:g}-s{seed}"
            found.append(Member(name, _member(config, optimizer, rate_min, rate_max, seed,
                                              folder / "runs" / name)))  # fmt: skip
    return found


def _member(
    config: config_lib.Config,
    optimizer: str,
    rate_min: float,
    rate_max: float,
    seed: int,
    out: Path,
) -> config_lib.Config:
    own = {k: v for k, v in config.optimizer.options.items() if k in option_names(optimizer)}
    return config.replace(
        optimizer=optimizer,
        options=presets.add_options(config.run.preset, optimizer, own),
        learning_rate_min=rate_min,
        learning_rate_max=rate_max,
        seed=seed,
        out=str(out),
    ).check()
