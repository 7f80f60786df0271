"""Lists the image files of a folder."""

import os
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.base.messages import printable

SPLITS = ("train", "test", "validation")
"""Names of folders that are splits. No other name of a folder or file decides anything."""

NO_LABELS = "none"
"""Value of `label_column` that loads a dataset without labels."""

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
      others: Number of files and folders that are left out, by reason.
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
        shown = sorted(name for name in folders if not _is_hidden(name))
        if len(shown) < len(folders):
            others["hidden folders"] += len(folders) - len(shown)
        folders[:] = shown
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


def is_folder(name: str) -> bool:
    """Returns whether a name is the path of a folder.

    Raises:
      DataError: If the path cannot be looked up.
    """
    try:
        return Path(name).is_dir()
    except OSError as error:  # Too long, or a folder that may not be entered.
        raise DataError(f"data={name[:80]}: {error.strerror}. Pass another path.") from error


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
