"""Checksum of training examples."""

import zlib

import numpy as np


def crc32(images: np.ndarray, before: int = 0) -> int:
    """Returns the CRC-32 of `images`, continuing from `before`.

    Args:
      images: Examples of any shape and dtype.
      before: CRC-32 of the examples that come before `images`. Default: none.
    """
    return zlib.crc32(np.ascontiguousarray(images).tobytes(), before)
