"""Latents and labels whose samples a run shows again and again while it trains."""

from typing import Any, NamedTuple

import jax
import numpy as np

from minmax_jax.gan import networks
from minmax_jax.gan.generation.labels import count_classes
from minmax_jax.gan.generation.latents import seeded_latents

SIDE = 8
"""Number of columns of the grid, and of its rows for an unconditional generator."""

MAX_CLASSES = 16
"""Largest number of classes in the grid. Of more classes, evenly spaced ones are shown."""

NUM_VECTORS = 1000
"""Number of samples of vectors, which are drawn as points."""


class FixedInputs(NamedTuple):
    """Inputs of a generator.

    Attributes:
      latents: Latents `(n, latent_dim)`.
      labels: int32 labels `(n,)`, or None for an unconditional generator.
      columns: Number of images per row of the grid.
    """

    latents: jax.Array
    labels: Any
    columns: int


def fixed_inputs(pair: networks.Pair) -> FixedInputs:
    """Returns the inputs of the grid of a run, the same at every step and for every run.

    For a conditional generator of images, each row is a class, and a column has one latent.
    """
    num_classes = count_classes(pair)
    if len(pair.sample_shape) == 1:
        labels = np.arange(NUM_VECTORS, dtype=np.int32) % num_classes if num_classes else None
        return FixedInputs(seeded_latents(pair.latent_dim, NUM_VECTORS), labels, SIDE)
    if not num_classes:
        return FixedInputs(seeded_latents(pair.latent_dim, SIDE**2), None, SIDE)
    shown = np.linspace(0, num_classes - 1, min(num_classes, MAX_CLASSES)).round()
    latents = jax.numpy.tile(seeded_latents(pair.latent_dim, SIDE), (len(shown), 1))
    return FixedInputs(latents, np.repeat(shown.astype(np.int32), SIDE), SIDE)
