"""Training examples sharded over processes and devices."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from minmax_jax import parallel
from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.data.checksum import crc32
from minmax_jax.gan.data.dataset import Data, ShardFn, Totals
from minmax_jax.gan.data.examples import Examples


class ProcessShard(NamedTuple):
    """Function that maps the number of examples to the range of one process.

    Attributes:
      index: Index of the process.
      num_processes: Number of processes.
      devices_per_process: Number of devices of each process.
    """

    index: int
    num_processes: int
    devices_per_process: int

    def __call__(self, count: int) -> slice:
        """Returns the range of this process. The last processes may have fewer examples."""
        rows = self.largest(count)
        return slice(min(self.index * rows, count), min((self.index + 1) * rows, count))

    def largest(self, count: int) -> int:
        """Returns the number of examples of the first process, which no process exceeds."""
        devices = self.num_processes * self.devices_per_process
        return -(-count // devices) * self.devices_per_process


def shard_of_process(index: int, num_processes: int, devices_per_process: int) -> ShardFn:
    """Returns a function that gives the range of examples for the devices of one process.

    Args:
      index: Index of the process.
      num_processes: Number of processes.
      devices_per_process: Number of devices of each process.
    """
    return ProcessShard(index, num_processes, devices_per_process)


def take_shard(data: Data, shard_fn: ShardFn) -> Data:
    """Keeps one shard of the training examples and drops the held-out examples.

    The checksum in `Data.totals` is set to 0, because one process cannot compute it.
    """
    rows = shard_fn(len(data.images))
    identity = crc32(data.test_images, crc32(data.images))
    return data._replace(
        images=data.images[rows],
        labels=None if data.labels is None else data.labels[rows],
        test_images=data.test_images[:0],
        test_labels=None if data.test_labels is None else data.test_labels[:0],
        totals=Totals(len(data.images), 0, len(data.test_images), identity),
    )


class ShardedImages(NamedTuple):
    """Training examples in equal blocks, block d on device d.

    Attributes:
      rows: Examples on this device, `(rows, *sample_shape)`, padded with zeros
        after the last example of the dataset.
      count: Number of examples on all devices (int32 scalar).
    """

    rows: jax.Array
    count: jax.Array


def shard_images(images: np.ndarray, count: int, devices: Sequence[Any]) -> ShardedImages:
    """Distributes the examples of this process over its devices.

    Args:
      images: Examples in the range given by `shard_of_process`.
      count: Number of examples on all devices.
      devices: Devices of all processes, ordered by process.
    """
    own = parallel.addressable_devices(devices)
    return ShardedImages(
        rows=_shard_rows(images, count, devices), count=parallel.replicate(np.int32(count), own)
    )


def _shard_rows(values: np.ndarray, count: int, devices: Sequence[Any]) -> Any:
    """Distributes the rows of this process over its devices, padded with zeros."""
    own = parallel.addressable_devices(devices)
    size = -(-count // len(devices))
    rows = np.zeros((len(own) * size, *values.shape[1:]), values.dtype)
    rows[: len(values)] = values
    return parallel.shard(rows.reshape(len(own), size, *values.shape[1:]), own)


def put_on_devices(data: Data, devices: Sequence[Any], *, labels: bool = False) -> Any:
    """Copies the training examples to the devices, in the form that `batch` accepts.

    In a single process every device holds all examples. Several processes shard
    them; batches are the same in both cases.

    Args:
      data: Dataset, or this process's shard of it.
      devices: Devices of all processes, ordered by process.
      labels: Whether to copy the labels, too, for a class-conditional run.

    Returns:
      An array or `ShardedImages` with a leading axis of devices. With labels, `Examples` of it.

    Raises:
      DataError: If labels are requested and the dataset has none.
    """
    if labels and data.labels is None:
        raise DataError(
            f"put_on_devices: data must have labels, got none in {data.name}. Pass labels=False."
        )
    classes = data.labels if labels else None
    if data.totals is None:
        images = parallel.replicate(data.images, devices)
        return images if classes is None else Examples(images, parallel.replicate(classes, devices))
    images = shard_images(data.images, data.count, devices)
    if classes is None:
        return images
    return Examples(images, _shard_rows(classes, data.count, devices))
