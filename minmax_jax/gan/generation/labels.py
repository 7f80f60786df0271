"""Labels of samples from class-conditional generators."""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from minmax_jax.gan import networks
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.messages import short
from minmax_jax.gan.config.config import Config

_STREAM = 2**31 - 1
"""Number that gives labels another key than the latents of the same seed."""


def count_classes(pair: networks.Pair) -> int:
    """Returns the number of classes of a conditional generator, otherwise 0."""
    return pair.num_classes if pair.generator.takes_labels else 0


def class_weights(config: Config, class_counts: Sequence[int] | None) -> np.ndarray | None:
    """Returns the relative frequencies of the classes of samples, or None for uniform labels.

    They are those of the labels that the generator was trained with.

    Args:
      config: Configuration of the run.
      class_counts: Number of training examples of each class.
    """
    if config.conditioning.fake_labels == "uniform" or not class_counts:
        return None
    return np.asarray(class_counts, np.float64) / max(sum(class_counts), 1)


def seeded_labels(
    pair: networks.Pair,
    num: int,
    *,
    seed: int = 0,
    start: int = 0,
    weights: np.ndarray | None = None,
) -> jax.Array | None:
    """Returns the random labels `start`, `start + 1`, … of a seed.

    Args:
      pair: Networks of the run.
      num: Number of labels.
      seed: Seed. Its latents are independent of its labels.
      start: Index of the first label.
      weights: Relative frequencies of the classes. Default: uniform.

    Returns:
      int32 `(num,)`, or None if the generator is not conditional.
    """
    num_classes = count_classes(pair)
    if not num_classes:
        return None
    weights = np.full(num_classes, 1 / num_classes) if weights is None else weights
    limits = jnp.asarray(np.cumsum(weights)[:-1], jnp.float32)
    key = jax.random.fold_in(jax.random.key(seed), _STREAM)

    def label(index: jax.Array) -> jax.Array:
        uniform = jax.random.uniform(jax.random.fold_in(key, index))
        return jnp.searchsorted(limits, uniform, side="right").astype(jnp.int32)

    return jax.vmap(label)(jnp.arange(start, start + num))


def check_label(pair: networks.Pair, label: Any, name: str = "class") -> int:
    """Returns a class, after checking it.

    Args:
      pair: Networks of the run.
      label: Class.
      name: Name of the argument, for the message.

    Raises:
      ConfigError: If the generator is not conditional or does not have this class.
    """
    num_classes = count_classes(pair)
    if not num_classes:
        raise ConfigError(
            f"{name} needs a run with --conditional and a network that uses labels, got "
            f"{short(label)}. Remove it, or train such a run."
        )
    if not 0 <= label < num_classes:
        raise ConfigError(f"{name} must be from 0 to {num_classes - 1}, got {short(label)}.")
    return int(label)
