"""Batches of training examples and latents, drawn inside the compiled step.

Images stay uint8 on the device. Each example and each latent depends only on the
key and on its index in the global batch, so batches do not depend on the number
of devices.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax import parallel
from minmax_jax.gan.data.examples import Examples, as_examples, to_float
from minmax_jax.gan.data.sharding import ShardedImages
from minmax_jax.gan.data.streaming.window import StepWindow


def batch(images: jax.Array | ShardedImages, key: jax.Array, indices: jax.Array) -> jax.Array:
    """Draws examples with replacement.

    Sharded images give the same batch as the whole set: every device looks up
    the examples of the global batch that it holds, and a reduce-scatter sends
    each of them to the device that uses it.

    Args:
      images: Whole set `(N, *sample_shape)`, uint8 or float32, or its shard on
        this device.
      key: PRNG key of this batch.
      indices: Positions in the global batch, `(batch,)`.

    Returns:
      Examples, float32 `(batch, *sample_shape)`; images are in −1…1.
    """
    return labeled_batch(Examples(images), key, indices).images


def labeled_batch(data: Any, key: jax.Array, indices: jax.Array) -> Examples:
    """Draws examples with their labels, with replacement.

    The images are those of `batch` with the same key.

    Args:
      data: `Examples` on this device, or images alone.
      key: PRNG key of this batch.
      indices: Positions in the global batch, `(batch,)`.

    Returns:
      Images as `batch` returns them, and their labels, int32 `(batch,)`, or None.
    """
    images, labels = as_examples(data)
    if isinstance(images, ShardedImages):
        take = _take_sharded(images, key, indices)
        return Examples(take(images.rows), None if labels is None else take(labels))
    rows = _positions(key, indices, images.shape[0])
    return Examples(to_float(images[rows]), None if labels is None else labels[rows])


def microbatch(data: Any, key: jax.Array, indices: jax.Array, draw: Any, part: Any) -> Examples:
    """Returns one microbatch of a step, with labels if `data` has them.

    Args:
      data: `Examples` on this device, or images alone. A `StepWindow` in the place of the images
        already contains the batch; other examples are drawn by `labeled_batch`.
      key: PRNG key of this batch.
      indices: Positions in the global batch, `(batch,)`.
      draw: Sample index of the batch.
      part: Index of the microbatch.
    """
    examples = as_examples(data)
    if not isinstance(examples.images, StepWindow):
        return labeled_batch(examples, key, indices)
    found = examples.images.take(draw, part, len(indices))
    return found._replace(labels=None) if examples.labels is None else found


def batch_of_labels(data: Examples, key: jax.Array, indices: jax.Array) -> jax.Array:
    """Draws the labels of random examples, those of `batch` with the same key.

    Args:
      data: Labeled examples on this device.
      key: PRNG key of this batch.
      indices: Positions in the global batch, `(batch,)`.

    Returns:
      Labels, int32 `(batch,)`.
    """
    images, labels = data
    if labels is None:
        raise ValueError(
            "batch_of_labels: data must have labels, got images alone. Pass Examples(images, "
            "labels), as put_on_devices(..., labels=True) returns."
        )
    if isinstance(images, ShardedImages):
        return _take_sharded(images, key, indices)(labels)
    return labels[_positions(key, indices, labels.shape[0])]


def latents(key: jax.Array, indices: jax.Array, latent_dim: int) -> jax.Array:
    """Draws standard normal latents, `(batch, latent_dim)`.

    Args:
      key: PRNG key of this batch.
      indices: Positions in the global batch, `(batch,)`.
      latent_dim: Dimension of the latent space.
    """
    return jax.vmap(lambda index: jax.random.normal(jax.random.fold_in(key, index), (latent_dim,)))(
        indices
    )


def _positions(key: jax.Array, indices: jax.Array, count: int | jax.Array) -> jax.Array:
    """Draws one position in the dataset for each index of the global batch."""

    def position(index: jax.Array) -> jax.Array:
        return jax.random.randint(jax.random.fold_in(key, index), (), 0, count)

    return jax.vmap(position)(indices)


def _take_sharded(
    images: ShardedImages, key: jax.Array, indices: jax.Array
) -> Callable[[jax.Array], jax.Array]:
    """Returns the function that sends each drawn row to the device that uses it."""
    gathered = lax.all_gather(indices, parallel.AXIS, tiled=True)
    size = images.rows.shape[0]
    row = _positions(key, gathered, images.count) - lax.axis_index(parallel.AXIS) * size
    is_here = (row >= 0) & (row < size)

    def take(rows: jax.Array) -> jax.Array:
        found = to_float(rows[jnp.clip(row, 0, size - 1)])
        # 0.0 would turn labels into floats.
        zero = jnp.zeros((), found.dtype)
        found = jnp.where(is_here.reshape(-1, *[1] * (found.ndim - 1)), found, zero)
        # Exactly one device has a nonzero row for each index, so the sum is that row.
        return lax.psum_scatter(found, parallel.AXIS, tiled=True)

    return take
