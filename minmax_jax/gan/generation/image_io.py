"""Samples as pictures: grids of images, points in the plane, walks, moving pictures, files."""

from pathlib import Path

import matplotlib.figure
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from minmax_jax.gan.base.errors import ConfigError

FRAME_MILLISECONDS = 60
"""How long a GIF shows each picture."""


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Returns images in [-1, 1] as uint8."""
    return np.clip(np.rint((images + 1) * 127.5), 0, 255).astype(np.uint8)


def grid(images: np.ndarray, *, side: int = 640, columns: int | None = None) -> Image.Image:
    """Returns uint8 images `(n, height, width, channels)` as one picture, pixels enlarged.

    Args:
      images: what to show, row by row.
      side: the picture is enlarged by whole factors up to about this many pixels.
      columns: images in a row; as square as can be by default.
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


def scatter(samples: np.ndarray, real: np.ndarray | None = None) -> matplotlib.figure.Figure:
    """Returns the first two coordinates of vectors as points, real examples beneath."""
    figure = matplotlib.figure.Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    if real is not None:
        axes.scatter(*plane(real).T, s=4, color="0.75", label="data")
    axes.scatter(*plane(samples).T, s=4, color="tab:blue", label="generator")
    axes.set_aspect("equal", "datalim")
    axes.legend(loc="upper right")
    return figure


def paths(walks: np.ndarray) -> matplotlib.figure.Figure:
    """Returns walks of vectors `(n, frames, d)` as lines with a point for each step."""
    figure = matplotlib.figure.Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    for walk in walks:
        axes.plot(*plane(walk).T, marker=".", markersize=4, linewidth=0.8, alpha=0.8)
    axes.set_aspect("equal", "datalim")
    return figure


def frames(walks: np.ndarray, *, side: int = 640) -> list[Image.Image]:
    """Returns the pictures of a film: all walks `(n, frames, ...)` at their first step, and on."""
    if walks.ndim == 5:
        return [grid(walks[:, i], side=side) for i in range(walks.shape[1])]
    corners = plane(walks).reshape(-1, 2)
    return [_points(walks[:, i], corners) for i in range(walks.shape[1])]


def check_file(path: str | Path, kinds: tuple[str, ...] = (".png", ".npz")) -> Path:
    """Returns the path of a file to `write`.

    Raises:
      ConfigError: its name does not end in one of `kinds`.
    """
    path = Path(path)
    if path.suffix not in kinds:
        raise ConfigError(f"out={path}: the name must end in {' or '.join(kinds)}")
    return path


def write(samples: np.ndarray, path: str | Path) -> None:
    """Writes samples or walks as a picture (.png), a film (.gif) or an array `samples` (.npz).

    Args:
      samples: `(n, *sample_shape)` of `sample`, or walks `(n, frames, *sample_shape)` of
        `interpolate`; images are uint8, vectors floats.
      path: where to. In a .png each walk of images is a row.

    Raises:
      ConfigError: the name ends otherwise; or in .gif, and the samples are no walks.
    """
    is_walk = samples.ndim in (3, 5)
    path = check_file(path, (".png", ".gif", ".npz") if is_walk else (".png", ".npz"))
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npz":
        np.savez_compressed(path, samples=samples)
    elif path.suffix == ".gif":
        first, *rest = frames(samples)
        first.save(path, save_all=True, append_images=rest, duration=FRAME_MILLISECONDS, loop=0)
    elif samples.ndim >= 4:
        columns = samples.shape[1] if is_walk else None
        grid(samples.reshape(-1, *samples.shape[-3:]), columns=columns).save(path)
    else:
        (paths if is_walk else scatter)(samples).savefig(path, dpi=120)


def plane(vectors: np.ndarray) -> np.ndarray:
    """The first two coordinates; vectors of one number lie on the axis."""
    missing = [(0, 0)] * (vectors.ndim - 1) + [(0, max(0, 2 - vectors.shape[-1]))]
    return np.pad(vectors, missing)[..., :2]


def _points(samples: np.ndarray, corners: np.ndarray) -> Image.Image:
    """One frame of moving points; the axes are the same in each, wide enough for `corners`."""
    figure = matplotlib.figure.Figure(figsize=(4, 4), layout="constrained")
    axes = figure.subplots()
    axes.scatter(*plane(samples).T, s=8, color="tab:blue")
    middle = (corners.max(0) + corners.min(0)) / 2
    half = 0.55 * float(np.max(corners.max(0) - corners.min(0))) or 1.0
    axes.set(xlim=(middle[0] - half, middle[0] + half), ylim=(middle[1] - half, middle[1] + half))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
