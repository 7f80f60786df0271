"""Finds convolutions of XLA in the networks of a game."""

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from minmax_jax import parallel
from minmax_jax.gan import objective
from minmax_jax.gan.networks import Network, labels_option

_BATCH = 2  # BatchNorm needs more than one example; the number does not matter otherwise.


def contains_convolution(game: objective.Game) -> bool:
    """Returns whether the forward pass of a network contains a convolution of XLA.

    The networks are only traced, for the default device.
    """
    generator, discriminator, latent_dim, sample_shape = game.pair[:4]
    inputs = ((generator, (latent_dim,)), (discriminator, sample_shape))
    return any(_has_convolution(network, shape) for network, shape in inputs)


def _has_convolution(network: Network, shape: tuple[int, ...]) -> bool:
    # A convolution has a kernel with at least one spatial dimension.
    if all(np.ndim(leaf) < 3 for leaf in jax.tree.leaves(network.params)):
        return False

    def forward(params: Any, stats: Any, inputs: jax.Array, keys: jax.Array) -> jax.Array:
        labels = labels_option(network, jnp.zeros(_BATCH, jnp.int32))
        return network.apply(params, stats, inputs, train=True, keys=keys, **labels)[0]

    inputs = jax.ShapeDtypeStruct((_BATCH, *shape), jnp.float32)
    keys = jax.eval_shape(lambda: jax.random.split(jax.random.key(0), _BATCH))
    # BatchNorm may average over the axis of devices.
    trace = jax.make_jaxpr(parallel.on_one_device(forward))
    jaxpr = trace(network.params, network.stats, inputs, keys).jaxpr
    return any(name == "conv_general_dilated" for name in _primitives(jaxpr))


def _primitives(jaxpr: Any) -> Iterator[str]:
    """Yields the names of all operations, including those of inner functions and loops."""
    for equation in jaxpr.eqns:
        yield equation.primitive.name
        for value in equation.params.values():
            for inner in value if isinstance(value, list | tuple) else (value,):
                inner = getattr(inner, "jaxpr", inner)  # A closed jaxpr contains its jaxpr.
                if hasattr(inner, "eqns"):
                    yield from _primitives(inner)
