"""Training examples sharded over processes and devices."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from minmax_jax import parallel
from minmax_jax.gan.data.checksum import crc32
from minmax_jax.gan.data.dataset import Data, ShardFn, Totals


def shard_of_process(index: int, num_processes: int, devices_per_process: int) -> ShardFn:
    """Returns the range of examples that one process loads: the rows of its devices.

    Args:
      index: Index of the process.
      num_processes: Number of processes.
      devices_per_process: Number of devices of each process.
    """

    def shard_fn(count: int) -> slice:
        rows = -(-count // (num_processes * devices_per_process)) * devices_per_process
        return slice(min(index * rows, count), min((index + 1) * rows, count))

    return shard_fn


def take_shard(data: Data, shard_fn: ShardFn) -> Data:
    """Keeps one shard of the training examples and drops the held-out examples.

    The checksum in `totals` is set to 0, because one process cannot compute it.
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
    size = -(-count // len(devices))
    rows = np.zeros((len(own) * size, *images.shape[1:]), images.dtype)
    rows[: len(images)] = images
    return ShardedImages(
        rows=parallel.shard(rows.reshape(len(own), size, *images.shape[1:]), own),
        count=parallel.replicate(np.int32(count), own),
    )


def put_on_devices(data: Data, devices: Sequence[Any]) -> Any:
    """Copies the training examples to the devices, in the form that `batch` accepts.

    In a single process every device holds all examples. Several processes shard
    them; batches are the same in both cases.

    Args:
      data: Dataset, or this process's shard of it.
      devices: Devices of all processes, ordered by process.

    Returns:
      An array or `ShardedImages` with a leading axis of devices.
    """
    if data.totals is None:
        return parallel.replicate(data.images, devices)
    return shard_images(data.images, data.count, devices)
