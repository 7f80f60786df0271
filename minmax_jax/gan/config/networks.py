"""Configuration of the two networks."""

import dataclasses
from collections.abc import Mapping
from typing import Annotated

from tyro.conf import arg

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config.fields import AtLeast, AtMost, Group, OneOf, choices
from minmax_jax.gan.config.key_values import KEY_VALUES, Option, check_values
from minmax_jax.gan.networks import DTYPES, MATMUL_PRECISIONS, NETWORKS, option_names


@dataclasses.dataclass(frozen=True)
class NetworksConfig(Group):
    """Generator and discriminator."""

    name: Annotated[str, OneOf(NETWORKS), arg(name="network", metavar=choices(NETWORKS))] = "mlp"
    """Architecture of both networks."""
    width: Annotated[int, AtLeast(1), AtMost(2**16)] = 256
    """Hidden units of fully connected networks, or channels of the layer next to the image. Published: 128 for resnet, sngan and mangoubi_gaussians, 256 for mangoubi_mnist, 64 for mangoubi_cifar, 768 for r3gan."""  # noqa: E501
    latent_dim: Annotated[int, AtLeast(1), AtMost(2**20)] = 32
    """Dimension of the generator's input, which is standard normal."""
    spectral_norm: bool = False
    """Divide the weights of each discriminator layer by their largest singular value."""
    compute_dtype: Annotated[str, OneOf(DTYPES), arg(metavar=choices(DTYPES))] = "float32"
    """Dtype for matrix products and activations. Parameters and losses stay float32."""
    matmul_precision: Annotated[
        str, OneOf(MATMUL_PRECISIONS), arg(metavar=choices(MATMUL_PRECISIONS))
    ] = "default"
    """Precision of the networks' float32 products and convolutions on accelerators, by JAX's names: highest or float32 for full precision, high or tensorfloat32 for TensorFloat-32. default follows JAX's setting."""  # noqa: E501
    options: Annotated[Mapping[str, Option], KEY_VALUES, arg(name="network_options")] = (
        dataclasses.field(default_factory=dict)
    )
    """Further arguments of the network, such as attention=16 for resnet. They are added to the preset's options, if the network is the preset's."""  # noqa: E501

    def check(self) -> None:
        """Raises `ConfigError` if a value is invalid, or the network lacks an option."""
        super().check()
        check_values("network_options", self.options)
        known = option_names(self.name)
        if unknown := sorted(set(self.options) - set(known)):
            raise ConfigError(
                f"network_options: {self.name} does not take {', '.join(unknown)}. It takes "
                f"{', '.join(known) or 'no options'}."
            )
