"""Registry of networks and the function that builds them by name."""

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from minmax_jax.gan.base.registry import Registry
from minmax_jax.gan.networks._precision import MATMUL_PRECISIONS, with_matmul_precision
from minmax_jax.gan.networks._pure import Network
from minmax_jax.gan.networks.dcgan import dcgan
from minmax_jax.gan.networks.mangoubi_cifar import mangoubi_cifar
from minmax_jax.gan.networks.mangoubi_mnist import mangoubi_mnist
from minmax_jax.gan.networks.mlp import mangoubi_gaussians, mlp
from minmax_jax.gan.networks.r3gan import r3gan
from minmax_jax.gan.networks.resnet import resnet
from minmax_jax.gan.networks.sngan import sngan

NETWORKS: Registry[Callable[..., tuple[Network, Network]]] = Registry(
    "network",
    {
        "mlp": mlp,
        "dcgan": dcgan,
        "resnet": resnet,
        "sngan": sngan,
        "r3gan": r3gan,
        "mangoubi_gaussians": mangoubi_gaussians,
        "mangoubi_mnist": mangoubi_mnist,
        "mangoubi_cifar": mangoubi_cifar,
    },
)
"""Maps the name of a network to its builder.

A call `builder(sample_shape, *, latent_dim, width, rngs, axis_name)` returns generator and
discriminator. A builder can also accept `dtype`, `spectral_norm`, and `num_classes`, which it
receives in class-conditional runs only.
"""

DTYPES: Mapping[str, Any] = MappingProxyType({"float32": jnp.float32, "bfloat16": jnp.bfloat16})
"""Maps names to dtypes of matrix products and activations.

Parameters and statistics are float32.
"""


_GIVEN = {"latent_dim", "width", "rngs", "axis_name", "num_classes", "dtype", "spectral_norm"}
# The arguments of builders that have a configuration field of their own.


def option_names(name: str) -> tuple[str, ...]:
    """Returns the names of a builder's own arguments that a configuration can set.

    Their defaults are numbers, texts, True, False or None.
    """
    arguments = inspect.signature(NETWORKS[name]).parameters.values()
    return tuple(
        argument.name
        for argument in arguments
        if argument.kind is argument.KEYWORD_ONLY
        and argument.name not in _GIVEN
        and isinstance(argument.default, (bool, int, float, str, type(None)))
    )


class Pair(NamedTuple):
    """The two networks of a GAN.

    Attributes:
      generator: Maps `(batch, latent_dim)` to `(batch, *sample_shape)`.
      discriminator: Maps `(batch, *sample_shape)` to logits `(batch,)`.
      latent_dim: Dimension of the latent space.
      sample_shape: Shape of one example: `(height, width, channels)` or `(dimension,)`.
      num_classes: Number of classes of a class-conditional run, otherwise 0.
    """

    generator: Network
    discriminator: Network
    latent_dim: int
    sample_shape: tuple[int, ...]
    num_classes: int = 0

    @property
    def takes_labels(self) -> bool:
        """Whether the run is class-conditional and a network depends on the class."""
        networks = (self.generator, self.discriminator)
        return self.num_classes > 0 and any(network.takes_labels for network in networks)


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
    matmul_precision: str = "default",
    options: Mapping[str, Any] = MappingProxyType({}),
    num_classes: int = 0,
) -> Pair:
    """Builds a pair of networks with their initial parameters.

    Args:
      name: Name in `NETWORKS`.
      sample_shape: Shape of one example.
      latent_dim: Dimension of the latent space.
      width: Number of hidden units (mlp) or of channels next to the image (dcgan). See each
        network.
      seed: Seed of the initial parameters, which depend on nothing else.
      axis_name: Mapped axis over which BatchNorm is synchronized.
      compute_dtype: Name in `DTYPES`.
      spectral_norm: Whether to divide each layer of the discriminator by its largest singular
        value (Miyato et al., 2018).
      matmul_precision: Precision of float32 products and convolutions of both networks, a name
        in `MATMUL_PRECISIONS`. It has no effect on CPU. Initialization and spectral
        normalization always have full precision.
      options: Further arguments of the builder, such as `attention` of `resnet`.
      num_classes: Number of classes of a class-conditional run, otherwise 0. A builder that does
        not accept it builds networks that do not depend on the class.

    Raises:
      ValueError: If a name is unknown, a size is below 1, or the networks cannot make examples
        of this shape.
    """
    _check(name, compute_dtype, matmul_precision, latent_dim=latent_dim, width=width)
    if unknown := sorted(set(options) - set(option_names(name))):
        raise ValueError(f"build: {name} does not accept {', '.join(unknown)}. Remove it.")
    with jax.default_matmul_precision("highest"):  # Orthogonal initialization has products.
        built = NETWORKS[name](
            tuple(sample_shape),
            latent_dim=latent_dim,
            width=width,
            rngs=nnx.Rngs(seed),
            axis_name=axis_name,
            **_class_options(name, num_classes),
            **_layer_options(name, compute_dtype, spectral_norm),
            **options,
        )
    generator, discriminator = (with_matmul_precision(net, matmul_precision) for net in built)
    return Pair(generator, discriminator, latent_dim, tuple(sample_shape), num_classes)


def _check(name: str, compute_dtype: str, matmul_precision: str, **sizes: int) -> None:
    if name not in NETWORKS:
        raise ValueError(
            f"build: name must be one of {', '.join(NETWORKS)}, or registered in NETWORKS "
            f"(docs/your_own_gan.md), got {name!r}."
        )
    if compute_dtype not in DTYPES:
        raise ValueError(
            f"build: compute_dtype must be one of {', '.join(DTYPES)}, got {compute_dtype!r}."
        )
    if matmul_precision not in MATMUL_PRECISIONS:
        raise ValueError(
            f"build: matmul_precision must be one of {', '.join(MATMUL_PRECISIONS)}, got "
            f"{matmul_precision!r}."
        )
    for argument, value in sizes.items():
        if value < 1:
            raise ValueError(f"build: {argument} must be at least 1, got {value}.")


def _class_options(name: str, num_classes: int) -> dict[str, int]:
    """Returns the number of classes, if the run is conditional and the builder accepts it."""
    accepted = "num_classes" in inspect.signature(NETWORKS[name]).parameters
    return {"num_classes": num_classes} if num_classes and accepted else {}


def _layer_options(name: str, compute_dtype: str, spectral_norm: bool) -> dict[str, Any]:
    """Returns the options that differ from the defaults, after checking that they are accepted."""
    options: dict[str, Any] = {}
    if compute_dtype != "float32":
        options["dtype"] = DTYPES[compute_dtype]
    if spectral_norm:
        options["spectral_norm"] = True
    accepted = inspect.signature(NETWORKS[name]).parameters
    if not ({*options} <= {*accepted} or "layer_options" in accepted):
        raise ValueError(
            f"build: {name} does not accept {' or '.join(options)}. Keep the defaults of "
            "compute_dtype and spectral_norm, or add these arguments to its builder."
        )
    return options
