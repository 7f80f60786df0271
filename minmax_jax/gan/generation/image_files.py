"""Writes figures, images and folders of images, completely or not at all."""

import io
import os
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.messages import printable_lines
from minmax_jax.gan.run import files

if TYPE_CHECKING:  # Matplotlib takes long to import, and most commands draw at their end.
    import matplotlib.figure
    import matplotlib.text


def save_figure(figure: "matplotlib.figure.Figure", path: Path, *, dpi: int = 120) -> None:
    """Writes a figure as PNG. Raises the errors of `files.open_atomically`.

    Titles, labels and legends may contain names that other people chose. Therefore `$` does not
    start a formula in them, and characters that the font lacks are drawn as boxes without a
    warning.
    """
    for text in _own_texts(figure):
        text.set_parse_math(False)
        text.set_text(printable_lines(text.get_text()))
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+", category=UserWarning)
        figure.savefig(content, format="png", dpi=dpi)
    files.write_atomically(path, content.getvalue())


def save_image(image: Image.Image, path: Path, **options: Any) -> None:
    """Writes an image in the format of the file name. Raises errors of `files.open_atomically`.

    Args:
      image: Image, or the first frame of an animation.
      path: File to write.
      **options: Arguments of `PIL.Image.Image.save`.
    """
    # Pillow writes to a file descriptor from C, and does not tell why that failed.
    content = io.BytesIO()
    image.save(content, format=path.suffix.removeprefix("."), **options)
    files.write_atomically(path, content.getvalue())


def save_folder(samples: np.ndarray, folder: Path) -> None:
    """Writes each image to a single PNG file in a new folder.

    Images are named `00000.png`, `00001.png` and so on. Frames of interpolations have two numbers:
    `00012-003.png` is frame 3 of interpolation 12.

    Args:
      samples: uint8 images `(n, height, width, channels)`, or interpolations
        `(n, frames, height, width, channels)`.
      folder: Folder that does not exist, or is empty. It appears only when it is complete.

    Raises:
      ConfigError: If the samples are not images, or the folder contains files or cannot be
        written.
      WriteFailed: If the disk is full.
    """
    check_new_folder(folder)
    if samples.ndim not in (4, 5):
        raise ConfigError(
            f"out={folder}: vectors cannot be written as single images. Use a name that ends in "
            ".npz for an array, or in .png for a plot."
        )
    files.make_folder(folder.parent)
    with files.one_line_errors(folder):
        unfinished = Path(tempfile.mkdtemp(prefix=".", suffix=files.PART, dir=folder.parent))
        try:
            for index in np.ndindex(samples.shape[: samples.ndim - 3]):
                name = "-".join(f"{i:0{5 - 2 * axis}d}" for axis, i in enumerate(index))
                pixels = samples[index]
                image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
                content = io.BytesIO()
                image.save(content, format="png")
                (unfinished / f"{name}.png").write_bytes(content.getvalue())
            unfinished.chmod(0o777 & ~_umask())
            os.rename(unfinished, folder)  # This replaces an empty folder, and nothing else.
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise


def check_new_folder(folder: Path) -> None:
    """Raises `ConfigError` if the path exists and is not an empty folder."""
    with files.one_line_errors(folder):
        if folder.is_dir() and not folder.is_symlink():
            empty = next(folder.iterdir(), None) is None
        else:
            empty = not os.path.lexists(folder)
    if not empty:
        raise ConfigError(
            f"out={folder} must be a new or an empty folder, because files of different calls "
            "would be mixed. Choose another folder."
        )


def _own_texts(figure: "matplotlib.figure.Figure") -> "list[matplotlib.text.Text]":
    """Returns all texts of a figure except the numbers at the ticks of its axes.

    Matplotlib writes those numbers itself, and needs formulas for powers of ten.
    """
    from matplotlib.axis import Axis
    from matplotlib.text import Text

    axes = figure.findobj(Axis)
    ticks = {text for axis in axes for text in axis.findobj(Text)}
    labels = {axis.label for axis in axes}
    return [t for t in figure.findobj(Text) if t not in ticks or t in labels]


def _umask() -> int:
    mask = os.umask(0o077)  # It can only be read by setting it.
    os.umask(mask)
    return mask
