"""Pairs of generator and discriminator, as pure functions of their parameters.

registry          the networks by name, and `build`
_pure             from an NNX module to a pure function
_affine           affine layers with spectral normalization
_layers           dense layers, convolutions, BatchNorm and dropout
_batch_norm       normalization by batch statistics
_channels         sums over all positions of a channel
_convolution      convolutions as matrix products on CPU
_convolution_lax  convolutions of XLA, for accelerators
_parts            a network applied to several batches
_platform         the platform for which networks are traced
_precision        the precision of products and convolutions
"""

from minmax_jax.gan.networks._layers import Layers
from minmax_jax.gan.networks._parts import InOrder, apply_in_order
from minmax_jax.gan.networks._platform import tracing_for
from minmax_jax.gan.networks._precision import MATMUL_PRECISIONS
from minmax_jax.gan.networks._pure import Network, purify
from minmax_jax.gan.networks.registry import DTYPES, NETWORKS, Pair, build

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
    "purify",
    "tracing_for",
]
