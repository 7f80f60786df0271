"""Creates a dataset from in-memory arrays."""

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
    """Creates a dataset from in-memory arrays.

    Register a function that returns it in `DATA_SETS` to train on it by name.

    Args:
      images: Training examples: uint8 images `(N, height, width, channels)`, or
        `(N, height, width)` for one channel; or vectors `(N, d)`, which are
        converted to float32.
      labels: Classes 0, 1, … of the training examples, `(N,)`. Without labels, no
        classifier can be trained to evaluate samples.
      test_images: Held-out examples, of the same kind as `images`. Default:
        every fifth of `images`.
      test_labels: Classes of the held-out examples. Required if `test_images` and
        `labels` are given.
      name: Name of the dataset.

    Raises:
      DataError: If a shape or a dtype is not supported, or the arrays do not
        match.

    Example:
      >>> data = from_arrays(np.zeros((10, 8, 8), np.uint8), np.arange(10) % 2)
      >>> data.images.shape, data.test_images.shape, data.num_classes, data.kind
      ((8, 8, 8, 1), (2, 8, 8, 1), 2, 'image')
    """
    images, classes = _check_examples("images", images), _check_labels("labels", labels, images)
    if test_images is None:
        if len(images) < 5:
            raise DataError(
                f"from_arrays: images must contain at least 5 examples, got {len(images)}. "
                "Pass more, or test_images."
            )
        held_out = np.arange(len(images)) % 5 == 4
        test, test_classes = images[held_out], None if classes is None else classes[held_out]
        images, classes = images[~held_out], None if classes is None else classes[~held_out]
    else:
        test = _check_examples("test_images", test_images)
        if test.shape[1:] != images.shape[1:] or test.dtype != images.dtype:
            raise DataError(
                "from_arrays: images and test_images must have the same shape and dtype, got "
                f"{images.dtype}{list(images.shape[1:])} and {test.dtype}{list(test.shape[1:])}."
            )
        test_classes = _check_labels("test_labels", test_labels, test)
        if (classes is None) != (test_classes is None):
            raise DataError("from_arrays: pass labels and test_labels, or neither.")
    given = [found for found in (classes, test_classes) if found is not None]
    return Data(
        images=images,
        labels=classes,
        test_images=test,
        test_labels=test_classes,
        name=name,
        num_classes=int(np.concatenate(given).max()) + 1 if given else None,
        kind="image" if images.ndim == 4 else "vector",
    )


def _check_examples(name: str, given: np.ndarray) -> np.ndarray:
    """Returns examples as uint8 images `(N, height, width, channels)` or float32 vectors."""
    array = np.asarray(given)
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim == 4 and array.dtype == np.uint8 and array.shape[-1] in (1, 3) and len(array):
        return array
    if array.ndim == 2 and np.issubdtype(array.dtype, np.floating) and array.size:
        if not np.isfinite(array).all():
            raise DataError(
                f"from_arrays: {name} must be finite. Remove the rows with other values."
            )
        return array.astype(np.float32)
    raise DataError(
        f"from_arrays: {name} must be uint8 images (N, height, width, 1 or 3) or floating-point "
        f"vectors (N, d), got {array.dtype}{list(np.shape(given))}."
    )


def _check_labels(name: str, given: np.ndarray | None, images: np.ndarray) -> np.ndarray | None:
    """Returns labels as int32 `(N,)`, or None if there are none."""
    if given is None:
        return None
    array, count = np.asarray(given), len(images)
    if array.shape != (count,) or not np.issubdtype(array.dtype, np.integer) or array.min() < 0:
        raise DataError(
            f"from_arrays: {name} must be {count} non-negative integers, one per example, got "
            f"{array.dtype}{list(array.shape)}."
        )
    return array.astype(np.int32)
