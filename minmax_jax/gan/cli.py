"""The command line: `minmax-jax train` and `minmax-jax sample`."""

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from typing import Annotated

import tyro

from minmax_jax.gan import config as config_lib
from minmax_jax.gan import presets, report, sampling, trainer
from minmax_jax.gan.data import DataError


@dataclasses.dataclass(frozen=True)
class Sample:
    """Draw samples from the averaged generator of a run."""

    run: str
    """Run folder, as given to train --out."""
    out: str
    """File to write: .png for a picture, .npz for the array `samples`."""
    num: int = 64
    """How many samples."""
    seed: int = 0
    """Seed of the latents."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns 0, 2 after a wrong input, 130 after Ctrl-C."""
    argv = sys.argv[1:] if argv is None else list(argv)
    try:
        command = parse(argv)
        if isinstance(command, Sample):
            path = sampling.check_file(command.out)
            sampling.write(sampling.sample(command.run, command.num, seed=command.seed), path)
            print(f"{command.num} samples in {path}")
        else:
            run = trainer.train(command)
            print(report.summary_text(run.config, run.summary, run.folder))
    except (config_lib.ConfigError, DataError) as error:
        print(f"minmax-jax: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nminmax-jax: stopped; the same command resumes the run", file=sys.stderr)
        return 130
    return 0


def parse(argv: Sequence[str]) -> config_lib.Config | Sample:
    """Reads the command line; the preset's values are the defaults of `train`."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    first.add_argument("--preset", default="digits")
    first.add_argument("--optimizer", default=config_lib.Config.optimizer)
    chosen, _ = first.parse_known_args(list(argv))
    defaults = presets.preset(chosen.preset, optimizer=chosen.optimizer)
    command = tyro.cli(
        tyro.conf.OmitArgPrefixes[
            Annotated[config_lib.Config, tyro.conf.subcommand("train", default=defaults)]
            | Annotated[Sample, tyro.conf.subcommand("sample")]
        ],
        args=list(argv),
        prog="minmax-jax",
        description="Train GANs with min-max optimizers, and sample from them.",
    )
    if isinstance(command, Sample):
        return command
    options = presets.add_options(command.optimizer, command.options)
    return dataclasses.replace(command, options=options)
