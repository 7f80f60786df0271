"""Applies the transformations of a policy to a batch of images."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax.gan.objective.augmentation.kinds import AffineMap, ColorMap, ImageMap
from minmax_jax.gan.objective.augmentation.policy import Step
from minmax_jax.gan.objective.augmentation.warp import warp


def transform_batch(
    steps: Sequence[Step], images: jax.Array, keys: jax.Array, probability: Any
) -> jax.Array:
    """Transforms each image of a batch with its own random numbers.

    An image to which no transformation is applied is returned unchanged, in every bit.

    Args:
      steps: Transformations, in their order.
      images: Images `(batch, height, width, channels)`.
      keys: One PRNG key per image, `(batch,)`.
      probability: Probability of each transformation, before its multiplier.

    Returns:
      Images of the same shape and dtype, computed in float32.
    """

    def one(image: jax.Array, key: jax.Array) -> jax.Array:
        return _transform(steps, image.astype(jnp.float32), key, probability)

    return jax.vmap(one)(images, keys).astype(images.dtype)


class _Drawn(NamedTuple):
    """A step with the random numbers of one image.

    Attributes:
      step: The step.
      applied: Whether the step is applied (bool scalar).
      key: PRNG key of the step.
    """

    step: Step
    applied: jax.Array
    key: jax.Array


def _transform(
    steps: Sequence[Step], image: jax.Array, key: jax.Array, probability: Any
) -> jax.Array:
    """Transforms one image, with one resampling for neighboring affine maps."""
    gate_key, draw_key = jax.random.split(key)
    uniforms = jax.random.uniform(gate_key, (len(steps),))
    keys = jax.random.split(draw_key, len(steps))
    drawn = [
        _Drawn(step, uniforms[number] < _share(step, probability), keys[number])
        for number, step in enumerate(steps)
    ]
    for kind, group in itertools.groupby(drawn, lambda one: type(one.step.transformation)):
        image = _APPLY[kind](image, list(group))
    return image


def _share(step: Step, probability: Any) -> Any:
    """Returns the probability of one step."""
    share = jnp.clip(step.multiplier * jnp.asarray(probability, jnp.float32), 0.0, 1.0)
    return share if step.repeats == 1 else 1.0 - (1.0 - share) ** (1.0 / step.repeats)


def _apply_images(image: jax.Array, group: Sequence[_Drawn]) -> jax.Array:
    for step, applied, key in group:
        image = jnp.where(applied, step.transformation.draw(key, image), image)
    return image


def _apply_affine(image: jax.Array, group: Sequence[_Drawn]) -> jax.Array:
    height, width, _ = image.shape
    matrix = _product(
        3, ((one.applied, one.step.transformation.draw(one.key, (height, width))) for one in group)
    )
    return jnp.where(_any_applied(group), warp(image, matrix), image)


def _apply_colors(image: jax.Array, group: Sequence[_Drawn]) -> jax.Array:
    gray = image.shape[-1] == 1
    used = [one for one in group if not (gray and one.step.transformation.needs_rgb)]
    if not used:
        return image
    drawn = [(one.applied, one.step.transformation.draw(one.key)) for one in used]
    matrix = _product(4, reversed(drawn))  # The first map acts on the color first.
    if gray:
        gain = jnp.mean(matrix[:3], axis=0)
        changed = jnp.sum(gain[:3]) * image + gain[3]
    else:
        precision = lax.Precision.HIGHEST
        changed = jnp.einsum("hwc,dc->hwd", image, matrix[:3, :3], precision=precision)
        changed += matrix[:3, 3]
    return jnp.where(_any_applied(used), changed, image)


def _product(size: int, drawn: Iterable[tuple[jax.Array, jax.Array]]) -> jax.Array:
    """Multiplies the matrices of the applied steps."""
    product = identity = jnp.eye(size)
    for applied, matrix in drawn:
        chosen = jnp.where(applied, matrix, identity)
        product = jnp.matmul(product, chosen, precision=lax.Precision.HIGHEST)
    return product


def _any_applied(group: Sequence[_Drawn]) -> jax.Array:
    return jnp.any(jnp.stack([one.applied for one in group]))


_APPLY = {ImageMap: _apply_images, AffineMap: _apply_affine, ColorMap: _apply_colors}
