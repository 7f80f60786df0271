"""The precision of the matrix products and convolutions in traced programs."""

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend import core

FULL = (lax.Precision.HIGHEST, lax.Precision.HIGHEST)
PRODUCTS = ("dot_general", "conv_general_dilated")


def precisions_of(function, *args):
    """Returns the precision of each product and convolution in the program of a function.

    Products of integers are left out, because they are exact.
    """
    return _precisions(jax.make_jaxpr(function)(*args).jaxpr)


def _precisions(jaxpr):
    found = []
    for equation in jaxpr.eqns:
        if equation.primitive.name in PRODUCTS and _is_rounded(equation.outvars[0].aval.dtype):
            found.append(equation.params["precision"])
        for inner in core.jaxprs_in_params(equation.params):
            found += _precisions(inner)
    return found


def _is_rounded(dtype):
    return jnp.issubdtype(dtype, jnp.inexact)
