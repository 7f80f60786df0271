"""Training data in memory: built-in sets, image sets read by `datasets`, and sampling of batches.

Images stay uint8 on the device and are drawn inside the compiled step. Which image and
which latent an example gets depends on the key and on its index in the global batch
alone, so that one device and eight see the same batch.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from minmax_jax import parallel
from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.base.registry import Table
from minmax_jax.gan.data import image_sets

__all__ = ["SETS", "Data", "DataError", "Modes", "batch", "gaussians", "latents", "load"]


class Modes(NamedTuple):
    """Where the modes of a mixture are.

    Attributes:
      centres: `(num_modes, dimension)`.
      std: standard deviation of every mode, in every direction.
    """

    centres: np.ndarray
    std: float


class Total(NamedTuple):
    """What is known of training examples that are spread over processes.

    Attributes:
      count: how many there are.
      crc32: checksum of all of them.
    """

    count: int
    crc32: int


Take = Callable[[int], slice]
"""From the number of training examples to those that this process reads."""


class Data(NamedTuple):
    """A data set in memory.

    Attributes:
      images: training examples: uint8 `(N, height, width, channels)` or float32 `(N, dimension)`.
      labels: classes of the training examples, int32 `(N,)`, or None.
      test_images: held-out examples, like `images`.
      test_labels: their classes, or None.
      name: what was loaded.
      num_classes: number of classes, or None.
      kind: "image" or "vector".
      modes: the true modes of a synthetic mixture, or None.
      total: count and checksum of all training examples, where this process holds a part.
    """

    images: np.ndarray
    labels: np.ndarray | None
    test_images: np.ndarray
    test_labels: np.ndarray | None
    name: str
    num_classes: int | None
    kind: str
    modes: Modes | None = None
    total: Total | None = None

    @property
    def count(self) -> int:
        """The number of training examples, over all processes."""
        return self.total.count if self.total else len(self.images)


def load(name: str, label_column: str = "", take: Take | None = None) -> Data:
    """Loads one of `SETS`, or what `datasets.load_dataset` finds under the name.

    Args:
      name: "gaussians": a ring of eight modes in the plane; "digits": scikit-learn's 8×8
        handwritten digits, which come with it; what was registered; otherwise a folder or a
        hub name with an image column and perhaps a class label column, found by their
        feature types.
      label_column: the column of the class labels, where it cannot be found or is not the one
        that is wanted.
      take: which training examples to read, by default all; with it no held-out ones, and the
        checksum in `total` is still to be found (0).

    Raises:
      DataError: if nothing is found there, or it holds no images of one size; one line that
        says what to do.
    """
    if name in SETS:
        if label_column:
            raise DataError(
                f"label_column={label_column!r}: {name} is built in or registered and has no "
                "columns; leave label_column out"
            )
        return _part(SETS[name](), take) if take else SETS[name]()
    train, test, num_classes, count = image_sets.load_image_set(name, label_column, take)
    return Data(
        images=train.images,
        labels=train.labels,
        test_images=test.images,
        test_labels=test.labels,
        name=name,
        num_classes=num_classes,
        kind="image",
        total=Total(count, 0) if take else None,
    )


def own_rows(index: int, processes: int, devices: int) -> Take:
    """Returns which examples a process reads: the rows of its devices, see `spread`.

    Args:
      index: the process.
      processes: how many there are.
      devices: devices of each.
    """

    def take(count: int) -> slice:
        rows = -(-count // (processes * devices)) * devices
        return slice(min(index * rows, count), min((index + 1) * rows, count))

    return take


def _part(data: Data, take: Take) -> Data:
    rows = take(len(data.images))
    return data._replace(
        images=data.images[rows],
        labels=None if data.labels is None else data.labels[rows],
        test_images=data.test_images[:0],
        test_labels=None if data.test_labels is None else data.test_labels[:0],
        total=Total(len(data.images), 0),
    )


def gaussians(
    num_modes: int = 8, radius: float = 2.0, std: float = 0.05, num: int = 50_000, seed: int = 0
) -> Data:
    """Returns samples of a ring of Gaussian modes of equal weight.

    Args:
      num_modes: modes, evenly spaced on the circle.
      radius: of the circle.
      std: standard deviation of every mode.
      num: training examples; a fifth as many are held out.
      seed: of the samples.
    """
    angles = 2 * np.pi * np.arange(num_modes) / num_modes
    centres = radius * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    random = np.random.default_rng(seed)
    labels = random.integers(num_modes, size=num + num // 5).astype(np.int32)
    points = (centres[labels] + std * random.normal(size=(len(labels), 2))).astype(np.float32)
    return Data(
        images=points[:num],
        labels=labels[:num],
        test_images=points[num:],
        test_labels=labels[num:],
        name="gaussians",
        num_classes=num_modes,
        kind="vector",
        modes=Modes(centres=centres, std=std),
    )


def _digits() -> Data:
    """scikit-learn's digits; every fifth is held out (writers come in runs, so no block is)."""
    from sklearn.datasets import load_digits

    digits: Any = load_digits()  # its stubs know only the form with return_X_y
    # Grey levels 0…16 to 0…255.
    images = np.round(digits.images * (255 / 16)).astype(np.uint8)[..., None]
    labels = digits.target.astype(np.int32)
    held_out = np.arange(len(images)) % 5 == 4
    return Data(
        images=images[~held_out],
        labels=labels[~held_out],
        test_images=images[held_out],
        test_labels=labels[held_out],
        name="digits",
        num_classes=10,
        kind="image",
    )


SETS: Table[Callable[[], Data]] = Table("data", {"gaussians": gaussians, "digits": _digits})
"""Name -> the function that loads it, for sets that `datasets` does not find."""


def to_float(images: jax.Array) -> jax.Array:
    """Maps uint8 0…255 to float32 −1…1; floats stay as they are."""
    return images.astype(jnp.float32) / 127.5 - 1.0 if images.dtype == jnp.uint8 else images


class Spread(NamedTuple):
    """A data set of which each device holds some rows: block d of equal blocks on device d.

    Attributes:
      rows: `(rows, *sample_shape)`, filled up with zeros after the last example.
      count: int32 scalar, the number of examples on all devices.
    """

    rows: jax.Array
    count: jax.Array


def spread(images: np.ndarray, count: int, devices: Sequence[Any]) -> Spread:
    """Returns the examples of this process laid out over its devices.

    Args:
      images: what `own_rows` gave it.
      count: the number of examples on all devices.
      devices: the devices of all processes, in their order.
    """
    own = parallel.own(devices)
    size = -(-count // len(devices))
    rows = np.zeros((len(own) * size, *images.shape[1:]), images.dtype)
    rows[: len(images)] = images
    return Spread(
        rows=parallel.split(rows.reshape(len(own), size, *images.shape[1:]), own),
        count=parallel.replicate(np.int32(count), own),
    )


def lay_out(data: Data, devices: Sequence[Any]) -> Any:
    """Returns the training examples as `batch` takes them, with a leading axis of devices.

    Every device of a process alone has all of them; several processes spread them, and the
    batches are the same.
    """
    if data.total is None:
        return parallel.replicate(data.images, devices)
    return spread(data.images, data.count, devices)


def batch(images: jax.Array | Spread, key: jax.Array, indices: jax.Array) -> jax.Array:
    """Draws examples with replacement, each from `key` and its own index.

    From a `Spread` the same ones: every device looks which examples of the whole batch lie
    with it, and their sum over devices, all but one zero, goes where they were drawn.

    Args:
      images: the whole set, `(N, *sample_shape)`, uint8 or float32; or its rows on this device.
      key: the PRNG key of this draw.
      indices: positions in the global batch, `(batch,)`.

    Returns:
      float32 `(batch, *sample_shape)`; images in −1…1.
    """
    if isinstance(images, Spread):
        return _batch_of_spread(images, key, indices)
    return to_float(images[_picks(key, indices, images.shape[0])])


def _picks(key: jax.Array, indices: jax.Array, count: int | jax.Array) -> jax.Array:
    def pick(index: jax.Array) -> jax.Array:
        return jax.random.randint(jax.random.fold_in(key, index), (), 0, count)

    return jax.vmap(pick)(indices)


def _batch_of_spread(images: Spread, key: jax.Array, indices: jax.Array) -> jax.Array:
    every = lax.all_gather(indices, parallel.AXIS, tiled=True)
    size = images.rows.shape[0]
    place = _picks(key, every, images.count) - lax.axis_index(parallel.AXIS) * size
    mine = (place >= 0) & (place < size)
    found = to_float(images.rows[jnp.clip(place, 0, size - 1)])
    found = jnp.where(mine.reshape(-1, *[1] * (found.ndim - 1)), found, 0.0)
    return lax.psum_scatter(found, parallel.AXIS, tiled=True)


def latents(key: jax.Array, indices: jax.Array, latent_dim: int) -> jax.Array:
    """Draws standard normal latents, each from `key` and its own index: `(batch, latent_dim)`."""
    return jax.vmap(lambda index: jax.random.normal(jax.random.fold_in(key, index), (latent_dim,)))(
        indices
    )
