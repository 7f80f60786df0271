"""Remembers datasets in folders of tables, so that they load without `datasets`.

Importing `datasets` and reading a table take seconds at each start, even if all images are in the
cache of decoded examples. An entry contains everything else that loading a folder returns.
"""

import hashlib
import json
import os
from importlib import metadata
from pathlib import Path

import numpy as np

from minmax_jax.gan.base import cache
from minmax_jax.gan.data import listing, parts
from minmax_jax.gan.data.dataset import Data
from minmax_jax.gan.data.preprocessing import Preprocessing

_VERSION = 1
"""Part of the cache key. Increase it if loading the same folder returns something else."""


def entry_of(name: str, columns: tuple[str, str], options: Preprocessing) -> str | None:
    """Returns the name of the cache entry of a folder, or None if `name` is not a folder.

    It depends on the path, size and time of the last change of every file in the folder.

    Args:
      name: Folder or hub name.
      columns: Columns of the labels and of the images, as the user gave them.
      options: Options of preprocessing.
    """
    if not listing.is_folder(name):
        return None
    root, found = Path(name), []
    try:
        for folder, folders, files in os.walk(root):
            folders.sort()
            for file in sorted(files):
                status = os.stat(os.path.join(folder, file))
                found.append((folder, file, status.st_size, status.st_mtime_ns))
        library = metadata.version("datasets")
    except (OSError, metadata.PackageNotFoundError):
        return None  # The error is reported when the dataset is read.
    about = (_VERSION, parts.VERSION, library, str(root.resolve()), columns, options, found)
    digest = hashlib.sha256(repr(about).encode("utf-8", "replace"))
    return f"folder-{digest.hexdigest()[:24]}"


def load(entry: str, name: str, max_bytes: float) -> Data | None:
    """Returns the dataset of an entry, or None if it or its images are not in the cache.

    Args:
      entry: Name of the entry.
      name: Name of the dataset.
      max_bytes: Size above which the images are not loaded into memory; the result is then None.
    """
    stored = cache.load_arrays(entry)
    try:
        if stored is None:
            return None
        about = json.loads(stored["about"].tobytes())
        if cache.size(about["parts"]) > max_bytes:
            return None
        images = parts.load_entry(about["parts"])
        if images is None:
            return None
        return Data(
            images=images.train,
            labels=stored.get("labels"),
            test_images=images.test,
            test_labels=stored.get("test_labels"),
            name=name,
            num_classes=about["num_classes"],
            kind="image",
            notes=tuple(about["notes"]),
            skipped=images.skipped,
        )
    except (KeyError, ValueError, TypeError):  # Not written by `save`.
        return None


def save(entry: str, data: Data, parts_entry: str) -> None:
    """Stores a dataset whose images are stored as `parts_entry`."""
    about = {"parts": parts_entry, "num_classes": data.num_classes, "notes": data.notes}
    labels = {"labels": data.labels, "test_labels": data.test_labels}
    cache.save_arrays(
        entry,
        about=np.frombuffer(json.dumps(about).encode("utf-8", "backslashreplace"), np.uint8),
        **{key: value for key, value in labels.items() if value is not None},
    )
