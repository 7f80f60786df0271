"""Pairs of networks, each a pure function of a pytree of parameters."""

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import jax.numpy as jnp
from flax import nnx

from minmax_jax.gan.base.registry import Registry
from minmax_jax.gan.networks._layers import Layers
from minmax_jax.gan.networks._pure import Network, purify
from minmax_jax.gan.networks.dcgan import dcgan
from minmax_jax.gan.networks.mangoubi_cifar import mangoubi_cifar
from minmax_jax.gan.networks.mangoubi_mnist import mangoubi_mnist
from minmax_jax.gan.networks.mlp import mangoubi_gaussians, mlp
from minmax_jax.gan.networks.resnet import resnet

__all__ = ["DTYPES", "NETWORKS", "Layers", "Network", "Pair", "build", "purify"]

NETWORKS: Registry[Callable[..., tuple[Network, Network]]] = Registry(
    "network",
    {
        "mlp": mlp,
        "dcgan": dcgan,
        "resnet": resnet,
        "mangoubi_gaussians": mangoubi_gaussians,
        "mangoubi_mnist": mangoubi_mnist,
        "mangoubi_cifar": mangoubi_cifar,
    },
)
"""Name -> `builder(sample_shape, *, latent_dim, width, rngs, axis_name)`; one that can takes
`dtype` and `spectral_norm` as well."""

DTYPES: Mapping[str, Any] = MappingProxyType({"float32": jnp.float32, "bfloat16": jnp.bfloat16})
"""Name -> dtype of products and activations; parameters and statistics are always float32."""


class Pair(NamedTuple):
    """A GAN's two networks.

    Attributes:
      generator: maps `(batch, latent_dim)` to `(batch, *sample_shape)`.
      discriminator: maps `(batch, *sample_shape)` to logits `(batch,)`.
      latent_dim: numbers in one latent vector.
      sample_shape: shape of one example: `(height, width, channels)` or `(dimension,)`.
    """

    generator: Network
    discriminator: Network
    latent_dim: int
    sample_shape: tuple[int, ...]


def build(
    name: str,
    sample_shape: tuple[int, ...],
    *,
    latent_dim: int,
    width: int,
    seed: int,
    axis_name: str | None = None,
    compute_dtype: str = "float32",
    spectral_norm: bool = False,
) -> Pair:
    """Builds a pair of networks with their initial values.

    Args:
      name: a key of `NETWORKS`.
      sample_shape: shape of one example.
      latent_dim: numbers in one latent vector.
      width: hidden units (mlp) or channels of the first layer (dcgan); see each network.
      seed: of the initial values, which depend on nothing else.
      axis_name: mapped axis over which BatchNorm is synchronised.
      compute_dtype: a key of `DTYPES`, that of products and activations.
      spectral_norm: whether the discriminator's layers are divided by their largest
        singular value (Miyato et al., 2018).

    Raises:
      ValueError: for an unknown name, a size below 1, or a shape that the networks cannot make.
    """
    if name not in NETWORKS:
        raise ValueError(
            f"build: name must be one of {', '.join(NETWORKS)}, or your own once it is registered "
            f"(docs/your_own_gan.md), got {name!r}."
        )
    for argument, value in (("latent_dim", latent_dim), ("width", width)):
        if value < 1:
            raise ValueError(f"build: {argument} must be at least 1, got {value}.")
    if compute_dtype not in DTYPES:
        raise ValueError(
            f"build: compute_dtype must be one of {', '.join(DTYPES)}, got {compute_dtype!r}."
        )
    form = {} if compute_dtype == "float32" else {"dtype": DTYPES[compute_dtype]}
    if spectral_norm:
        form["spectral_norm"] = True
    builder = NETWORKS[name]
    taken = inspect.signature(builder).parameters
    if form and not ({*form} <= {*taken} or "form" in taken):
        raise ValueError(
            f"build: {name} takes no {' or '.join(form)}; leave compute_dtype and spectral_norm as "
            "they are, or give its builder these arguments."
        )
    generator, discriminator = builder(
        tuple(sample_shape),
        latent_dim=latent_dim,
        width=width,
        rngs=nnx.Rngs(seed),
        axis_name=axis_name,
        **form,
    )
    return Pair(generator, discriminator, latent_dim, tuple(sample_shape))
