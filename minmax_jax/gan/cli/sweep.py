"""`minmax-jax sweep` trains a grid of optimizers, learning rates and seeds."""

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import jax
from tyro.conf import arg

import minmax_jax as mm
from minmax_jax.gan import sweeps
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.messages import print_lines
from minmax_jax.gan.cli import train
from minmax_jax.gan.config.config import Config
from minmax_jax.gan.config.fields import HIDE_DEFAULT, choices
from minmax_jax.gan.config.presets import preset
from minmax_jax.gan.sweeps import report


@dataclasses.dataclass(frozen=True)
class Sweep:
    """Run a sweep over optimizers, learning rates and seeds, or resume the sweep in --out.

    Every optimizer gets the same number of learning rates and seeds. The flags of train apply
    to all runs, with two exceptions: --out is the folder of the sweep (default:
    runs/sweep-PRESET), and the grid replaces --optimizer, --seed, --learning-rate-min and
    --learning-rate-max. The defaults shown are those of the preset. Flags override the preset.
    """

    optimizers: Annotated[
        tuple[str, ...],
        arg(metavar=choices(mm.optimizers) + " ...", help_behavior_hint="(required)"),
    ]
    """Two-player optimizers to compare."""
    factors: tuple[float, ...] = (0.2, 1.0, 5.0)
    """Learning rates of both players, as multiples of the preset's for each optimizer. See `minmax-jax presets`."""  # noqa: E501
    rates_min: Annotated[tuple[float, ...], HIDE_DEFAULT] = ()
    """Learning rates of the generator. Default: from --factors."""
    rates_max: Annotated[tuple[float, ...], HIDE_DEFAULT] = ()
    """Learning rates of the discriminator. Default: from --factors."""
    seeds: tuple[int, ...] = (0,)
    """Seeds of the runs."""
    vmap: Literal["auto", "on", "off"] = "auto"
    """Train the runs of an optimizer in one vmapped program. auto: only for small networks."""
    score: Annotated[str, HIDE_DEFAULT] = ""
    """Metric to compare runs by. For each score it is known whether higher or lower is better; for training metrics, lower is better. METRIC:min or METRIC:max overrides the direction. Default: high_quality_share for gaussians, frechet_distance for images."""  # noqa: E501
    executor: Literal["local", "dask"] = "local"
    """Where the runs train. local: in this process. dask: on the workers of a Dask cluster (extra cluster), several at a time. See docs/cluster.md."""  # noqa: E501
    dask: Annotated[str, arg(metavar="ADDRESS"), HIDE_DEFAULT] = ""
    """Scheduler of the cluster, such as tcp://HOST:8786, or its scheduler file. Default: a cluster on this machine."""  # noqa: E501
    workers: Annotated[int, HIDE_DEFAULT] = 0
    """Number of workers of the cluster on this machine. Default: one per accelerator, or one per two cores of a CPU."""  # noqa: E501
    config: Annotated[Config, arg(name="")] = dataclasses.field(default_factory=Config)


def defaults(argv: Sequence[str]) -> Sweep:
    """Returns the default arguments for the preset in `argv`."""
    return Sweep(optimizers=(), config=train.preset_of(argv))


def run(command: Sweep) -> None:
    """Runs the sweep and prints the table."""
    _check_not_in_grid(command.config)
    grid = sweeps.Grid(
        command.optimizers, command.factors, command.rates_min, command.rates_max, command.seeds
    )
    out = command.config.run.out
    with _without_devices(command.executor):
        done = sweeps.sweep(
            command.config,
            grid,
            out=out,
            vmap=command.vmap,
            score=command.score,
            executor=command.executor,
            dask=command.dask,
            workers=command.workers,
        )
    print_lines(report.table(done))
    names = ("heatmap.png", "table.md", "result.json", "runs")
    print_lines("\n".join(f"  {name:12} {done.folder / name}" for name in names))


@contextlib.contextmanager
def _without_devices(executor: str) -> Iterator[None]:
    """Lets this process compute on the CPU, because workers need the memory of the GPUs."""
    before = jax.config.jax_platforms  # pyright: ignore[reportAttributeAccessIssue]
    if executor == "dask":
        jax.config.update("jax_platforms", "cpu")
    try:
        yield
    finally:
        jax.config.update("jax_platforms", before)


def _check_not_in_grid(config: Config) -> None:
    """Raises `ConfigError` for flags that the grid would override."""
    replacements = {
        "optimizer": "--optimizers",
        "seed": "--seeds",
        "learning_rate_min": "--rates-min",
        "learning_rate_max": "--rates-max",
    }
    given, default = config.flat(), preset(config.run.preset).flat()
    for field, flag in replacements.items():
        if given[field] != default[field]:
            raise ConfigError(
                f"{field}={given[field]}: the sweep chooses this value. Use {flag} instead."
            )
