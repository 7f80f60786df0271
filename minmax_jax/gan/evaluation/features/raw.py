"""Features that are no network's: pixels, and the coordinates of vectors."""

import numpy as np

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.evaluation.features.extractor import Extracted, Extractor

SIDE = 32
"""Larger images are averaged down to at most about this many pixels a side, because the
Fréchet distance wants covariances of all pixels with all."""


def points() -> Extractor:
    """Returns the extractor of vectors: they are their own features."""
    return Extractor("points", lambda points: Extracted(np.asarray(points, np.float32)), {})


def pixels(data: data_lib.Data) -> Extractor:
    """Returns the extractor of pixels in −1…1, row by row.

    Images beyond `SIDE` pixels are averaged over square blocks; a border that fills no
    block is left out. `facts["size"]` says what remains.

    Args:
      data: the images.
    """
    height, width, channels = data.images.shape[1:]
    tall, wide = (-(-length // SIDE) for length in (height, width))
    rows, columns = height // tall, width // wide

    def extract(images: np.ndarray) -> Extracted:
        parts = [_floats(images[start : start + 500]) for start in range(0, len(images), 500)]
        whole = [part[:, : rows * tall, : columns * wide] for part in parts]
        blocks = [part.reshape(-1, rows, tall, columns, wide, channels) for part in whole]
        pooled = [part.mean(axis=(2, 4)).reshape(len(part), -1) for part in blocks]
        return Extracted(np.concatenate(pooled))

    return Extractor("pixels", extract, {"size": f"{rows}x{columns}x{channels}"})


def _floats(images: np.ndarray) -> np.ndarray:
    floats = images.astype(np.float32)
    return floats / np.float32(127.5) - 1 if images.dtype == np.uint8 else floats
