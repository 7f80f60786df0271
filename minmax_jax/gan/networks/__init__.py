"""Pairs of generator and discriminator, as pure functions of their parameters.

registry          the networks by name, and `build`
_pure             from an NNX module to a pure function
_affine           affine layers with spectral normalization
_layers           dense layers, convolutions, BatchNorm and dropout
_conditional      class embeddings, conditional BatchNorm and projection
_batch_norm       normalization by batch statistics
_channels         sums over all positions of a channel
_convolution      convolutions as matrix products on CPU
_convolution_lax  convolutions of XLA, for accelerators
_parts            a network applied to several batches
_platform         the platform for which networks are traced
_attention        self-attention between pixels
_grouped          grouped convolutions
_residual         residual blocks
_resampling       resampling by a factor of two
_sides            the sides of the images that residual networks make
_precision        the precision of products and convolutions
"""

from minmax_jax.gan.networks._layers import Layers
from minmax_jax.gan.networks._parts import InOrder, apply_in_order
from minmax_jax.gan.networks._platform import tracing_for
from minmax_jax.gan.networks._precision import MATMUL_PRECISIONS
from minmax_jax.gan.networks._pure import Network, labels_option, purify
from minmax_jax.gan.networks.registry import DTYPES, NETWORKS, Pair, build, option_names

__all__ = [
    "DTYPES",
    "MATMUL_PRECISIONS",
    "NETWORKS",
    "InOrder",
    "Layers",
    "Network",
    "Pair",
    "apply_in_order",
    "build",
    "labels_option",
    "option_names",
    "purify",
    "tracing_for",
]
