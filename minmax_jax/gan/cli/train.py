"""`minmax-jax train` trains a GAN, or resumes a run."""

import argparse
import dataclasses
from collections.abc import Sequence
from typing import Annotated

from tyro.conf import arg

from minmax_jax.gan.base.messages import print_lines
from minmax_jax.gan.config.config import Config
from minmax_jax.gan.config.optimizer import OptimizerConfig
from minmax_jax.gan.config.presets import (
    add_network_options,
    add_options,
    add_schedules,
    preset,
)
from minmax_jax.gan.config.run import RunConfig
from minmax_jax.gan.multihost.launch import Launch
from minmax_jax.gan.trainer import summary, train


@dataclasses.dataclass(frozen=True)
class Train:
    """Train a GAN, or resume the run in --out.

    The defaults shown are those of the preset. Flags override the preset.
    """

    config: Annotated[Config, arg(name="")] = dataclasses.field(default_factory=Config)

    launch: Launch = dataclasses.field(default_factory=Launch)
    """Training with several processes."""

    tensorboard: bool = False
    """Also write metrics and samples as TensorBoard event files in the run folder. Needs the extra tensorboard."""  # noqa: E501
    wandb: bool = False
    """Also log to Weights & Biases. Needs the extra wandb. WANDB_PROJECT, WANDB_ENTITY and WANDB_MODE=offline work as usual."""  # noqa: E501


def defaults(argv: Sequence[str]) -> Train:
    """Returns the default arguments for the preset and the optimizer in `argv`."""
    return Train(preset_of(argv))


def run(command: Train) -> None:
    """Trains and prints the summary."""
    config = with_preset_options(command.config)
    finished = train.train(
        config,
        launch=command.launch,
        use_tensorboard=command.tensorboard,
        use_wandb=command.wandb,
    )
    if finished.summary:  # Only the coordinator of several processes has a summary.
        print_lines(summary.summary_text(finished.config, finished.summary, finished.folder))


def preset_of(argv: Sequence[str]) -> Config:
    """Returns the configuration of the `--preset` and the `--optimizer` in `argv`."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--preset", default=RunConfig.preset)
    parser.add_argument("--optimizer", default=OptimizerConfig.name)
    chosen, _ = parser.parse_known_args(list(argv))
    return preset(chosen.preset, optimizer=chosen.optimizer)


def with_preset_options(config: Config) -> Config:
    """Returns `config` with its options and schedules added to those that the preset has."""
    name, optimizer, networks = config.run.preset, config.optimizer, config.networks
    return config.replace(
        options=add_options(name, optimizer.name, optimizer.options),
        network_options=add_network_options(name, networks.name, networks.options),
        schedule=add_schedules(name, optimizer.name, config.schedules.values),
    )
