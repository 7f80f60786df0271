"""Self-attention between the pixels of a feature map."""

import jax
import jax.numpy as jnp
from flax import nnx

from minmax_jax.gan.networks._layers import Layers

_INIT = nnx.initializers.glorot_uniform()


class SelfAttention(nnx.Module):
    """Adds to each pixel a weighted mean of all pixels: `(n, h, w, c)` to the same shape.

    The outputs are x + g W (A V), with weights A = softmax(Q Kᵀ) of each pixel. Queries and keys
    have c/8 channels, values c/2, all from 1×1 convolutions without bias. Keys and values are
    max-pooled over 2×2 blocks, as in the authors' code. The gain g starts at zero, so the layer
    starts as the identity. The softmax is computed in float32.

    Args:
      channels: c, the number of channels.
      layers: Source of the layers.

    References:
      Zhang, Goodfellow, Metaxas, Odena, `Self-attention generative adversarial networks
      <https://arxiv.org/abs/1805.08318>`_, 2018.
    """

    def __init__(self, channels: int, layers: Layers) -> None:
        def convolution(inputs: int, outputs: int) -> nnx.Module:
            return layers.convolution(inputs, outputs, size=1, init=_INIT, use_bias=False)

        narrow, middle = max(1, channels // 8), max(1, channels // 2)
        self.query, self.key = convolution(channels, narrow), convolution(channels, narrow)
        self.value, self.last = convolution(channels, middle), convolution(middle, channels)
        self.gain = nnx.Param(jnp.zeros((), jnp.float32))

    def __call__(self, inputs: jax.Array, *, train: bool) -> jax.Array:
        """Adds the attended values to the inputs."""
        batch, height, width, _ = inputs.shape
        queries = self.query(inputs, train=train).reshape(batch, height * width, -1)
        keys, values = (
            _max_pool(layer(inputs, train=train)).reshape(batch, height * width // 4, -1)
            for layer in (self.key, self.value)
        )
        scores = jnp.einsum("nqc,nkc->nqk", queries, keys)
        wide = jnp.float64 if scores.dtype == jnp.float64 else jnp.float32
        weights = jax.nn.softmax(scores.astype(wide), axis=-1).astype(values.dtype)
        found = jnp.einsum("nqk,nkc->nqc", weights, values).reshape(batch, height, width, -1)
        found = self.last(found, train=train)
        return inputs.astype(found.dtype) + self.gain[...].astype(found.dtype) * found


def _max_pool(inputs: jax.Array) -> jax.Array:
    """Takes the maximum of every 2×2 block."""
    batch, height, width, channels = inputs.shape
    blocks = inputs.reshape(batch, height // 2, 2, width // 2, 2, channels)
    return jnp.max(blocks, axis=(2, 4))
