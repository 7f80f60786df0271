"""Registry of datasets and the function that loads them by name."""

from collections.abc import Callable

from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.base.registry import Registry
from minmax_jax.gan.data import builtin_sets, image_sets, sharding
from minmax_jax.gan.data.dataset import Data, ShardFn, Totals

DATA_SETS: Registry[Callable[[], Data]] = Registry(
    "dataset", {"gaussians": builtin_sets.gaussians, "digits": builtin_sets.digits}
)
"""Maps a name to the function that loads the dataset."""


def load(name: str, label_column: str = "", shard_fn: ShardFn | None = None) -> Data:
    """Loads a dataset by name.

    Args:
      name: Name in `DATA_SETS`: `"gaussians"` (eight modes on a circle),
        `"digits"` (scikit-learn's 8×8 handwritten digits) or a registered name.
        Any other name is passed to `datasets.load_dataset`: a folder or a hub
        name with one image column.
      label_column: Column of the class labels. Default: the only `ClassLabel`
        column, if there is exactly one.
      shard_fn: Range of training examples to load. With it, no held-out examples
        are loaded and the checksum in `totals` is 0. Default: all examples.

    Raises:
      DataError: If the dataset cannot be read, or does not contain images of one
        size.
    """
    if name in DATA_SETS:
        if label_column:
            raise DataError(
                f"label_column={label_column!r}: {name} is built in or registered and has no "
                "columns. Omit label_column."
            )
        data = DATA_SETS[name]()
        return sharding.take_shard(data, shard_fn) if shard_fn else data
    train, test, num_classes, count = image_sets.load_image_set(name, label_column, shard_fn)
    return Data(
        images=train.images,
        labels=train.labels,
        test_images=test.images,
        test_labels=test.labels,
        name=name,
        num_classes=num_classes,
        kind="image",
        totals=Totals(count, 0) if shard_fn else None,
    )
