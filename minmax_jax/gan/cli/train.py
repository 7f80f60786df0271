"""`minmax-jax train`: train a GAN, or resume the run in its folder."""

import argparse
import dataclasses
from collections.abc import Sequence

from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.config import presets
from minmax_jax.gan.config.optimizer import OptimizerConfig
from minmax_jax.gan.config.run import RunConfig
from minmax_jax.gan.multihost import process_group
from minmax_jax.gan.run import report
from minmax_jax.gan.trainer import train


@dataclasses.dataclass(frozen=True)
class Train:
    """Train a GAN, or resume the run that --out holds.

    Every default shown is the preset's; a flag given wins over the preset.
    """

    config: config_lib.Config = dataclasses.field(default_factory=config_lib.Config)
    """What to train: what `config.json` holds. Flags that are no part of the run stand beside."""

    launch: process_group.Launch = dataclasses.field(default_factory=process_group.Launch)
    """The processes that train it together."""

    tensorboard: bool = False
    """Write the lines of metrics.jsonl as TensorBoard event files too, in the run folder (extra tensorboard)."""  # noqa: E501


def defaults(argv: Sequence[str]) -> Train:
    """Returns the values of the preset and optimizer that `argv` names."""
    return Train(preset_of(argv))


def run(command: Train) -> None:
    """Trains and prints the summary."""
    config = with_preset_options(command.config)
    finished = train.train(config, launch=command.launch, use_tensorboard=command.tensorboard)
    if finished.summary:  # the first process's to tell
        print(report.summary_text(finished.config, finished.summary, finished.folder))


def preset_of(argv: Sequence[str]) -> config_lib.Config:
    """Returns the configuration of the `--preset` and `--optimizer` among `argv`."""
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    first.add_argument("--preset", default=RunConfig.preset)
    first.add_argument("--optimizer", default=OptimizerConfig.name)
    chosen, _ = first.parse_known_args(list(argv))
    return presets.preset(chosen.preset, optimizer=chosen.optimizer)


def with_preset_options(config: config_lib.Config) -> config_lib.Config:
    """Returns `config` with the preset's options beneath those given."""
    options = presets.add_options(
        config.run.preset, config.optimizer.name, config.optimizer.options
    )
    return config.replace(options=options)
