"""Preprocesses a dataset that is in memory already."""

from collections import Counter

import numpy as np
from PIL import Image

from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.data import report
from minmax_jax.gan.data.conversion import to_pixels
from minmax_jax.gan.data.dataset import Data
from minmax_jax.gan.data.preprocessing import Preprocessing


def preprocess(data: Data, options: Preprocessing) -> Data:
    """Resizes, crops and converts the images of a dataset.

    Args:
      data: Dataset.
      options: Options of preprocessing.

    Raises:
      DataError: If the dataset does not consist of images.
    """
    if options == Preprocessing():
        return data
    if data.kind != "image":
        raise DataError(
            f"data={data.name} consists of vectors, which have no size and channels. Omit resize, "
            "crop and channels."
        )
    changes: Counter[str] = Counter()
    images, test_images = (
        _convert(part, options, changes) for part in (data.images, data.test_images)
    )
    notes = (*data.notes, *report.changes(changes))
    return data._replace(images=images, test_images=test_images, notes=notes)


def _convert(images: np.ndarray, options: Preprocessing, changes: Counter[str]) -> np.ndarray:
    converted = []
    for pixels in images:
        image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
        array, changed = to_pixels(image, options, pixels.tobytes())
        converted.append(array)
        changes.update(changed)
    return np.stack(converted) if converted else images
