"""Creates a dataset from in-memory arrays."""

from typing import Any

import numpy as np

from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.data import held_out, row_order
from minmax_jax.gan.data import labels as labels_lib
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
      labels: Classes 0, 1, … of the training examples, or their names, `(N,)`.
        Without labels, no classifier can be trained to evaluate samples.
      test_images: Held-out examples, of the same kind as `images`. Default: a fifth
        of `images` (at most 10,000), chosen at random in proportion to the classes.
        The choice depends on the images only, not on their order.
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
    images = _check_examples("images", images)
    if len(images) < held_out.MIN_EXAMPLES:
        raise DataError(
            f"from_arrays: images must contain at least {held_out.MIN_EXAMPLES} examples, got "
            f"{len(images)}. Pass more."
        )
    notes: tuple[str, ...] = ()
    if test_images is None:
        if test_labels is not None:
            raise DataError("from_arrays: test_labels require test_images. Pass both or neither.")
        classes, num_classes = _check_labels((labels, images, "labels"))
        mask = held_out.choose(row_order.row_hashes(images), classes[0] if classes else None)
        test, images = images[mask], images[~mask]
        classes = [classes[0][~mask], classes[0][mask]] if classes else None
        notes = (held_out.NOTE,)
    else:
        test = _check_examples("test_images", test_images)
        if test.shape[1:] != images.shape[1:] or test.dtype != images.dtype:
            raise DataError(
                "from_arrays: images and test_images must have the same shape and dtype, got "
                f"{images.dtype}{list(images.shape[1:])} and {test.dtype}{list(test.shape[1:])}."
            )
        if (labels is None) != (test_labels is None):
            raise DataError("from_arrays: pass labels and test_labels, or neither.")
        classes, num_classes = _check_labels(
            (labels, images, "labels"), (test_labels, test, "test_labels")
        )
    return Data(
        images=images,
        labels=classes[0] if classes else None,
        test_images=test,
        test_labels=classes[1] if classes else None,
        name=name,
        num_classes=num_classes,
        kind="image" if images.ndim == 4 else "vector",
        notes=notes,
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


def _check_labels(
    *parts: tuple[Any, np.ndarray, str],
) -> tuple[list[np.ndarray] | None, int | None]:
    """Returns the classes of each split as int32, and the number of classes.

    Both are None if a split has no labels.

    Args:
      *parts: Labels, examples and name of the argument, for each split.
    """
    values = []
    for given, images, name in parts:
        if given is None:
            return None, None
        array = np.asarray(given)
        if array.shape != (len(images),):
            raise DataError(
                f"from_arrays: {name} must have shape [{len(images)}], one label per example, got "
                f"{list(array.shape)}."
            )
        values.append(array.tolist())
    return labels_lib.to_classes("from_arrays: labels", *values)
