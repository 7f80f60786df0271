"""Options of preprocessing, and the crop and size of an image."""

import zlib
from typing import NamedTuple

from PIL import Image, ImageColor

from minmax_jax.gan.base.errors import ConfigError, check_name
from minmax_jax.gan.base.messages import short

CROPS = ("none", "center", "random")
"""Names of the crops."""

MAX_SIZE = 8192
"""Largest value of `resize`, which keeps a mistyped number from filling the memory."""


class Preprocessing(NamedTuple):
    """Options of preprocessing. The defaults leave images as they are.

    Attributes:
      resize: Length of the shorter side, or 0 for the size as it is.
      crop: `"none"`, or the square of the shorter side at the `"center"` or at a
        `"random"` position that depends on the content of the image only.
      channels: 1 for gray, 3 for RGB, 0 for the channels as they are.
      background: Color behind transparent pixels, as a name or `#RRGGBB`. Default:
        transparent pixels are refused.
      skip_broken: Whether to leave out broken images instead of raising an error.
    """

    resize: int = 0
    crop: str = "none"
    channels: int = 0
    background: str = ""
    skip_broken: bool = False

    def check(self) -> None:
        """Raises `ConfigError` if a value is invalid."""
        if not 0 <= self.resize <= MAX_SIZE:
            raise ConfigError(
                f"resize must be at most {MAX_SIZE} and at least 1, or 0 to keep the size, got "
                f"{short(self.resize)}."
            )
        check_name("crop", self.crop, CROPS)
        if self.channels not in (0, 1, 3):
            raise ConfigError(
                "channels must be 1 (gray), 3 (RGB) or 0 (as in the files), got "
                f"{short(self.channels)}."
            )
        if self.background:
            background_color(self.background)


def background_color(text: str) -> tuple[int, int, int]:
    """Returns a color as RGB.

    Raises:
      ConfigError: If the text is not a color, or the color is not opaque.
    """
    try:
        color = ImageColor.getrgb(text)
    except ValueError:
        color = ()
    if len(color) != 3:
        raise ConfigError(
            f"background must be a color such as white, black or #808080, got {short(text)}."
        )
    return color


def crop_and_resize(
    image: Image.Image, options: Preprocessing, content: bytes
) -> tuple[Image.Image, list[str]]:
    """Crops an image and resizes it with antialiasing.

    Args:
      image: Image of mode L or RGB.
      options: Options of preprocessing.
      content: Content of the file, which determines a random position.

    Returns:
      The new image, and a phrase for each change, such as "cropped (center)".
    """
    changes = []
    width, height = image.size
    short_side = min(width, height)
    if options.crop != "none" and width != height:
        share = 0.5 if options.crop == "center" else zlib.crc32(content) / 2**32
        left, top = round(share * (width - short_side)), round(share * (height - short_side))
        image = image.crop((left, top, left + short_side, top + short_side))
        changes.append(f"cropped ({options.crop})")
    if options.resize and options.resize != short_side:
        scale = options.resize / short_side
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        # Pillow's filters average over all pixels when they shrink an image.
        image = image.resize(size, Image.Resampling.LANCZOS)
        changes.append("enlarged" if scale > 1 else "shrunk")
    return image, changes
