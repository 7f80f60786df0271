"""Standing statistics: averages of BatchNorm statistics over training passes."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from minmax_jax.gan import networks
from minmax_jax.gan.generation.latents import seeded_latents, truncate

PASSES = 16
"""Default number of passes, as in BigGAN."""

_PROBE = 2.0**20
"""Statistics of the pass that measures the decay. The batch statistics are rounding beside it."""


def standing_statistics(
    pair: networks.Pair,
    params: Any,
    stats: Any,
    *,
    passes: int = PASSES,
    batch_size: int = 256,
    truncation: float | None = None,
    labels: Any = None,
) -> Any:
    """Averages BatchNorm statistics over forward passes in training mode, all with equal weight.

    A running average with decay m maps statistics s to `m s + (1 − m) b`, with the statistics b
    of a batch. Two more passes, one at huge statistics, measure m, so networks may use any decay.
    Statistics that are not running averages, such as the vectors of spectral normalization, stay
    as they are.

    Args:
      pair: Networks that were built without an axis name.
      params: Parameters of the generator.
      stats: Statistics from training.
      passes: Number of passes, each with its own latents.
      batch_size: Number of latents per pass.
      truncation: Bound to which the latents are clipped, see `truncate`.
      labels: int32 labels `(batch_size,)` of each pass, for a conditional generator. Default: all
        classes in turn.

    Returns:
      Statistics of the same structure as `stats`.

    Reference:
      Brock, Donahue, Simonyan, "Large Scale GAN Training for High Fidelity Natural Image
      Synthesis", ICLR 2019, with 16 passes.
    """
    if not jax.tree.leaves(stats):
        return stats
    keys = jax.random.split(jax.random.key(0), batch_size)  # Generators with dropout need keys.
    apply = functools.partial(_statistics_of_pass, pair.generator.apply, params)
    if labels is None and pair.num_classes:
        labels = jnp.arange(batch_size, dtype=jnp.int32) % pair.num_classes

    def batch(index: int) -> jax.Array:
        latents = seeded_latents(pair.latent_dim, batch_size, start=index * batch_size)
        return truncate(latents, truncation)

    conditions = networks.labels_option(pair.generator, labels)
    huge = jax.tree.map(lambda leaf: leaf + _PROBE, stats)
    decays = jax.tree.map(
        _decay,
        apply(huge, batch(0), keys, conditions),
        apply(stats, batch(0), keys, conditions),
    )
    start = jax.tree.map(lambda leaf, decay: leaf if decay is None else 0 * leaf, stats, decays)
    found = [apply(start, batch(index), keys, conditions) for index in range(passes)]
    return jax.tree.map(_average, stats, decays, *found)


def _decay(probed: jax.Array, plain: jax.Array) -> float | None:
    """Returns the decay of one leaf, or None if it is not a running average."""
    slope = (np.asarray(probed, np.float64) - np.asarray(plain, np.float64)) / _PROBE
    if not slope.size or np.ptp(slope) > 1e-4 or not 1e-4 < slope.flat[0] < 1 - 1e-6:
        return None
    # Nearly all decays have few decimals, and the measured one has about seven correct digits.
    return round(float(slope.mean()), 6)


def _average(old: jax.Array, decay: float | None, *found: jax.Array) -> jax.Array:
    """Returns the mean of the batch statistics of one leaf, or `old` if it has no decay."""
    if decay is None:
        return old
    total = sum(np.asarray(each, np.float64) for each in found)
    return jnp.asarray(total / (len(found) * (1 - decay)), old.dtype)


@functools.partial(jax.jit, static_argnums=0)
def _statistics_of_pass(
    apply: Callable[..., Any],
    params: Any,
    stats: Any,
    inputs: jax.Array,
    keys: jax.Array,
    conditions: dict[str, jax.Array],
) -> Any:
    return apply(params, stats, inputs, train=True, keys=keys, **conditions)[1]
