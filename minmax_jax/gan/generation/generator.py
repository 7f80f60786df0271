"""Loads the generator of a run with averaged parameters, and draws samples."""

import functools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from minmax_jax.gan import networks
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.messages import Note, print_note, short
from minmax_jax.gan.generation import image_io
from minmax_jax.gan.generation.labels import class_weights, seeded_labels
from minmax_jax.gan.generation.latents import seeded_latents, truncate
from minmax_jax.gan.generation.statistics import PASSES, standing_statistics
from minmax_jax.gan.run import checkpoint, run_folder
from minmax_jax.gan.training import build

CHUNK = 256
"""Number of latents that pass through the generator at once."""

_STATISTICS_PASSES = 64
"""Training passes for new BatchNorm statistics. A weight of 0.9^64 = 0.1 % of the old ones
remains."""


class Generator(NamedTuple):
    """The generator of a checkpoint, with the moving average of its parameters.

    Attributes:
      pair: Networks of the run.
      params: Averaged parameters of the generator.
      stats: BatchNorm statistics of the averaged parameters.
      about: Configuration and data description of the run.
      step: Step of the checkpoint.
      truncation: Bound to which latents are clipped, or None.
    """

    pair: networks.Pair
    params: Any
    stats: Any
    about: run_folder.About
    step: int
    truncation: float | None = None

    @property
    def class_weights(self) -> np.ndarray | None:
        """Relative frequencies of the classes of samples, or None for uniform labels."""
        return class_weights(self.about.config, self.about.data.get("class_counts"))

    def labels(self, num: int, *, seed: int = 0) -> jax.Array | None:
        """Returns the labels `(num,)` of a seed, or None if the generator is not conditional."""
        return seeded_labels(self.pair, num, seed=seed, weights=self.class_weights)

    def generate(
        self, inputs: jax.Array, note: Note = print_note, *, labels: Any = None
    ) -> np.ndarray:
        """Maps latents `(n, latent_dim)` to uint8 images or float32 vectors.

        Args:
          inputs: Latents.
          note: Called with one line if samples are not finite.
          labels: Class of each sample, for a conditional generator. Default: the labels of seed 0.
        """
        labels = self.labels(len(inputs)) if labels is None else labels
        inputs = truncate(inputs, self.truncation)
        samples = generate(self.pair, self.params, self.stats, inputs, labels)
        note_nonfinite(samples, note)
        return image_io.to_uint8(samples) if self.about.data["kind"] == "image" else samples


def note_nonfinite(samples: np.ndarray, note: Note) -> None:
    """Calls `note` if samples are not finite, which a picture would hide."""
    count = int((~np.isfinite(samples)).reshape(len(samples), -1).any(1).sum())
    if count:
        note(f"{count:,} of {len(samples):,} samples are not finite: the training has diverged")


def load_generator(
    run_dir: str | Path,
    *,
    step: int | None = None,
    truncation: float | None = None,
    standing: int = 0,
    note: Note = print_note,
) -> Generator:
    """Loads the generator of a run, with the moving average of its parameters.

    Only the averaged parameters and the BatchNorm statistics are read from the
    checkpoint.

    Args:
      run_dir: Run folder.
      step: Step of the checkpoint. Default: the newest valid checkpoint.
      truncation: Clips latents to ±truncation. The statistics are computed for clipped latents.
        Default: no truncation.
      standing: Number of passes for standing statistics, see `standing_statistics`. 0: a running
        average, see `recompute_batch_stats`; with truncation, 16 passes.
      note: Called with one line per corrupt checkpoint. Default: prints to
        standard error.

    Raises:
      ConfigError: If the folder does not contain a run or a valid checkpoint, or `truncation` or
        `standing` is out of range.
    """
    check_truncation(truncation)
    check_standing(standing)
    folder = Path(run_dir)
    about = run_folder.read(folder)
    checkpoints = checkpoint.Checkpoints(folder / "checkpoints", note)
    found = checkpoints.restore(step, prefixes=("ema", "stats/min"))
    if found is None:
        raise ConfigError(f"{folder} has no checkpoint yet. Train the run first.")
    pair = build.build_pair(about.config, about.data["shape"], num_classes=about.num_classes)
    weights = class_weights(about.config, about.data.get("class_counts"))
    params = checkpoint.fill(pair.generator.params, found[1], "ema")
    stats = checkpoint.fill(pair.generator.stats, found[1], "stats/min")
    if standing or truncation is not None:
        passes = standing or PASSES
        stats = standing_statistics(
            pair,
            params,
            stats,
            passes=passes,
            truncation=truncation,
            labels=seeded_labels(pair, CHUNK, weights=weights),
        )
    else:
        stats = recompute_batch_stats(pair, params, stats, weights)
    return Generator(pair, params, stats, about, found[0], truncation)


def check_truncation(value: float | None) -> None:
    """Raises `ConfigError` unless the value is a positive number or None."""
    if value is not None and not (value > 0 and math.isfinite(value)):
        raise ConfigError(f"truncation must be a positive number, got {short(value)}.")


def check_standing(value: int) -> None:
    """Raises `ConfigError` unless the number of passes is from 0 to 10,000."""
    if not 0 <= value <= 10_000:
        raise ConfigError(f"standing must be from 0 to 10000, got {short(value)}.")


def draw_samples(
    pair: networks.Pair,
    params: Any,
    stats: Any,
    num: int,
    *,
    seed: int = 0,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Draws samples from a generator; sample i depends only on the seed and i.

    Args:
      pair: Networks that were built without an axis name.
      params: Parameters of the generator, usually the moving average.
      stats: BatchNorm statistics of these parameters, see
        `recompute_batch_stats`.
      num: Number of samples.
      seed: Seed of the latents and of the labels of a conditional generator.
      weights: Relative frequencies of the classes. Default: uniform.

    Returns:
      float32 `(num, *sample_shape)`, images in −1…1.
    """
    inputs = seeded_latents(pair.latent_dim, num, seed=seed)
    labels = seeded_labels(pair, num, seed=seed, weights=weights)
    return generate(pair, params, stats, inputs, labels)


def generate(
    pair: networks.Pair, params: Any, stats: Any, inputs: jax.Array, labels: Any = None
) -> np.ndarray:
    """Maps latents `(n, latent_dim)` to float32 samples, `CHUNK` at a time.

    The last chunk is padded, so that there is one compiled shape and a sample does
    not depend on the number of samples. A conditional generator receives `labels`, one class
    per latent.
    """
    missing = -len(inputs) % CHUNK
    padded = jnp.pad(inputs, ((0, missing), (0, 0))).reshape(-1, CHUNK, pair.latent_dim)
    classes = [None] * len(padded)
    if labels is not None:
        classes = jnp.pad(jnp.asarray(labels, jnp.int32), (0, missing)).reshape(-1, CHUNK)
    samples = np.zeros(0, np.float32)
    for i, (chunk, chunk_labels) in enumerate(zip(padded, classes, strict=True)):
        options = networks.labels_option(pair.generator, chunk_labels)
        part = _apply(pair.generator.apply, params, stats, chunk, options)
        if not i:
            samples = np.zeros((len(inputs), *part.shape[1:]), np.float32)
        rows = samples[i * CHUNK : (i + 1) * CHUNK]
        rows[:] = part[: len(rows)]  # Only one chunk is in memory beside the samples.
    return samples


def recompute_batch_stats(
    pair: networks.Pair, params: Any, stats: Any, weights: np.ndarray | None = None
) -> Any:
    """Recomputes BatchNorm statistics for averaged parameters.

    The running statistics belong to the parameters in training. The averaged
    parameters have other activations. Some forward passes in training mode
    replace the statistics.

    Args:
      pair: Networks that were built without an axis name.
      params: Averaged parameters of the generator.
      stats: Running statistics from training.
      weights: Relative frequencies of the classes of a conditional generator. Default: uniform.

    Returns:
      Statistics of the same structure as `stats`.
    """
    if not jax.tree.leaves(stats):
        return stats
    keys = jax.random.split(jax.random.key(0), CHUNK)  # Generators with dropout need keys.
    latents = seeded_latents(pair.latent_dim, _STATISTICS_PASSES * CHUNK)
    for index, inputs in enumerate(latents.reshape(_STATISTICS_PASSES, CHUNK, -1)):
        labels = seeded_labels(pair, CHUNK, start=index * CHUNK, weights=weights)
        option = networks.labels_option(pair.generator, labels)
        stats = _update_statistics(pair.generator.apply, params, stats, inputs, keys, option)
    return stats


# These functions are compiled once per network and serve the parameters of all runs.


@functools.partial(jax.jit, static_argnums=0)
def _apply(
    apply: Callable[..., Any],
    params: Any,
    stats: Any,
    inputs: jax.Array,
    labels_option: dict[str, jax.Array],
) -> jax.Array:
    return apply(params, stats, inputs, train=False, **labels_option)[0]


@functools.partial(jax.jit, static_argnums=0)
def _update_statistics(
    apply: Callable[..., Any],
    params: Any,
    stats: Any,
    inputs: jax.Array,
    keys: jax.Array,
    labels_option: dict[str, jax.Array],
) -> Any:
    return apply(params, stats, inputs, train=True, keys=keys, **labels_option)[1]
