"""Pairs of generator and discriminator, as pure functions of their parameters.

registry        the networks by name, and `build`
_pure           from an NNX module to a pure function
_affine         affine layers with spectral normalization
_layers         dense layers, convolutions, BatchNorm and dropout
_convolution    convolutions as matrix products on CPU
_precision      the precision of products and convolutions
"""

from minmax_jax.gan.networks._layers import Layers
from minmax_jax.gan.networks._precision import MATMUL_PRECISIONS
from minmax_jax.gan.networks._pure import Network, purify
from minmax_jax.gan.networks.registry import DTYPES, NETWORKS, Pair, build

__all__ = [
    "DTYPES",
    "MATMUL_PRECISIONS",
    "NETWORKS",
    "Layers",
    "Network",
    "Pair",
    "build",
    "purify",
]
