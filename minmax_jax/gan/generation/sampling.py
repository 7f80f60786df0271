"""Sampling and latent interpolation with the averaged generator of a run."""

from pathlib import Path

import numpy as np

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.generation import generator
from minmax_jax.gan.generation.latents import latent_arcs, seeded_latents


def sample(run_dir: str | Path, num: int, *, seed: int = 0, step: int | None = None) -> np.ndarray:
    """Draws samples from a checkpoint of a run.

    The same seed gives the same latents for every run and step.

    Args:
      run_dir: Run folder.
      num: Number of samples.
      seed: Seed of the latents.
      step: Step of the checkpoint. Default: the newest valid checkpoint.

    Returns:
      uint8 images `(num, height, width, channels)`, or float32 vectors `(num, d)`.

    Raises:
      ConfigError: If the folder does not contain a run or a valid checkpoint, or
        `num` is less than 1.
    """
    check_count("num", num)
    loaded = generator.load_generator(run_dir, step=step)
    return loaded.generate(seeded_latents(loaded.pair.latent_dim, num, seed=seed))


def interpolate(
    run_dir: str | Path,
    num: int = 8,
    *,
    num_frames: int = 10,
    loop: bool = False,
    seed: int = 0,
    step: int | None = None,
) -> np.ndarray:
    """Draws samples along arcs in latent space.

    `image_io.write` saves them as an image or a GIF.

    Args:
      run_dir: Run folder.
      num: Number of interpolations. Interpolation i starts at latent i of the seed
        and goes to latent `num + i`.
      num_frames: Number of samples per interpolation, at least 2.
      loop: Whether to follow the whole circle and return to the start.
      seed: Seed of the latents.
      step: Step of the checkpoint. Default: the newest valid checkpoint.

    Returns:
      uint8 images `(num, num_frames, height, width, channels)`, or float32 vectors
      `(num, num_frames, d)`.

    Raises:
      ConfigError: If the folder does not contain a run or a valid checkpoint, or
        `num` or `num_frames` is too small.
    """
    check_count("num", num)
    check_count("num_frames", num_frames, 2)
    loaded = generator.load_generator(run_dir, step=step)
    ends = seeded_latents(loaded.pair.latent_dim, 2 * num, seed=seed)
    arcs = latent_arcs(ends[:num], ends[num:], num_frames, loop=loop)
    flat = loaded.generate(arcs.reshape(num * num_frames, -1))
    return flat.reshape(num, num_frames, *flat.shape[1:])


def check_count(name: str, value: int, at_least: int = 1) -> int:
    """Returns `value`, or raises `ConfigError` if it is less than `at_least`."""
    if value < at_least:
        raise ConfigError(f"{name} must be at least {at_least}, got {value}.")
    return value
