"""Extractors without a network: pixels of images and coordinates of vectors."""

import numpy as np

from minmax_jax.gan.data import Data, to_float
from minmax_jax.gan.evaluation.features.extractor import Extracted, Extractor

MAX_SIDE = 32
"""Larger images are downsampled to at most this many pixels per side, because the Fréchet
distance needs the covariance matrix of all pixels."""

_CHUNK = 500
"""Number of images that are converted to floats at once."""


def points() -> Extractor:
    """Returns the extractor of vector data, which uses the vectors as features."""
    return Extractor("points", lambda points: Extracted(np.asarray(points, np.float32)), {})


def pixels(data: Data) -> Extractor:
    """Returns the extractor whose features are the pixels in −1…1, row by row.

    Images with more than `MAX_SIDE` pixels per side are averaged over blocks. A
    border that does not fill a block is ignored. `facts["size"]` is the size after
    averaging.

    Args:
      data: Image dataset.
    """
    height, width, channels = data.images.shape[1:]
    block_height, block_width = (-(-length // MAX_SIDE) for length in (height, width))
    rows, columns = height // block_height, width // block_width

    def pool(images: np.ndarray) -> np.ndarray:
        floats = to_float(images).astype(np.float32)
        whole = floats[:, : rows * block_height, : columns * block_width]
        blocks = whole.reshape(-1, rows, block_height, columns, block_width, channels)
        return blocks.mean(axis=(2, 4)).reshape(len(images), -1)

    def extract(images: np.ndarray) -> Extracted:
        starts = range(0, len(images), _CHUNK)
        return Extracted(np.concatenate([pool(images[i : i + _CHUNK]) for i in starts]))

    averaged = f"mean of blocks of {block_height}x{block_width} pixels"
    resizing = "none" if block_height == block_width == 1 else averaged
    size = {"size": f"{rows}x{columns}x{channels}"}
    return Extractor("pixels", extract, size, resizing=resizing)
