"""The precision of a network's matrix products and convolutions."""

import functools
from collections.abc import Callable
from typing import Any

import jax

from minmax_jax.gan.networks._pure import Network

MATMUL_PRECISIONS = ("default", "high", "highest", "bfloat16", "tensorfloat32", "float32")
"""JAX's names of the precision of float32 products. They apply to convolutions too, unlike JAX's
names of dot algorithms. With `"default"`, a network follows JAX's own setting."""


def with_matmul_precision(network: Network, name: str) -> Network:
    """Returns a network whose products and convolutions have the given precision.

    Products that ask for a precision themselves keep it. Derivatives have the precision of the
    products that they come from.
    """
    if name == "default":
        return network
    return network._replace(apply=_in_precision(network.apply, name))


def _in_precision(apply: Callable[..., Any], name: str) -> Callable[..., Any]:
    @functools.wraps(apply)
    def apply_in_precision(*args: Any, **options: Any) -> Any:
        with jax.default_matmul_precision(name):
            return apply(*args, **options)

    return apply_in_precision
