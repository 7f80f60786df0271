"""Finds the splits and classes of a folder of images by the names of its folders."""

import os

import numpy as np

from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.base.messages import printable
from minmax_jax.gan.data.listing import NO_LABELS, SPLITS, Listing
from minmax_jax.gan.data.rows import FileRows, Source

_NEARLY_SPLITS = {
    *("train", "training", "trains", "test", "testing", "tests"),
    *("val", "valid", "validation", "dev", "eval"),
}


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
    """Returns the sorted names of the class folders, or None if there are fewer than two.

    Raises:
      DataError: If there are class folders, but not every image is directly in one.
    """
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
