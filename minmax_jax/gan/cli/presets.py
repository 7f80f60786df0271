"""`minmax-jax presets`: list the presets, or print one."""

import dataclasses

import tyro

from minmax_jax.gan.config import preset_text


@dataclasses.dataclass(frozen=True)
class Presets:
    """List the presets of train, or print one with its fields and learning rates."""

    name: tyro.conf.Positional[str] = ""
    """Preset to print; all are listed if none is given."""


def run(command: Presets) -> None:
    """Prints."""
    print(preset_text.page(command.name) if command.name else preset_text.listing())
