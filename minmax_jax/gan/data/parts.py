"""Decodes the training and held-out examples of a dataset, through a cache."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from minmax_jax.gan.base import cache
from minmax_jax.gan.data import held_out
from minmax_jax.gan.data.dataset import ShardFn, Skipped
from minmax_jax.gan.data.decoding import Decoded, decode
from minmax_jax.gan.data.preprocessing import Preprocessing
from minmax_jax.gan.data.rows import Rows, Source

VERSION = 1
"""Part of the cache key. Increase it with every change to the pixels or to the held-out rows."""


class Parts(NamedTuple):
    """Decoded training and held-out examples, and the rows that they come from.

    Attributes:
      train: Training examples of this process.
      test: Held-out examples, none in a process with a shard.
      train_rows: Row of each training example.
      test_rows: Row of each held-out example.
      counts: Numbers of training and held-out examples in all processes.
      changes: Number of images by the kind of conversion.
      skipped: Broken images that were left out.
    """

    train: np.ndarray
    test: np.ndarray
    train_rows: np.ndarray
    test_rows: np.ndarray
    counts: tuple[int, int]
    changes: Counter[str]
    skipped: tuple[Skipped, ...]

    def labels(self, source: Source) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Returns the classes of the training and the held-out examples."""
        if source.labels is None:
            return None, None
        test = source.labels if source.test is None else source.test_labels
        return source.labels[self.train_rows], None if test is None else test[self.test_rows]


Found = Callable[[np.ndarray, tuple[int, ...]], None]
"""Receives the rows to train on and the shape of their images, before they are decoded."""


def load_parts(
    name: str,
    source: Source,
    shard_fn: ShardFn | None,
    options: Preprocessing,
    found: Found | None = None,
) -> Parts:
    """Decodes a dataset, or returns what an earlier call stored in the cache.

    `found` is called before all images are decoded, unless rows might be left out.
    """
    entry = entry_of(source, shard_fn, options)
    if (stored := load_entry(entry)) is not None:
        return stored
    parts = _decode_parts(name, source, shard_fn, options, found)
    cache.save_arrays(entry, **_pack(parts))
    return parts


def load_entry(entry: str) -> Parts | None:
    """Returns the decoded examples of a cache entry, or None if there is no valid entry."""
    stored = cache.load_arrays(entry)
    try:
        return None if stored is None else _unpack(stored)
    except (KeyError, ValueError, TypeError):  # Not written by `_pack`.
        return None


def entry_of(source: Source, shard_fn: ShardFn | None, options: Preprocessing) -> str:
    """Returns the name of the cache entry, with a digest of all that determines the arrays."""
    count = len(source.train)
    if source.test is None:
        count -= held_out.size(count, source.labels)
    shard = shard_fn(count).indices(count) if shard_fn else None
    digest = hashlib.sha256(repr((VERSION, options, shard)).encode())
    for rows in (source.train, source.test):
        digest.update(("none" if rows is None else rows.fingerprint).encode("utf-8", "replace"))
    if source.labels is not None:
        digest.update(source.labels.tobytes())
    return f"images-{digest.hexdigest()[:24]}"


def _decode_parts(
    name: str,
    source: Source,
    shard_fn: ShardFn | None,
    options: Preprocessing,
    found: Found | None,
) -> Parts:
    train_rows, test_rows = choose_rows(source)
    if found is not None and shard_fn is None and not options.skip_broken:
        first = decode(name, source.train, train_rows[:1], options)
        found(train_rows, (len(train_rows), *first.images.shape[1:]))
    test_source: Rows = source.train if source.test is None else source.test
    counts = (len(train_rows), len(test_rows))
    if shard_fn is None:
        train = decode(name, source.train, train_rows, options)
        test = decode(name, test_source, test_rows, options, train.images.shape[1:])
        counts = (len(train.rows), len(test.rows))
    elif options.skip_broken:  # Only after decoding all rows is it known which ones there are.
        train = decode(name, source.train, train_rows, options)
        counts = (len(train.rows), counts[1])
        shard = shard_fn(len(train.rows))
        train = train._replace(images=train.images[shard].copy(), rows=train.rows[shard])
        test = _nothing(train)
    else:
        train = _decode_shard(name, source.train, train_rows, shard_fn, options)
        test = _nothing(train)
    return Parts(
        train.images,
        test.images,
        train.rows,
        test.rows,
        counts,
        train.changes + test.changes,
        (*train.skipped, *test.skipped),
    )


def choose_rows(source: Source) -> tuple[np.ndarray, np.ndarray]:
    """Returns the rows to train on, and the held-out rows."""
    if source.test is not None:
        return np.arange(len(source.train)), np.arange(len(source.test))
    hashes = held_out.hash_contents(_contents(source.train))
    mask = held_out.choose(hashes, source.labels)
    return np.flatnonzero(~mask), np.flatnonzero(mask)


def _contents(rows: Rows) -> Iterator[bytes]:
    """Yields the encoded images, or empty bytes for each that is missing or cannot be read.

    `decode` reports these images later.
    """
    for row in range(len(rows)):
        try:
            yield rows.content(row) or b""
        except OSError:
            yield b""


def _decode_shard(
    name: str, rows: Rows, chosen: np.ndarray, shard_fn: ShardFn, options: Preprocessing
) -> Decoded:
    """Decodes the rows of this process."""
    own = chosen[shard_fn(len(chosen))]
    if len(own):
        return decode(name, rows, own, options)
    # Without rows, the shape of the images must come from another process's row.
    first = decode(name, rows, chosen[:1], options)
    return first._replace(images=first.images[:0], rows=first.rows[:0], changes=Counter())


def _nothing(train: Decoded) -> Decoded:
    return Decoded(train.images[:0], train.rows[:0], Counter(), ())


def _pack(parts: Parts) -> dict[str, np.ndarray]:
    """Returns decoded examples as arrays for the cache."""
    about = json.dumps([parts.counts, parts.changes, parts.skipped])
    return {
        **{name: getattr(parts, name) for name in ("train", "test", "train_rows", "test_rows")},
        "about": np.frombuffer(about.encode("utf-8", "backslashreplace"), np.uint8),
    }


def _unpack(stored: dict[str, np.ndarray]) -> Parts:
    """Returns the decoded examples that `_pack` packed."""
    counts, changes, skipped = json.loads(stored["about"].tobytes())
    return Parts(
        stored["train"],
        stored["test"],
        stored["train_rows"],
        stored["test_rows"],
        (counts[0], counts[1]),
        Counter(changes),
        tuple(Skipped(file, reason) for file, reason in skipped),
    )
