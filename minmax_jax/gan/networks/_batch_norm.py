"""Normalization by batch statistics, with as few sums as possible."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax.gan.networks._channels import channel_sum, is_zero, spread


class Options(NamedTuple):
    """Constants of a BatchNorm.

    Attributes:
      parts: Number of batches, one after the other, that are normalized separately.
      axis_name: Mapped axis over which the statistics are averaged, or None.
      epsilon: Number added to the variance.
    """

    parts: int
    axis_name: str | None
    epsilon: float


def normalize(
    options: Options, inputs: jax.Array, scale: jax.Array, bias: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Normalizes each of `options.parts` batches by its own mean and variance.

    The derivative of the variance with respect to the mean is zero. Automatic differentiation
    does not use this and needs three sums in each derivative. The custom derivative needs two.

    Args:
      options: Constants.
      inputs: `(examples, ..., channels)`.
      scale: `(channels,)`.
      bias: `(channels,)`.

    Returns:
      The outputs in the shape of the inputs, and mean and variance, both `(parts, channels)`.
    """
    parts = inputs.reshape(options.parts, -1, *inputs.shape[1:])
    outputs, mean, var = _normalize(options, parts, scale, bias)
    return outputs.reshape(inputs.shape), mean, var


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _normalize(options: Options, inputs: Any, scale: Any, bias: Any) -> tuple[Any, Any, Any]:
    mean = _mean(options, inputs)
    centered = inputs - _wide(mean, inputs)
    var = _mean(options, jnp.square(centered))
    factor = lax.rsqrt(var + options.epsilon) * scale
    return centered * _wide(factor, inputs) + bias, mean, var


def _normalize_jvp(options: Options, primals: Any, tangents: Any) -> tuple[Any, Any]:
    inputs, scale, _ = primals
    moved, moved_scale, moved_bias = tangents
    outputs, mean, var = _normalize(options, *primals)
    inverse = lax.rsqrt(var + options.epsilon)
    normal = (inputs - _wide(mean, inputs)) * _wide(inverse, inputs)
    # The outputs are scale · normal + bias, the tangent of `normal` is
    # inverse · (moved − mean(moved) − normal · mean(moved · normal)).
    offset, slope = jnp.zeros_like(mean), jnp.zeros_like(mean)
    if not is_zero(moved_bias):
        offset = offset + moved_bias
    if not is_zero(moved_scale):
        slope = slope + moved_scale
    if is_zero(moved):
        moved_mean = moved_var = jnp.zeros_like(mean)
        tangent = jnp.zeros_like(outputs)
    else:
        factor = inverse * scale
        moved_mean, covariance = _mean(options, moved), _mean(options, moved * normal)
        offset, slope = offset - factor * moved_mean, slope - factor * covariance
        moved_var = 2.0 * covariance / inverse
        tangent = _wide(factor, inputs) * moved
    tangent = tangent + spread(offset, inputs.shape) + spread(slope, inputs.shape) * normal
    return (outputs, mean, var), (tangent, moved_mean, moved_var)


_normalize.defjvp(_normalize_jvp, symbolic_zeros=True)


def _mean(options: Options, inputs: jax.Array) -> jax.Array:
    """Averages `(parts, examples, ..., channels)` over examples, pixels and devices."""
    mean = channel_sum(inputs) / (inputs.size // (inputs.shape[0] * inputs.shape[-1]))
    return mean if options.axis_name is None else lax.pmean(mean, options.axis_name)


def _wide(values: jax.Array, like: jax.Array) -> jax.Array:
    """Gives `(parts, channels)` the axes of `(parts, examples, ..., channels)`."""
    return values.reshape(values.shape[0], *[1] * (like.ndim - 2), values.shape[-1])
