"""Reads image datasets in ArrayRecord files.

A record is an encoded image, or a `tf.train.Example` as TensorFlow Datasets writes it: with the
image in a feature of bytes, and the class in a feature of integers. Files named `train`, `test` or
`validation` (`mnist-train.array_record-00000-of-00001`) are splits.
"""

import functools
import re
from pathlib import Path
from typing import Any

import numpy as np

from minmax_jax.gan.base import cache
from minmax_jax.gan.base.errors import ConfigError, DataError
from minmax_jax.gan.base.messages import printable, short
from minmax_jax.gan.data import examples_proto
from minmax_jax.gan.data import labels as labels_lib
from minmax_jax.gan.data.listing import NO_LABELS, SPLITS
from minmax_jax.gan.data.rows import Source

_IMAGES = ("image", "image/encoded")
_LABELS = ("label", "labels", "class", "image/class/label")
_IMAGE_STARTS = (b"\x89PNG", b"\xff\xd8", b"GIF8", b"BM", b"RIFF", b"II*\0", b"MM\0*", b"P5", b"P6")

_UNREADABLE = (OSError, RuntimeError, ValueError)
"""Errors of the package array_record for damaged and for missing files."""


class RecordRows:
    """Records of one split.

    Args:
      split: Name of the split.
      paths: Its files, in their order.
      image: Feature of the images, or "" if records are encoded images.
    """

    def __init__(self, split: str, paths: list[Path], image: str = "") -> None:
        self._split, self._paths, self._image = split, paths, image

    def __getstate__(self) -> dict[str, Any]:
        return {name: self.__dict__[name] for name in ("_split", "_paths", "_image")}

    @functools.cached_property
    def _records(self) -> Any:
        try:
            import grain
        except ImportError as error:
            raise ConfigError(
                "ArrayRecord files require the package grain. Run pip install 'minmax-jax[stream]'."
            ) from error
        source = grain.sources.ArrayRecordDataSource
        try:
            return source([str(path) for path in self._paths])
        except _UNREADABLE:
            for path in self._paths:
                try:
                    source([str(path)])
                except _UNREADABLE as error:
                    raise _unreadable(str(path), error) from error
            raise

    @property
    def fingerprint(self) -> str:
        """Path, size and time of the last change of every file, and the feature."""
        about = [(str(p.resolve()), p.stat().st_size, p.stat().st_mtime_ns) for p in self._paths]
        return f"{self._split} {about} {self._image}"

    @property
    def outline(self) -> bytes:
        """Names and sizes of the files."""
        return repr([(path.name, path.stat().st_size) for path in self._paths]).encode()

    def __len__(self) -> int:
        return len(self._records)

    def name(self, row: int) -> str:
        """Returns the number and the split of a record."""
        return f"record {row} of split {self._split}"

    def record(self, row: int) -> bytes:
        """Returns a record as it is stored.

        Raises:
          DataError: If it cannot be read.
        """
        records = self._records
        try:
            return bytes(records[row])
        except _UNREADABLE as error:
            raise _unreadable(self.name(row), error) from error

    def content(self, row: int) -> bytes | None:
        """Returns an encoded image, or None if there is none that can be read."""
        try:
            record = self.record(row)
        except DataError:
            return None
        if not self._image:
            return record
        values = examples_proto.parse(record).get(self._image)
        return values[0] if values and isinstance(values[0], bytes) else None


def _unreadable(what: str, error: BaseException) -> DataError:
    reason = str(error).partition("\n")[0].strip().rstrip(".") or type(error).__name__
    return DataError(f"data: {what} cannot be read as ArrayRecord ({reason}). Repair or remove it.")


def files_of(root: Path) -> list[Path]:
    """Returns the ArrayRecord files directly in a folder, sorted."""
    return sorted(
        path
        for path in root.iterdir()
        if ".array_record" in path.name or path.suffix == ".arrayrecord"
    )


def read(name: str, label_column: str = "", image_column: str = "") -> Source:
    """Returns the splits of a folder of ArrayRecord files.

    Args:
      name: Folder.
      label_column: Feature of the labels, or `"none"`. Default: label, labels, class or
        image/class/label, if the records have one of them.
      image_column: Feature of the images. Default: image or image/encoded.

    Raises:
      DataError: If a feature is missing, or there is no training split.
    """
    splits = _splits(name, files_of(Path(name)))
    test_name = next((split for split in ("test", "validation") if split in splits), None)
    image, label = _features(name, RecordRows("train", splits["train"]), label_column, image_column)
    train = RecordRows("train", splits["train"], image)
    test = RecordRows(test_name, splits[test_name], image) if test_name else None
    parts = [train] if test is None else [train, test]
    classes: list[np.ndarray] = []
    num_classes = None
    if label:
        where = f"label_column={label!r}: in data={name} the labels"
        classes, num_classes = labels_lib.to_classes(
            where, *(_labels(part, label) for part in parts)
        )
    left_out = [split for split in splits if split not in ("train", test_name)]
    notes = (f"left out: split {', '.join(left_out)}",) if left_out else ()
    return Source(
        train,
        test,
        classes[0] if classes else None,
        classes[1] if classes and test is not None else None,
        num_classes,
        notes,
    )


def _splits(name: str, paths: list[Path]) -> dict[str, list[Path]]:
    """Returns the files of each split, by the words of their names."""
    found: dict[str, list[Path]] = {}
    for path in paths:
        words = re.split(r"[^a-z]+", path.name.lower())
        split = next((split for split in SPLITS if split in words), "")
        found.setdefault(split, []).append(path)
    if set(found) == {""}:
        return {"train": found[""]}
    if "" in found or "train" not in found:
        names = ", ".join(printable(path.name) for path in found.get("", paths)[:3])
        raise DataError(
            f"data={name}: some ArrayRecord files belong to no split or there is no split train "
            f"({names}). Put train, test or validation into the name of every file."
        )
    return found


def _features(name: str, rows: RecordRows, label_column: str, image_column: str) -> tuple[str, str]:
    """Returns the features of images and labels; both are empty if records are encoded images."""
    if not len(rows):
        raise DataError(f"data={name}: the ArrayRecord files have no records. Add images.")
    first = rows.record(0)
    if first.startswith(_IMAGE_STARTS):
        for flag, value in (("label_column", label_column), ("image_column", image_column)):
            if value not in ("", NO_LABELS):
                raise DataError(
                    f"{flag}={value!r}: the records of data={name} are images without features. "
                    f"Omit {flag}."
                )
        return "", ""
    features = examples_proto.parse(first)
    image = image_column or next((key for key in _IMAGES if key in features), "")
    if image not in features or not isinstance((features[image] or [0])[0], bytes):
        raise DataError(
            f"data={name}: the first record has no feature {short(image or 'image')} of bytes; it "
            f"has {', '.join(sorted(features)) or 'none'}. Pass --image-column."
        )
    if label_column == NO_LABELS:
        return image, ""
    label = label_column or next((key for key in _LABELS if key in features), "")
    if label and label not in features:
        raise DataError(
            f"label_column={label!r}: the records of data={name} have no such feature, but "
            f"{', '.join(sorted(features))}."
        )
    return image, label


def _labels(rows: RecordRows, feature: str) -> list[Any]:
    """Returns the labels of all records, which are read once and then cached."""
    entry = f"labels-{labels_lib.digest(rows.fingerprint, feature)}"
    stored = cache.load_arrays(entry)
    if stored is not None and len(stored.get("labels", ())) == len(rows):
        return stored["labels"].tolist()
    found = []
    for row in range(len(rows)):
        values = examples_proto.parse(rows.record(row)).get(feature) or [None]
        found.append(
            values[0].decode("utf-8", "replace") if isinstance(values[0], bytes) else values[0]
        )
    if None not in found:
        cache.save_arrays(entry, labels=np.array(found))
    return found
