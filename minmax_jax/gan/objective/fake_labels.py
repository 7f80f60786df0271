"""Labels of generated examples in class-conditional training."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.registry import Registry


class LabelSource(NamedTuple):
    """What labels of generated examples may depend on.

    Attributes:
      examples: Labeled dataset, or this device's shard of it.
      real_labels: Labels of the real batch of the same step, int32 `(batch,)`.
      key: PRNG key for the labels of this batch.
      indices: Positions in the global batch, `(batch,)`.
      num_classes: Number of classes.
    """

    examples: data_lib.Examples
    real_labels: jax.Array
    key: jax.Array
    indices: jax.Array
    num_classes: int


def frequencies(source: LabelSource) -> jax.Array:
    """Draws the labels of random training examples, so classes are as frequent as in the data."""
    return data_lib.batch_of_labels(source.examples, source.key, source.indices)


def uniform(source: LabelSource) -> jax.Array:
    """Draws all classes with the same probability."""

    def label(index: jax.Array) -> jax.Array:
        key = jax.random.fold_in(source.key, index)
        return jax.random.randint(key, (), 0, source.num_classes)

    return jax.vmap(label)(source.indices)


def real(source: LabelSource) -> jax.Array:
    """Returns the labels of the real batch. R3GAN compares pairs of the same class."""
    return source.real_labels


FAKE_LABELS: Registry[Callable[[LabelSource], Any]] = Registry(
    "source of labels", {"frequencies": frequencies, "uniform": uniform, "real": real}
)
"""Maps names to functions that return the labels of generated examples, int32 `(batch,)`."""
