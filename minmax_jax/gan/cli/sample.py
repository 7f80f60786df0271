"""`minmax-jax sample` writes samples or latent interpolations of a run to files."""

import dataclasses
import os
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import arg

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.messages import print_lines
from minmax_jax.gan.config.fields import HIDE_DEFAULT
from minmax_jax.gan.generation import image_files, image_io, sampling
from minmax_jax.gan.run import files, ownership

SUFFIXES = (".png", ".gif", ".npz")
"""Endings of the files that the command writes."""

GIF_FRAMES = 48
"""Default number of images in a GIF, which then takes about three seconds."""


@dataclasses.dataclass(frozen=True)
class Sample:
    """Draw samples or latent interpolations from a run's generator, with averaged parameters."""

    run: str
    """Run folder, as passed to train with --out."""
    out: str
    """File to write: .png for an image, .gif for animated interpolations, .npz for an array `samples`. A name that ends in / is a new folder for single .png files."""  # noqa: E501
    num: Annotated[int | None, arg(metavar="INT"), HIDE_DEFAULT] = None
    """Number of samples or interpolations. Default: 64 samples, 8 interpolations, or 16 for a GIF."""  # noqa: E501
    seed: int = 0
    """Seed of the latents. The same seed gives the same latents for every run and step."""
    step: Annotated[int | None, arg(metavar="INT"), HIDE_DEFAULT] = None
    """Step of the checkpoint. Default: the newest checkpoint."""
    truncation: Annotated[float | None, arg(metavar="FLOAT"), HIDE_DEFAULT] = None
    """Clip latents to ±FLOAT, for more typical and less varied samples. Default: no truncation."""
    standing: int = 0
    """Average BatchNorm statistics over N passes with equal weights, as BigGAN does with N = 16. 0: a running average over 64 passes; with --truncation, 16 passes."""  # noqa: E501
    interpolate: int = 0
    """Images per interpolation between two latents, or 0 for samples. A .png has one row per interpolation. A .gif loops and has 48 images by default."""  # noqa: E501
    label: Annotated[int | None, arg(name="class", metavar="K"), HIDE_DEFAULT] = None
    """Class of all samples, from 0, for a run with --conditional. Default: random classes, as in training."""  # noqa: E501
    per_class: Annotated[int | None, arg(metavar="INT"), HIDE_DEFAULT] = None
    """Draw N samples of every class, for a run with --conditional. A .png has one row per class, and a column has one latent."""  # noqa: E501


def run(command: Sample) -> None:
    """Draws the samples and writes the file or the folder."""
    _check_combination(command)
    as_folder = command.out.endswith(("/", os.sep)) or Path(command.out).is_dir()
    path = _check_target(command.out, as_folder)
    gif = path.suffix == ".gif" and not as_folder
    chosen: dict[str, Any] = {
        name: getattr(command, name) for name in ("seed", "step", "truncation", "standing")
    }
    if gif or command.interpolate:
        num = (16 if gif else 8) if command.num is None else command.num
        frames = command.interpolate or GIF_FRAMES
        chosen |= {"num_frames": frames, "loop": gif, "label": command.label}
        samples = sampling.interpolate(command.run, num, **chosen)
        text = f"{num} interpolations of {frames} images"
    elif command.per_class is not None:
        samples = sampling.sample_classes(command.run, command.per_class, **chosen)
        text = f"{command.per_class} samples of each of {len(samples)} classes"
        if samples.ndim == 3 and path.suffix == ".png":  # Points of all classes in one plot.
            samples = samples.reshape(-1, samples.shape[-1])
    else:
        num = 64 if command.num is None else command.num
        samples = sampling.sample(command.run, num, label=command.label, **chosen)
        text = f"{num} samples"
    if as_folder:
        image_files.save_folder(samples, path)
    else:
        image_io.write(samples, path)
    print_lines(f"{text} in {path}")


def _check_combination(command: Sample) -> None:
    """Raises `ConfigError` if --per-class is given with a flag that it excludes."""
    if command.per_class is None:
        return
    for flag, value in (("num", command.num), ("class", command.label)):
        if value is not None:
            raise ConfigError(
                f"per_class draws samples of every class, got {flag}={value}. Omit one of them."
            )
    if command.interpolate or command.out.endswith(".gif"):
        raise ConfigError(
            f"per_class={command.per_class} is for samples, not for interpolations. Use --class."
        )


def _check_target(out: str, as_folder: bool) -> Path:
    """Returns the path to write, after checks that need no samples."""
    path = Path(out)
    if as_folder:
        image_files.check_new_folder(path)
        return path
    if path.suffix not in SUFFIXES:
        raise ConfigError(
            f"out={path}: the name must end in {' or '.join(SUFFIXES)}, or in / for a folder of "
            "single images."
        )
    files.check_replaceable(path)
    ownership.check_not_of_training(path)
    return path
