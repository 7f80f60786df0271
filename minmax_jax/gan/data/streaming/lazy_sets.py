"""Loads image datasets without decoding their images."""

import hashlib
from typing import Any

import numpy as np

from minmax_jax.gan.base import cache
from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.data import held_out, parts
from minmax_jax.gan.data.dataset import Data, Skipped
from minmax_jax.gan.data.preprocessing import Preprocessing
from minmax_jax.gan.data.rows import Rows, Source
from minmax_jax.gan.data.streaming import choice, decoded, scan
from minmax_jax.gan.data.streaming.choice import Streaming
from minmax_jax.gan.data.streaming.lazy import LazyImages


def load(
    name: str,
    source: Source,
    options: Preprocessing,
    streaming: Streaming,
    reason: str,
    identity: int,
) -> Data:
    """Returns a dataset whose images are decoded when they are read.

    The training and held-out rows, and their order, are those of the dataset in memory.

    Args:
      name: Name of the dataset.
      source: Encoded images.
      options: Options of preprocessing.
      streaming: How to read the dataset.
      reason: Line of the load report that says why the dataset is streamed.
      identity: Checksum of names, sizes and classes.

    Raises:
      DataError: If there are too few images, or too many for 32-bit row numbers.
    """
    train, test = _rows(source)
    shape = choice.first_shape(name, source.train, train, options)
    test_source = source.train if source.test is None else source.test
    store = None
    if streaming.cache:
        entry = parts.entry_of(source._replace(test=source.train), None, options)
        all_images = LazyImages(name, source.train, None, options, shape)
        store = decoded.build(streaming, entry, all_images)
    skipped: list[Skipped] = []
    train_kept, test_kept = train, test
    if options.skip_broken:
        train_kept, test_kept = (
            _without_broken(LazyImages(name, rows, chosen, options, shape), streaming, skipped)
            for rows, chosen in ((source.train, train), (test_source, test))
        )
    least = held_out.MIN_EXAMPLES - (source.test is None)
    if len(train_kept) < least or not len(test_kept):
        raise DataError(
            f"data={name}: {len(train_kept)} training and {len(test_kept)} held-out images can be "
            f"decoded, but at least {least} and 1 are needed. Repair or add images."
        )
    if len(train_kept) >= 2**31:
        raise DataError(
            f"data={name}: at most {2**31 - 1:,} training images are supported, got "
            f"{len(train_kept):,}. Split the dataset."
        )
    labels = source.labels
    test_labels = labels if source.test is None else source.test_labels
    notes = [*([held_out.NOTE] if source.test is None else []), *source.notes, reason]
    return Data(
        images=LazyImages(name, source.train, train_kept, options, shape, store, identity),
        labels=None if labels is None else labels[train_kept],
        test_images=LazyImages(name, test_source, test_kept, options, shape),
        test_labels=None if test_labels is None else test_labels[test_kept],
        name=name,
        num_classes=source.num_classes,
        kind="image",
        notes=tuple(notes),
        skipped=tuple(skipped),
    )


def _rows(source: Source) -> tuple[np.ndarray, np.ndarray]:
    """Returns the training and the held-out rows. They depend on the content of all files."""
    if source.test is not None:
        return parts.choose_rows(source)
    entry = f"split-{_digest(source.train, source.labels)}"
    stored = cache.load_arrays(entry)
    if stored is not None and {"train", "test"} <= stored.keys():
        return stored["train"], stored["test"]
    train, test = parts.choose_rows(source)
    cache.save_arrays(entry, train=train, test=test)
    return train, test


def _without_broken(images: LazyImages, streaming: Streaming, skipped: list[Skipped]) -> np.ndarray:
    """Returns the rows that can be decoded, and adds the others to `skipped`."""
    chosen = images.chosen
    assert chosen is not None
    entry = f"broken-{_digest(images.rows, chosen, images.options, parts.VERSION)}"
    stored = cache.load_arrays(entry)
    if stored is None or not {"positions", "reasons"} <= stored.keys():
        positions, reasons = scan.find_broken(images, streaming.workers)
        text = np.frombuffer("\n".join(reasons).encode("utf-8", "backslashreplace"), np.uint8)
        stored = {"positions": np.array(positions, np.int64), "reasons": text}
        cache.save_arrays(entry, **stored)
    reasons = stored["reasons"].tobytes().decode().split("\n")
    for position, reason in zip(stored["positions"], reasons, strict=False):
        skipped.append(Skipped(images.rows.name(int(chosen[position])), reason))
    return np.delete(chosen, stored["positions"])


def _digest(rows: Rows, *others: Any) -> str:
    digest = hashlib.sha256(rows.fingerprint.encode("utf-8", "replace"))
    for other in others:
        content = other.tobytes() if isinstance(other, np.ndarray) else repr(other).encode()
        digest.update(content)
    return digest.hexdigest()[:24]
