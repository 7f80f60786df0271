"""A data set out of a user's own arrays."""

import numpy as np

from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.data.dataset import Data


def from_arrays(
    images: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    test_images: np.ndarray | None = None,
    test_labels: np.ndarray | None = None,
    name: str = "arrays",
) -> Data:
    """Returns a data set of arrays in memory, to train on and to register under a name.

    Args:
      images: training examples: uint8 images `(N, height, width, channels)` or, of one
        channel, `(N, height, width)`; or vectors `(N, d)`, kept as float32.
      labels: their classes 0, 1, …, `(N,)`; without them there is no classifier to judge
        samples by.
      test_images: held-out examples, like `images`; every fifth of `images` if not given.
      test_labels: their classes, if `test_images` and `labels` are given.
      name: what it is called.

    Raises:
      DataError: shapes or dtypes that cannot be trained on.

    Example:
      >>> data = from_arrays(np.zeros((10, 8, 8), np.uint8), np.arange(10) % 2)
      >>> data.images.shape, data.test_images.shape, data.num_classes, data.kind
      ((8, 8, 8, 1), (2, 8, 8, 1), 2, 'image')
    """
    images, classes = _examples("images", images), _classes("labels", labels, len(images))
    if test_images is None:
        if len(images) < 5:
            raise DataError(f"images: {len(images)} examples; give at least 5, or test_images")
        held_out = np.arange(len(images)) % 5 == 4
        test, test_classes = images[held_out], None if classes is None else classes[held_out]
        images, classes = images[~held_out], None if classes is None else classes[~held_out]
    else:
        test = _examples("test_images", test_images)
        if test.shape[1:] != images.shape[1:] or test.dtype != images.dtype:
            raise DataError(
                f"test_images are {test.dtype}{list(test.shape[1:])}, images "
                f"{images.dtype}{list(images.shape[1:])}; give both in one form"
            )
        test_classes = _classes("test_labels", test_labels, len(test))
        if (classes is None) != (test_classes is None):
            raise DataError("give labels and test_labels, or neither")
    every = [found for found in (classes, test_classes) if found is not None]
    return Data(
        images=images,
        labels=classes,
        test_images=test,
        test_labels=test_classes,
        name=name,
        num_classes=int(np.concatenate(every).max()) + 1 if every else None,
        kind="image" if images.ndim == 4 else "vector",
    )


def _examples(name: str, given: np.ndarray) -> np.ndarray:
    array = np.asarray(given)
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim == 4 and array.dtype == np.uint8 and array.shape[-1] in (1, 3) and len(array):
        return array
    if array.ndim == 2 and np.issubdtype(array.dtype, np.floating) and array.size:
        if not np.isfinite(array).all():
            raise DataError(f"{name} have values that are not finite; remove those rows")
        return array.astype(np.float32)
    raise DataError(
        f"{name} are {array.dtype}{list(np.shape(given))}; give uint8 images (N, height, width, 1 "
        "or 3), 0 to 255, or floating point vectors (N, d)"
    )


def _classes(name: str, given: np.ndarray | None, count: int) -> np.ndarray | None:
    if given is None:
        return None
    array = np.asarray(given)
    if array.shape != (count,) or not np.issubdtype(array.dtype, np.integer) or array.min() < 0:
        raise DataError(
            f"{name} are {array.dtype}{list(array.shape)}; give whole numbers from 0 on, "
            f"one for each of the {count} examples"
        )
    return array.astype(np.int32)
