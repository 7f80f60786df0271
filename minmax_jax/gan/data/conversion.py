"""Converts an opened image to 8-bit gray or RGB pixels."""

import numpy as np
from PIL import ExifTags, Image, ImageOps

from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.data.preprocessing import Preprocessing, background_color, crop_and_resize

_SIXTEEN_BIT = ("I;16", "I;16L", "I;16B", "I;16N")
_GRAY = ("1", "L", "LA", "La", *_SIXTEEN_BIT)


class Broken(Exception):
    """An image that has no usable pixels. Its message completes "image 3 …"."""


def to_pixels(
    image: Image.Image, options: Preprocessing, content: bytes
) -> tuple[np.ndarray, list[str]]:
    """Converts an image to uint8 `(height, width, 1 or 3)`.

    Args:
      image: Opened image, of any mode.
      options: Options of preprocessing.
      content: Content of the file.

    Returns:
      The pixels, and a phrase for each conversion, such as "scaled from 16 to 8 bits".

    Raises:
      Broken: If the pixel values have no known range.
      DataError: If the image is transparent and there is no background.
    """
    changes = ["reduced to their first frame"] if getattr(image, "is_animated", False) else []
    file_format = image.format
    turned = _upright(image)
    if turned is not image:
        changes.append("rotated as their EXIF orientation says")
    eight_bit, more = _to_eight_bit(turned, file_format)
    opaque, blended = _without_alpha(eight_bit, options)
    flat, converted = _to_channels(opaque, options.channels)
    sized, resized = crop_and_resize(flat, options, content)
    array = np.asarray(sized)
    changes += [*more, *blended, *converted, *resized]
    return array[..., None] if array.ndim == 2 else array, changes


def _upright(image: Image.Image) -> Image.Image:
    """Applies the EXIF orientation."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # A damaged EXIF block says nothing about the pixels.
        return image
    return ImageOps.exif_transpose(image) if orientation in range(2, 9) else image


def _to_eight_bit(image: Image.Image, file_format: str | None) -> tuple[Image.Image, list[str]]:
    """Scales 16-bit gray to 8 bits, where Pillow would clip it to 255."""
    # Pillow opens some 16-bit PNG and PGM files with 32-bit integers.
    is_sixteen = image.mode in _SIXTEEN_BIT or (image.mode == "I" and file_format in ("PNG", "PPM"))
    if not is_sixteen:
        if image.mode in ("I", "F"):
            raise Broken(
                f"has mode {image.mode}, whose values have no fixed range. Convert it to 8 or 16 "
                "bits per channel"
            )
        return image, []
    values = np.asarray(image).astype(np.uint32)
    scaled = Image.fromarray(((values * 255 + 32_767) // 65_535).astype(np.uint8))
    if (transparent := image.info.get("transparency")) is not None:
        scaled.putalpha(Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8)))
    return scaled, ["scaled from 16 to 8 bits"]


def _without_alpha(image: Image.Image, options: Preprocessing) -> tuple[Image.Image, list[str]]:
    """Puts transparent pixels on the background, because the colors below them are arbitrary."""
    if "transparency" not in image.info and image.getbands()[-1] not in "Aa":
        return image, []
    gray = image.mode in _GRAY
    rgba = image.convert("RGBA")
    if rgba.getchannel("A").getextrema()[0] == 255:
        opaque, change = rgba.convert("RGB"), "freed of an opaque alpha channel"
    elif not options.background:
        raise DataError("has transparent pixels. Pass --background white or another color.")
    else:
        color = background_color(options.background)
        base = Image.new("RGBA", rgba.size, (*color, 255))
        opaque = Image.alpha_composite(base, rgba).convert("RGB")
        change = f"put on the background {options.background}"
        gray = gray and len(set(color)) == 1
    # All channels of a gray image on a gray background are equal.
    return opaque.getchannel("R") if gray else opaque, [change]


def _to_channels(image: Image.Image, channels: int) -> tuple[Image.Image, list[str]]:
    """Converts the mode of an opaque image to L or RGB."""
    gray = image.mode in ("1", "L")
    mode = {1: "L", 3: "RGB"}.get(channels, "L" if gray else "RGB")
    if image.mode == mode:
        return image, []
    names = {"1": "1-bit", "L": "gray", "P": "palette"}
    target = "gray" if mode == "L" else "RGB"
    source = names.get(image.mode, image.mode)
    return image.convert(mode), [f"converted from {source} to {target}"]
