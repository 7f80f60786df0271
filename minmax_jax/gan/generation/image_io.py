"""Writes samples and latent interpolations as images, plots, GIFs and arrays."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.generation import image_files
from minmax_jax.gan.run import files

if TYPE_CHECKING:  # Matplotlib takes long to import, and most commands draw at their end.
    import matplotlib.axes
    import matplotlib.figure

FRAME_MILLISECONDS = 60
"""Duration of one frame of a GIF."""


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Maps images in −1…1 to uint8, and NaN to 0."""
    return np.clip(np.nan_to_num(np.rint((images + 1) * 127.5)), 0, 255).astype(np.uint8)


def grid(images: np.ndarray, *, side: int = 640, columns: int | None = None) -> Image.Image:
    """Arranges uint8 images `(n, height, width, channels)` in a grid.

    Args:
      images: Images, row by row.
      side: Pixels are enlarged by an integer factor, so that the grid is at most
        about this many pixels wide.
      columns: Number of images per row. Default: as square a grid as possible.
    """
    num, height, width, channels = images.shape
    columns = columns or int(np.ceil(np.sqrt(num)))
    rows = int(np.ceil(num / columns))
    scale = max(1, side // (columns * (width + 1)))
    canvas = np.full(
        (rows * columns, height * scale + 2, width * scale + 2, channels), 255, np.uint8
    )
    canvas[:num, 1:-1, 1:-1] = images.repeat(scale, axis=1).repeat(scale, axis=2)
    canvas = canvas.reshape(rows, columns, *canvas.shape[1:]).swapaxes(1, 2)
    canvas = canvas.reshape(rows * (height * scale + 2), columns * (width * scale + 2), channels)
    return Image.fromarray(canvas[..., 0] if channels == 1 else canvas)


def scatter(samples: np.ndarray, real: np.ndarray | None = None) -> "matplotlib.figure.Figure":
    """Plots the first two coordinates of vectors, drawn over real examples if given."""
    figure, axes = _square_figure()
    if real is not None:
        axes.scatter(*plane(real).T, s=4, color="0.75", label="data")
    axes.scatter(*plane(samples).T, s=4, color="tab:blue", label="generator")
    axes.legend(loc="upper right")
    return figure


def interpolation_plot(interpolations: np.ndarray) -> "matplotlib.figure.Figure":
    """Plots interpolations of vectors `(n, frames, d)` as lines with one point per frame."""
    figure, axes = _square_figure()
    for points in interpolations:
        axes.plot(*plane(points).T, marker=".", markersize=4, linewidth=0.8, alpha=0.8)
    return figure


def gif_frames(interpolations: np.ndarray, *, side: int = 640) -> list[Image.Image]:
    """Draws the frames of a GIF: frame i shows frame i of all interpolations.

    Args:
      interpolations: `(n, frames, *sample_shape)`; images are uint8.
      side: Maximum width of a grid of images in pixels, as in `grid`.
    """
    num_frames = interpolations.shape[1]
    if interpolations.ndim == 5:
        return [grid(interpolations[:, i], side=side) for i in range(num_frames)]
    corners = plane(interpolations).reshape(-1, 2)
    return [_points_frame(interpolations[:, i], corners) for i in range(num_frames)]


def check_file(path: str | Path, suffixes: tuple[str, ...] = (".png", ".npz")) -> Path:
    """Returns the path of a file to write.

    Raises:
      ConfigError: If the name does not end in one of `suffixes`.
    """
    path = Path(path)
    if path.suffix not in suffixes:
        raise ConfigError(f"out={path}: the name must end in {' or '.join(suffixes)}.")
    return path


def write(samples: np.ndarray, path: str | Path) -> None:
    """Writes samples or interpolations to a .png, .gif or .npz file.

    In a .png each interpolation of images is one row. A .gif shows all
    interpolations at once. A .npz contains the array `samples`. The file is written
    completely or not at all.

    Args:
      samples: Samples `(n, *sample_shape)`, as returned by `sample`, or
        interpolations `(n, frames, *sample_shape)`, as returned by `interpolate`.
        Images are uint8.
      path: File to write.

    Raises:
      ConfigError: If the name has another suffix, or `.gif` without
        interpolations, or the file cannot be written.
      WriteFailed: If the disk is full.
    """
    is_interpolation = samples.ndim in (3, 5)
    path = check_file(path, (".png", ".gif", ".npz") if is_interpolation else (".png", ".npz"))
    files.make_folder(path.parent)
    if path.suffix == ".npz":
        with files.open_atomically(path) as file:
            np.savez_compressed(file, samples=samples)
    elif path.suffix == ".gif":
        first, *rest = gif_frames(samples)
        options = {"save_all": True, "append_images": rest, "loop": 0}
        image_files.save_image(first, path, duration=FRAME_MILLISECONDS, **options)
    elif samples.ndim >= 4:
        columns = samples.shape[1] if is_interpolation else None
        image = grid(samples.reshape(-1, *samples.shape[-3:]), columns=columns)
        image_files.save_image(image, path)
    else:
        figure = (interpolation_plot if is_interpolation else scatter)(samples)
        image_files.save_figure(figure, path)


def plane(vectors: np.ndarray) -> np.ndarray:
    """Returns the first two coordinates of vectors; the second of 1-D vectors is 0."""
    missing = [(0, 0)] * (vectors.ndim - 1) + [(0, max(0, 2 - vectors.shape[-1]))]
    return np.pad(vectors, missing)[..., :2]


def _square_figure() -> "tuple[matplotlib.figure.Figure, matplotlib.axes.Axes]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_aspect("equal", "datalim")
    return figure, axes


def _points_frame(samples: np.ndarray, corners: np.ndarray) -> Image.Image:
    """Draws one frame of moving points, on axes that fit all `corners` in every frame."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4, 4), layout="constrained")
    axes = figure.subplots()
    axes.scatter(*plane(samples).T, s=8, color="tab:blue")
    middle = (corners.max(0) + corners.min(0)) / 2
    half = 0.55 * float(np.max(corners.max(0) - corners.min(0))) or 1.0
    axes.set(xlim=(middle[0] - half, middle[0] + half), ylim=(middle[1] - half, middle[1] + half))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
