"""Three kinds of transformations of an image, which a policy combines.

Each draws the random numbers of one image from a PRNG key, apart from the image. So they are
drawn once per batch, and both players' losses and the gradient penalty use the same ones.
Consecutive affine maps are multiplied and the image is resampled once; consecutive color maps are
multiplied and applied once. Image maps are applied one after the other.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax


class ImageMap(NamedTuple):
    """A transformation of the whole image.

    Attributes:
      draw: `draw(key, shape) -> numbers`, for an image of shape `(height, width, channels)`. The
        numbers are a pytree of arrays.
      apply: `apply(numbers, image) -> image`, with an image in −1…1 of dtype float32. It must be
        differentiable with respect to the image.
    """

    draw: Callable[[jax.Array, tuple[int, ...]], Any]
    apply: Callable[[Any, jax.Array], jax.Array]


class AffineMap(NamedTuple):
    """A transformation of pixel positions.

    Attributes:
      draw: `draw(key, (height, width)) -> matrix`. The 3×3 matrix maps the position (x, y, 1) in
        the result, in pixels from the center of the image with y pointing down, to the position
        in the image from which its value is taken.
    """

    draw: Callable[[jax.Array, tuple[int, int]], jax.Array]


class ColorMap(NamedTuple):
    """A transformation of the color of each pixel.

    Attributes:
      draw: `draw(key) -> matrix`. The 4×4 matrix maps the color (red, green, blue, 1) to the new
        color. A gray image uses the mean of its three rows.
      needs_rgb: Whether gray images are left unchanged.
    """

    draw: Callable[[jax.Array], jax.Array]
    needs_rgb: bool = False


Transformation = ImageMap | AffineMap | ColorMap | Callable[[jax.Array, jax.Array], jax.Array]
"""One entry of `AUGMENTATIONS`. A plain function `(key, image) -> image` is an `ImageMap`."""


def as_map(entry: Transformation) -> ImageMap | AffineMap | ColorMap:
    """Returns an entry of `AUGMENTATIONS`, with a plain function as an `ImageMap`."""
    if isinstance(entry, ImageMap | AffineMap | ColorMap):
        return entry
    return ImageMap(draw=lambda key, shape: key, apply=entry)
