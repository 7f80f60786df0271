"""Decides whether a dataset is decoded into memory or streamed."""

import math
from typing import NamedTuple

import jax
import numpy as np

from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.base.memory import total_memory
from minmax_jax.gan.data.dataset import ShardFn
from minmax_jax.gan.data.decoding import decode, size_text
from minmax_jax.gan.data.preprocessing import Preprocessing
from minmax_jax.gan.data.rows import Rows, Source
from minmax_jax.gan.data.sharding import ProcessShard
from minmax_jax.gan.data.streaming import reader

_FIRST = 100
"""Number of images of which at least one must not be broken."""


class Streaming(NamedTuple):
    """How to read a dataset.

    Attributes:
      always: Whether to stream in any case.
      above: Share of the memory above which the dataset is streamed, or 0 for never.
      workers: Number of processes that decode, 0 for threads, or -1 for the default.
      cache: Folder for decoded images, or "" for none.
    """

    always: bool = False
    above: float = 0.0
    workers: int = -1
    cache: str = ""


NEVER = Streaming()
"""Decodes all images into memory."""


def reason(
    name: str,
    source: Source,
    shard_fn: ShardFn | None,
    options: Preprocessing,
    streaming: Streaming,
) -> str | None:
    """Returns why a dataset is streamed, as a line for the user, or None if it is not.

    Args:
      name: Name of the dataset, for error messages.
      source: Encoded images.
      shard_fn: Function that maps the number of examples to the range that this process would
        hold in memory, or None for all.
      options: Options of preprocessing.
      streaming: How to read the dataset.
    """
    if streaming.always:
        reader.check_installed()
        return "streamed: read and decoded while the run trains"
    if not streaming.above:
        return None
    limit = largest_size(streaming)
    count = len(source.train) + (0 if source.test is None else len(source.test))
    if isinstance(shard_fn, ProcessShard):  # All processes must choose the same.
        count = shard_fn.largest(len(source.train))
    elif shard_fn is not None:
        count = len(range(len(source.train))[shard_fn(len(source.train))])
    shape = first_shape(name, source.train, np.arange(len(source.train)), options)
    decoded = count * int(np.prod(shape))
    if decoded <= limit:
        return None
    reader.check_installed()
    memory = limit / streaming.above
    return (
        f"streamed, because {count:,} decoded images of {size_text(shape)} would take "
        f"{decoded / 1e9:,.1f} GB, more than {100 * streaming.above:.3g}% of "
        f"{memory / 1e9:,.1f} GB of memory (--stream-above)"
    )


def largest_size(streaming: Streaming) -> float:
    """Returns the bytes that decoded images may take before they are streamed, maybe infinite."""
    return streaming.above * _memory() if streaming.above else math.inf


def first_shape(
    name: str, rows: Rows, chosen: np.ndarray, options: Preprocessing
) -> tuple[int, ...]:
    """Returns the shape of the first image that is not broken.

    Raises:
      DataError: If the first image is broken, or the first 100 with `skip_broken`.
    """
    for row in chosen[:_FIRST]:
        found = decode(name, rows, np.array([row]), options)
        if len(found.images):
            return found.images.shape[1:]
    raise DataError(f"data={name}: none of the first {_FIRST} images can be decoded. Repair them.")


def _memory() -> float:
    """Returns the memory of this machine, or of an accelerator if that is smaller."""
    host = total_memory()
    if jax.default_backend() == "cpu":
        return host
    limits = jax.local_devices()[0].memory_stats() or {}
    return min(host, limits.get("bytes_limit", host))
