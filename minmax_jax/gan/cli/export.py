"""`minmax-jax export` writes the generator of a run for other programs."""

import dataclasses
from typing import Annotated

from tyro.conf import arg

from minmax_jax.gan.base.messages import print_lines
from minmax_jax.gan.config.fields import HIDE_DEFAULT, choices
from minmax_jax.gan.generation import export


@dataclasses.dataclass(frozen=True)
class Export:
    """Export a run's generator to StableHLO, with its parameters and any batch size.

    Programs without this library load the file: JAX by jax.export.deserialize, others as StableHLO.
    A JSON file beside it describes inputs and output.
    """

    run: str
    """Run folder, as passed to train with --out."""
    out: str
    """File to write: .jax for jax.export.deserialize (needs the extra export), .mlir for StableHLO as text, .mlirbc for StableHLO as portable bytecode."""  # noqa: E501
    step: Annotated[int | None, arg(metavar="INT"), HIDE_DEFAULT] = None
    """Step of the checkpoint. Default: the newest checkpoint."""
    truncation: Annotated[float | None, arg(metavar="FLOAT"), HIDE_DEFAULT] = None
    """Clip latents to ±FLOAT inside the function. Default: no truncation."""
    standing: int = 0
    """Average BatchNorm statistics over N passes with equal weights. 0: as in sample."""
    uint8: bool = False
    """Return images as uint8 pixels. Default: float32 in -1...1."""
    platforms: Annotated[
        tuple[str, ...], arg(metavar=choices(export.PLATFORMS) + " ..."), HIDE_DEFAULT
    ] = ("cpu", "cuda", "tpu")
    """Platforms that can run the function. Default: cpu cuda tpu."""


def run(command: Export) -> None:
    """Writes the file."""
    path = export.export(
        command.run,
        command.out,
        step=command.step,
        truncation=command.truncation,
        standing=command.standing,
        uint8=command.uint8,
        platforms=command.platforms,
    )
    print_lines(f"{export.FORMATS[path.suffix]} in {path}, described in {path}.json")
