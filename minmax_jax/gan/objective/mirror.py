"""Mirrored copies of the training images, without storing them."""

import jax
import jax.numpy as jnp


def mirrored(images: jax.Array, key: jax.Array, indices: jax.Array) -> jax.Array:
    """Mirrors each image of a batch left to right with probability 1/2.

    The batch then has the distribution of a batch from a dataset that also contains a mirrored
    copy of every image.

    Args:
      images: Images of the batch, `(batch, height, width, channels)`.
      key: PRNG key of the batch.
      indices: Positions of the images in the global batch, `(batch,)`.
    """
    key = jax.random.fold_in(key, _STREAM)
    chosen = jax.vmap(lambda index: jax.random.bernoulli(jax.random.fold_in(key, index)))(indices)
    return jnp.where(chosen[:, None, None, None], images[:, :, ::-1], images)


_STREAM = 2**31 - 3
"""Number that gives the choice a key beside the four keys of a batch and that of the labels."""
