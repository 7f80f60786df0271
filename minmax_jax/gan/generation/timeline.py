"""A strip of images that shows the same samples at several steps of a run."""

from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

MAX_STEPS = 12
"""Largest number of steps in a strip. Of more steps, evenly spaced ones are shown."""

_HEADER = 18  # Height of the line with the steps, in pixels.


def choose(steps: Sequence[int], count: int = MAX_STEPS) -> list[int]:
    """Returns at most `count` of the steps, evenly spaced, with the first and the last one.

    Example:
      >>> choose([100, 200, 300, 400, 500, 600], 3)
      [100, 300, 600]
    """
    places = np.linspace(0, len(steps) - 1, min(count, len(steps))).astype(int)
    return [steps[place] for place in places]


def strip(images: Mapping[int, Image.Image], columns: int) -> Image.Image:
    """Puts the first column of the image of each step side by side, below the step.

    Args:
      images: Maps steps to images. Those of another size than the last one are left out.
      columns: Number of equal columns of each image; 1 shows the whole image.
    """
    size = list(images.values())[-1].size
    shown = {step: image for step, image in images.items() if image.size == size}
    width, height = size[0] // columns, size[1]
    canvas = Image.new("RGB", (len(shown) * width, height + _HEADER), "white")
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(11)
    for index, (step, image) in enumerate(shown.items()):
        canvas.paste(image.crop((0, 0, width, height)), (index * width, _HEADER))
        place = (index * width + width / 2, _HEADER / 2)
        draw.text(place, short_count(step), "black", font, anchor="mm")
    return canvas


def short_count(count: int) -> str:
    """Returns a count in at most five characters, rounded.

    Example:
      >>> [short_count(count) for count in (950, 1500, 20_000, 1_234_567)]
      ['950', '1.5k', '20k', '1.23M']
    """
    for unit, size in (("M", 10**6), ("k", 10**3)):
        if count >= size:
            return f"{count / size:.3g}{unit}"
    return str(count)
