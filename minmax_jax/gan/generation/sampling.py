"""Samples and latent interpolations of a run's averaged generator parameters."""

import math
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.memory import check_memory
from minmax_jax.gan.base.messages import Note, print_note, short
from minmax_jax.gan.generation import labels as labels_lib
from minmax_jax.gan.generation.generator import Generator, load_generator
from minmax_jax.gan.generation.latents import latent_arcs, seeded_latents


def sample(
    run_dir: str | Path,
    num: int,
    *,
    label: int | None = None,
    seed: int = 0,
    step: int | None = None,
    truncation: float | None = None,
    standing: int = 0,
    note: Note = print_note,
) -> np.ndarray:
    """Draws samples from a checkpoint of a run.

    The same seed gives the same latents for every run and step.

    Args:
      run_dir: Run folder.
      num: Number of samples.
      label: Class of all samples, for a class-conditional run. Default: random classes, as in
        training.
      seed: Seed of the latents and classes, from 0 to 2³¹ − 1.
      step: Step of the checkpoint. Default: the newest valid checkpoint.
      truncation: Clips latents to ±truncation, for more typical and less varied samples. Default:
        no truncation.
      standing: Number of passes for standing statistics, see `gan.load`.
      note: Called with one line about the step, and one per corrupt checkpoint.
        Default: prints to standard error.

    Returns:
      uint8 images `(num, height, width, channels)`, or float32 vectors `(num, d)`.

    Raises:
      ConfigError: If the folder does not contain a run or a valid checkpoint, or
        an argument is out of range.
    """
    check_count("num", num)
    check_seed(seed)
    loaded = _load(run_dir, step, truncation, standing, note)
    check_sample_memory(loaded, "num", num, num)
    labels = loaded.labels(num, seed=seed) if label is None else _same_labels(loaded, label, num)
    latents = seeded_latents(loaded.pair.latent_dim, num, seed=seed)
    return loaded.generate(latents, note, labels=labels)


def sample_classes(
    run_dir: str | Path,
    num: int = 8,
    *,
    seed: int = 0,
    step: int | None = None,
    truncation: float | None = None,
    standing: int = 0,
    note: Note = print_note,
) -> np.ndarray:
    """Draws samples of every class from a class-conditional run.

    `image_io.write` saves them as an image with one row per class. Sample i of every class has the
    same latent, so differences within a column come from the class alone.

    Args:
      run_dir: Run folder.
      num: Number of samples of each class.
      seed: Seed of the latents, from 0 to 2³¹ − 1.
      step: Step of the checkpoint. Default: the newest valid checkpoint.
      truncation: Clips latents to ±truncation, see `sample`.
      standing: Number of passes for standing statistics, see `gan.load`.
      note: Called with one line about the step, and one per corrupt checkpoint.
        Default: prints to standard error.

    Returns:
      uint8 images `(num_classes, num, height, width, channels)`, or float32 vectors
      `(num_classes, num, d)`.

    Raises:
      ConfigError: If the folder does not contain a class-conditional run or a valid checkpoint, or
        an argument is out of range.
    """
    check_count("per_class", num)
    check_seed(seed)
    loaded = _load(run_dir, step, truncation, standing, note)
    num_classes = labels_lib.count_classes(loaded.pair)
    if not num_classes:
        labels_lib.check_label(loaded.pair, num, "per_class")  # Raises an error.
    check_sample_memory(loaded, "per_class", num, num_classes * num)
    latents = jnp.tile(seeded_latents(loaded.pair.latent_dim, num, seed=seed), (num_classes, 1))
    labels = np.repeat(np.arange(num_classes, dtype=np.int32), num)
    flat = loaded.generate(latents, note, labels=labels)
    return flat.reshape(num_classes, num, *flat.shape[1:])


def interpolate(
    run_dir: str | Path,
    num: int = 8,
    *,
    num_frames: int = 10,
    loop: bool = False,
    label: int | None = None,
    seed: int = 0,
    step: int | None = None,
    truncation: float | None = None,
    standing: int = 0,
    note: Note = print_note,
) -> np.ndarray:
    """Draws samples along arcs in latent space.

    `image_io.write` saves them as an image or a GIF.

    Args:
      run_dir: Run folder.
      num: Number of interpolations. Interpolation i starts at latent i of the seed
        and goes to latent `num + i`.
      num_frames: Number of samples per interpolation, at least 2.
      loop: Whether to follow the whole circle and return to the start.
      label: Class of all samples, for a class-conditional run. Default: each interpolation has a
        random class.
      seed: Seed of the latents, from 0 to 2³¹ − 1.
      step: Step of the checkpoint. Default: the newest valid checkpoint.
      truncation: Clips latents to ±truncation, for more typical and less varied samples. Default:
        no truncation.
      standing: Number of passes for standing statistics, see `gan.load`.
      note: Called with one line about the step, and one per corrupt checkpoint.
        Default: prints to standard error.

    Returns:
      uint8 images `(num, num_frames, height, width, channels)`, or float32 vectors
      `(num, num_frames, d)`.

    Raises:
      ConfigError: If the folder does not contain a run or a valid checkpoint, or
        an argument is out of range.
    """
    check_count("num", num)
    check_count("num_frames", num_frames, 2)
    check_seed(seed)
    loaded = _load(run_dir, step, truncation, standing, note)
    check_sample_memory(loaded, "num", num, num * num_frames)
    ends = seeded_latents(loaded.pair.latent_dim, 2 * num, seed=seed)
    arcs = latent_arcs(ends[:num], ends[num:], num_frames, loop=loop)
    labels = loaded.labels(num, seed=seed) if label is None else _same_labels(loaded, label, num)
    labels = None if labels is None else np.repeat(np.asarray(labels), num_frames)
    flat = loaded.generate(arcs.reshape(num * num_frames, -1), note, labels=labels)
    return flat.reshape(num, num_frames, *flat.shape[1:])


def check_count(name: str, value: int, at_least: int = 1) -> int:
    """Returns `value`, or raises `ConfigError` if it is less than `at_least` or above 2³⁰."""
    if value < at_least:
        raise ConfigError(f"{name} must be at least {at_least}, got {short(value)}.")
    if value > 2**30:  # The devices count in 32-bit integers.
        raise ConfigError(f"{name} must be at most {2**30}, got {short(value)}.")
    return value


def check_seed(value: int, name: str = "seed") -> int:
    """Returns `value`, or raises `ConfigError` unless it is from 0 to 2³¹ − 1."""
    if not 0 <= value < 2**31:
        raise ConfigError(f"{name} must be from 0 to {2**31 - 1}, got {short(value)}.")
    return value


def _same_labels(loaded: Generator, label: int, num: int) -> np.ndarray:
    return np.full(num, labels_lib.check_label(loaded.pair, label), np.int32)


def _load(
    run_dir: str | Path, step: int | None, truncation: float | None, standing: int, note: Note
) -> Generator:
    loaded = load_generator(run_dir, step=step, truncation=truncation, standing=standing, note=note)
    which = "the newest valid checkpoint" if step is None else "as requested"
    note(f"sampling from {run_dir} at step {loaded.step}, {which}")
    return loaded


def check_sample_memory(loaded: Generator, name: str, value: int, num_samples: int) -> None:
    """Raises `ConfigError` if this machine cannot hold `num_samples` samples."""
    size = math.prod(loaded.pair.sample_shape)
    needed = num_samples * 4 * (loaded.pair.latent_dim + 2 * size)  # Latents, and float samples.
    check_memory(name, value, needed, "Draw fewer samples, with several seeds.")
