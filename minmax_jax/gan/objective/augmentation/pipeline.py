"""Draws the transformations of a batch of images, and applies them."""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax.gan.objective.augmentation.kinds import AffineMap, ImageMap
from minmax_jax.gan.objective.augmentation.policy import Step
from minmax_jax.gan.objective.augmentation.warp import warp


class Drawn(NamedTuple):
    """One transformation of one image, or the product of consecutive matrices.

    Attributes:
      applied: Whether the image is transformed (bool scalar).
      numbers: Numbers of an `ImageMap`, or a matrix.
    """

    applied: jax.Array
    numbers: Any


def draw(
    steps: Sequence[Step], key: jax.Array, shape: tuple[int, ...], probability: Any
) -> list[Drawn]:
    """Draws the transformations of one image.

    Args:
      steps: Transformations, in their order.
      key: PRNG key of the image.
      shape: Shape of the image, `(height, width, channels)`.
      probability: Probability of each transformation, before its multiplier.

    Returns:
      One entry per image map, and one per group of consecutive affine maps or color maps.
    """
    gate_key, draw_key = jax.random.split(key)
    uniforms = jax.random.uniform(gate_key, (len(steps),))
    applied = uniforms < jnp.stack([_share(step, probability) for step in steps])
    keys, start, drawn = jax.random.split(draw_key, len(steps)), 0, []
    for group in _groups(steps):
        rows = slice(start, start := start + len(group))
        drawn.append(_draw_group(group, applied[rows], keys[rows], shape))
    return drawn


def apply(steps: Sequence[Step], drawn: Sequence[Drawn], image: jax.Array) -> jax.Array:
    """Transforms one image. Without any transformation, it is unchanged in every bit.

    Args:
      steps: Transformations, in their order.
      drawn: Result of `draw` for this image.
      image: Image `(height, width, channels)`, float32.
    """
    for group, (applied, numbers) in zip(_groups(steps), drawn, strict=True):
        first = group[0].transformation
        if isinstance(first, ImageMap):
            changed = first.apply(numbers, image)
        elif isinstance(first, AffineMap):
            changed = warp(image, numbers)
        else:
            changed = _change_colors(image, numbers)
        image = jnp.where(applied, changed, image)
    return image


def _groups(steps: Sequence[Step]) -> list[list[Step]]:
    """Returns consecutive affine maps or color maps in one group, and image maps one by one."""

    def kind(item: tuple[int, Step]) -> Any:
        position, step = item
        mapping = type(step.transformation)
        return (mapping, position) if mapping is ImageMap else mapping

    grouped = itertools.groupby(enumerate(steps), kind)
    return [[step for _, step in group] for _, group in grouped]


def _draw_group(
    group: Sequence[Step], applied: jax.Array, keys: jax.Array, shape: tuple[int, ...]
) -> Drawn:
    size, matrices = 3, []
    for step, is_applied, key in zip(group, applied, keys, strict=True):
        one = step.transformation
        if isinstance(one, ImageMap):  # Each image map is a group of its own.
            return Drawn(is_applied, one.draw(key, shape))
        if isinstance(one, AffineMap):
            matrices.append((is_applied, one.draw(key, (shape[0], shape[1]))))
        else:
            size = 4
            if shape[-1] > 1 or not one.needs_rgb:
                # The first map acts on the color first, so its matrix is the last factor.
                matrices.insert(0, (is_applied, one.draw(key)))
    is_used = jnp.any(jnp.stack([used for used, _ in matrices])) if matrices else jnp.array(False)
    return Drawn(is_used, _product(size, matrices))


def _share(step: Step, probability: Any) -> jax.Array:
    """Returns the probability of one step."""
    share = jnp.clip(step.multiplier * jnp.asarray(probability, jnp.float32), 0.0, 1.0)
    return share if step.repeats == 1 else 1.0 - (1.0 - share) ** (1.0 / step.repeats)


def _product(size: int, drawn: Iterable[tuple[jax.Array, jax.Array]]) -> jax.Array:
    """Multiplies the matrices of the applied steps."""
    product = identity = jnp.eye(size)
    for applied, matrix in drawn:
        chosen = jnp.where(applied, matrix, identity)
        product = jnp.matmul(product, chosen, precision=lax.Precision.HIGHEST)
    return product


def _change_colors(image: jax.Array, matrix: jax.Array) -> jax.Array:
    if image.shape[-1] == 1:
        gain = jnp.mean(matrix[:3], axis=0)
        return jnp.sum(gain[:3]) * image + gain[3]
    precision = lax.Precision.HIGHEST
    return jnp.einsum("hwc,dc->hwd", image, matrix[:3, :3], precision=precision) + matrix[:3, 3]
