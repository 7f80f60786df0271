"""Pairs of networks, each a pure function of a pytree of parameters."""

from collections.abc import Callable
from typing import NamedTuple

from flax import nnx

from minmax_jax.gan.networks._pure import Network, purify
from minmax_jax.gan.networks.dcgan import dcgan
from minmax_jax.gan.networks.mlp import mlp
from minmax_jax.gan.table import Table

__all__ = ["NETWORKS", "Network", "Pair", "build", "purify"]

NETWORKS: Table[Callable[..., tuple[Network, Network]]] = Table(
    "network", {"mlp": mlp, "dcgan": dcgan}
)
"""Name -> `builder(sample_shape, *, latent_dim, width, rngs, axis_name)`."""


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
) -> Pair:
    """Builds a pair of networks with their initial values.

    Args:
      name: a key of `NETWORKS`.
      sample_shape: shape of one example.
      latent_dim: numbers in one latent vector.
      width: hidden units (mlp) or channels of the first layer (dcgan).
      seed: of the initial values, which depend on nothing else.
      axis_name: mapped axis over which BatchNorm is synchronised.

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
    generator, discriminator = NETWORKS[name](
        tuple(sample_shape),
        latent_dim=latent_dim,
        width=width,
        rngs=nnx.Rngs(seed),
        axis_name=axis_name,
    )
    return Pair(generator, discriminator, latent_dim, tuple(sample_shape))
