"""Discriminators with about as many parameters as their generator."""

import functools
import math
from typing import Any

import jax

from minmax_jax import gan

LARGEST = 4096
"""Largest width that is tried."""


def count(tree: Any) -> int:
    """Returns the number of parameters of one network."""
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(tree))


def parameters(config: gan.Config, shape: tuple[int, ...], width: int) -> tuple[int, int]:
    """Returns the parameters of generator and discriminator at a width, without allocating them."""
    chosen = config.networks

    def build() -> Any:
        pair = gan.build_networks(
            chosen.name,
            shape,
            latent_dim=chosen.latent_dim,
            width=width,
            seed=0,
            spectral_norm=chosen.spectral_norm,
            options=chosen.options,
        )
        return pair.generator.params, pair.discriminator.params

    generator, discriminator = jax.eval_shape(build)
    return count(generator), count(discriminator)


def balanced_width(config: gan.Config, shape: tuple[int, ...]) -> int:
    """Returns the width at which the discriminator has about the generator's parameters.

    The generator keeps the configured width. The number of the discriminator's parameters grows
    with its width, so the width is found by bisection.

    Raises:
      ConfigError: If no width up to `LARGEST` gives the discriminator as many parameters.
    """
    sizes = functools.cache(functools.partial(parameters, config, shape))
    wanted = sizes(config.networks.width)[0]
    low, high = 0, 1  # At the width `low`, the discriminator has fewer parameters than wanted.
    while sizes(high)[1] < wanted:
        low, high = high, 2 * high
        if high > LARGEST:
            raise gan.ConfigError(
                f"balanced: no discriminator of {config.networks.name} up to width {LARGEST} has "
                f"{wanted:,} parameters. Choose a smaller width or another preset."
            )
    while high - low > 1:
        middle = (low + high) // 2
        enough = sizes(middle)[1] >= wanted
        low, high = (low, middle) if enough else (middle, high)
    # Sizes are compared by their ratio, so the width with the ratio nearer to 1 is chosen.
    nearer_below = low and wanted / sizes(low)[1] < sizes(high)[1] / wanted
    return low if nearer_below else high
