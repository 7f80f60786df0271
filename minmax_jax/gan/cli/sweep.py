"""`minmax-jax sweep`: a grid of optimizers, rates and seeds, with a table and a heat map."""

import dataclasses
from collections.abc import Sequence
from typing import Literal

from minmax_jax.gan import sweeps as sweep_lib
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.cli import train
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.config import presets
from minmax_jax.gan.sweeps import report


@dataclasses.dataclass(frozen=True)
class Sweep:
    """Train a grid of optimizers, learning rates and seeds, or go on with the one in --out.

    Every optimizer gets the same number of rates and seeds. Every default shown is the
    preset's; a flag given wins over the preset.
    """

    optimizers: tuple[str, ...]
    """Names of two-player optimizers."""
    factors: tuple[float, ...] = (0.2, 1.0, 5.0)
    """Learning rates of both players as multiples of the preset's for the optimizer, see presets."""  # noqa: E501
    rates_min: tuple[float, ...] = ()
    """Learning rates of the generator themselves, in place of --factors."""
    rates_max: tuple[float, ...] = ()
    """Learning rates of the discriminator, likewise."""
    seeds: tuple[int, ...] = (0,)
    """Seeds of the runs."""
    vmap: Literal["auto", "on", "off"] = "auto"
    """Train the members of an optimizer inside one program: auto does where networks are small."""
    score: str = ""
    """What members are compared by: NAME where lower is better, NAME:max where higher is. Empty: high_quality_share:max for gaussians, frechet_distance for images."""  # noqa: E501
    config: config_lib.Config = dataclasses.field(default_factory=config_lib.Config)
    """What all members have in common. Here --out is the sweep's folder, runs/sweep-PRESET if empty, and --optimizer, --seed, --learning-rate-min and --learning-rate-max are refused: the grid has them."""  # noqa: E501


def defaults(argv: Sequence[str]) -> Sweep:
    """Returns the values of the preset that `argv` names."""
    return Sweep(optimizers=(), config=train.preset_of(argv))


def run(command: Sweep) -> None:
    """Sweeps and prints the table."""
    _check_swept(command.config)
    grid = sweep_lib.Grid(
        command.optimizers, command.factors, command.rates_min, command.rates_max, command.seeds
    )
    out = command.config.run.out
    done = sweep_lib.sweep(command.config, grid, out=out, vmap=command.vmap, score=command.score)
    print(report.table(done))
    names = ("heatmap.png", "table.md", "result.json", "runs")
    print("\n".join(f"  {name:12} {done.folder / name}" for name in names))


def _check_swept(config: config_lib.Config) -> None:
    """Refuses a flag of train that would be ignored."""
    swept = {"optimizer": "--optimizers", "seed": "--seeds",
             "learning_rate_min": "--rates-min", "learning_rate_max": "--rates-max"}  # fmt: skip
    given, default = config.flat(), presets.preset(config.run.preset).flat()
    for field, flag in swept.items():
        value = given[field]
        if value != default[field]:
            raise ConfigError(f"{field}={value} is swept; give {flag} in its place")
