"""Registry of datasets and the function that loads them by name."""

from collections.abc import Callable
from pathlib import Path

from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.base.registry import Registry
from minmax_jax.gan.data import array_preprocessing, builtin_sets, image_sets, sharding
from minmax_jax.gan.data.dataset import Data, ShardFn
from minmax_jax.gan.data.loading import Announce
from minmax_jax.gan.data.preprocessing import Preprocessing
from minmax_jax.gan.data.streaming import arrays as arrays_lib
from minmax_jax.gan.data.streaming import reader
from minmax_jax.gan.data.streaming.choice import NEVER, Streaming

DATA_SETS: Registry[Callable[[], Data]] = Registry(
    "dataset", {"gaussians": builtin_sets.gaussians, "digits": builtin_sets.digits}
)
"""Maps a name to the function that loads the dataset."""


def load(
    name: str,
    label_column: str = "",
    shard_fn: ShardFn | None = None,
    *,
    image_column: str = "",
    resize: int = 0,
    crop: str = "none",
    channels: int = 0,
    background: str = "",
    skip_broken: bool = False,
    streaming: Streaming = NEVER,
    announce: Announce | None = None,
) -> Data:
    """Loads a dataset by name.

    A dataset without a test split is split by one rule: a fifth of its examples, at
    most 10,000, are held out at random in proportion to the classes. The choice
    depends on the examples only.

    Args:
      name: Name in `DATA_SETS`: `"gaussians"` (eight modes on a circle),
        `"digits"` (scikit-learn's 8×8 handwritten digits) or a registered name.
        Any other name is a folder of images, or an argument of
        `datasets.load_dataset`: a folder of tables or a hub name.
      label_column: Column of the class labels, or `"none"` for no labels. Default:
        the class folders, the only `ClassLabel` column, or the only column named
        label, labels or class.
      shard_fn: Function that maps the number of training examples to the range to
        load. With it, no held-out examples are loaded and the checksum in
        `Data.totals` is 0. Default: all examples are loaded.
      image_column: Column of the images. Default: the only one.
      resize: New length of the shorter side of each image, or 0 for no change.
      crop: `"center"` or `"random"` for a square, or `"none"`. A random position is
        chosen once per image.
      channels: 1 for gray, 3 for RGB, or 0 for no change.
      background: Color behind transparent pixels. Default: such images are refused.
      skip_broken: Whether to leave out broken images.
      streaming: Whether to decode all images now, or each image when it is needed. Streamed
        images are not sharded by `shard_fn`. Default: decode all images now.
      announce: Called with the outline of an image dataset before its images are decoded, unless
        that takes no time or images may be left out.

    Raises:
      ConfigError: If an option of preprocessing is invalid.
      DataError: If the dataset cannot be read, or does not contain images of one
        size.
    """
    options = Preprocessing(resize, crop, channels, background, skip_broken)
    options.check()
    if name not in DATA_SETS:
        return image_sets.load_image_set(
            str(Path(name).expanduser()) if name.startswith("~") else name,
            label_column,
            shard_fn,
            image_column=image_column,
            options=options,
            streaming=streaming,
            announce=announce,
        )
    for flag, value in (
        ("label_column", label_column),
        ("image_column", image_column),
        ("background", background),
        ("skip_broken", skip_broken),
    ):
        if value:
            raise DataError(
                f"{flag}={value!r}: {name} is built in or registered and has no columns or files. "
                f"Omit {flag}."
            )
    data = array_preprocessing.preprocess(DATA_SETS[name](), options)
    if Path(name).is_dir():
        note = f"this is the dataset of that name, not the folder; for the folder pass ./{name}"
        data = data._replace(notes=(*data.notes, note))
    if streaming.always or data.is_streamed:
        reader.check_installed()
        return arrays_lib.stream(data)
    return sharding.take_shard(data, shard_fn) if shard_fn else data
