"""Lists the image files of a folder, with splits and classes by folder names."""

import os
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.base.messages import printable
from minmax_jax.gan.data.rows import FileRows, Source

SPLITS = ("train", "test", "validation")
"""Names of folders that are splits. No other name of a folder or file decides anything."""

NO_LABELS = "none"
"""Value of `label_column` that loads a dataset without labels."""

_NEARLY_SPLITS = {
    *("train", "training", "trains", "test", "testing", "tests"),
    *("val", "valid", "validation", "dev", "eval"),
}
_SUFFIXES = {
    *(".avif", ".bmp", ".dib", ".gif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm"),
    *(".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp"),
}
_METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")


class Listing(NamedTuple):
    """Files of a folder.

    Attributes:
      root: Folder that contains all image files: the given one, or the only folder in it.
      images: Sorted parts of the path of each image, relative to `root`.
      others: Number of files that are not images, by reason.
      has_metadata: Whether a table of labels lies beside the images.
    """

    root: Path
    images: list[tuple[str, ...]]
    others: Counter[str]
    has_metadata: bool


def list_files(root: Path) -> Listing:
    """Lists a folder and its subfolders, also behind links.

    Raises:
      DataError: If a folder cannot be read.
    """

    def fail(error: OSError) -> None:
        raise DataError(
            f"data={root}: {printable(str(error.filename))} cannot be read ({error.strerror})."
        ) from error

    images: list[tuple[str, ...]] = []
    others: Counter[str] = Counter()
    has_metadata = False
    seen = set()
    for path, folders, files in os.walk(root, onerror=fail, followlinks=True):
        status = os.stat(path)
        if (status.st_dev, status.st_ino) in seen:  # A link that leads back.
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        parts = Path(path).relative_to(root).parts
        has_metadata |= any(name in files for name in _METADATA)
        for name in files:
            reason = _reason_to_ignore(Path(path, name))
            if reason:
                others[reason] += 1
            else:
                images.append((*parts, name))
    images.sort()
    # An archive often unpacks to one folder that contains the dataset.
    while (
        images
        and len(images[0]) > 1
        and images[0][0] not in SPLITS
        and all(len(image) > 1 and image[0] == images[0][0] for image in images)
    ):
        root, images = root / images[0][0], [image[1:] for image in images]
    return Listing(root, images, others, has_metadata)


def read_folder(name: str, listing: Listing, label_column: str = "") -> Source:
    """Returns the splits and classes of a listed folder.

    Args:
      name: Name of the dataset, for messages.
      listing: Files of the folder.
      label_column: `"none"` to load it without labels. Class folders need no name.

    Raises:
      DataError: If the folders are ambiguous.
    """
    if label_column not in ("", "label", NO_LABELS):
        raise DataError(
            f"label_column={label_column!r}: data={name} has no such column; its classes are the "
            "names of its folders. Omit label_column."
        )
    splits, notes = _splits(name, listing)
    train, test = splits["train"], splits.get("test", splits.get("validation"))
    if "test" in splits and "validation" in splits:
        notes.append(f"left out: images of the split validation ({len(splits['validation']):,})")
    parts = [train, test] if test else [train]
    names = None if label_column == NO_LABELS else _class_names(name, parts)
    if label_column == "label" and names is None:
        raise DataError(
            f"label_column='label': data={name} has no class folders. Omit label_column."
        )
    rows = [FileRows(listing.root, [os.path.join(*image) for image in part]) for part in parts]
    labels = [_labels(names, part) for part in parts]
    if listing.others:
        reasons = [f"{reason} ({count:,})" for reason, count in sorted(listing.others.items())]
        notes.append(f"left out: {', '.join(reasons)}")
    return Source(
        rows[0],
        rows[1] if test else None,
        labels[0],
        labels[1] if test else None,
        len(names) if names else None,
        tuple(notes),
    )


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _reason_to_ignore(path: Path) -> str:
    """Returns why a file is left out, or "" for an image."""
    if _is_hidden(path.name):
        return "hidden files"
    if path.suffix.lower() not in _SUFFIXES:
        return "files that are not images"
    # Opening a pipe would wait forever. A broken link is an error later.
    return "pipes or devices" if path.exists() and not path.is_file() else ""


def _splits(name: str, listing: Listing) -> tuple[dict[str, list[tuple[str, ...]]], list[str]]:
    """Returns the images of each split, and notes about images outside them."""
    tops = sorted({image[0] for image in listing.images if len(image) > 1})
    found = [top for top in tops if top in SPLITS]
    if not found:
        if tops and all(top.lower() in _NEARLY_SPLITS for top in tops):
            raise DataError(
                f"data={name}: the folders {_list(tops)} could be classes or splits. Rename splits "
                "to train, test or validation."
            )
        return {"train": listing.images}, []
    others = [top for top in tops if top not in SPLITS]
    if others:
        raise DataError(
            f"data={name}: the folders {_list(others)} lie beside the split {found[0]}. Move them "
            "into a split, rename them to train, test or validation, or remove them."
        )
    if "train" not in found:
        raise DataError(
            f"data={name}: there is a split {found[0]}, but no folder train. Add or rename one."
        )
    loose = sum(len(image) == 1 for image in listing.images)
    notes = [f"left out: images beside the folder train ({loose:,})"] if loose else []
    return {
        split: [image for image in listing.images if len(image) > 1 and image[0] == split]
        for split in found
    }, notes


def _class_names(name: str, parts: list[list[tuple[str, ...]]]) -> list[str] | None:
    """Returns the sorted names of the class folders, or None if there are no classes."""
    start = 1 if parts[0][0][0] in SPLITS and len(parts[0][0]) > 1 else 0
    depths = {len(image) - start for part in parts for image in part}
    if depths == {1}:
        return None
    if depths != {2}:
        one = next(i for part in parts for i in part if len(i) - start != 2)
        where = "outside the class folders" if len(one) - start == 1 else "below a class folder"
        raise DataError(
            f"data={name}: {printable(os.path.join(*one))} lies {where}. Put every image into one "
            "class folder, or pass --label-column none to train without labels."
        )
    names = sorted({image[-2] for part in parts for image in part})
    return names if len(names) > 1 else None


def _labels(names: list[str] | None, part: list[tuple[str, ...]]) -> np.ndarray | None:
    if names is None:
        return None
    index = {name: number for number, name in enumerate(names)}
    return np.array([index[image[-2]] for image in part], np.int32)


def _list(names: list[str]) -> str:
    shown = [printable(name) for name in names[:5]]
    return ", ".join([*shown, "…"] if len(names) > 5 else shown)
