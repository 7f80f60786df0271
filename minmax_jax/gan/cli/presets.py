"""`minmax-jax presets` lists the presets, or prints one."""

import dataclasses
from typing import Annotated

import tyro
from tyro.conf import arg

from minmax_jax.gan.base.messages import print_lines
from minmax_jax.gan.config import preset_text
from minmax_jax.gan.config.fields import choices
from minmax_jax.gan.config.preset_registry import PRESETS


@dataclasses.dataclass(frozen=True)
class Presets:
    """List the presets of train, or print the fields and learning rates of one."""

    name: Annotated[
        tyro.conf.Positional[str], arg(metavar=f"[{choices(PRESETS)}]", help_behavior_hint="")
    ] = ""
    """Preset to print. Default: a list of all presets."""


def run(command: Presets) -> None:
    """Prints the list, or the page of one preset."""
    print_lines(preset_text.page(command.name) if command.name else preset_text.listing())
