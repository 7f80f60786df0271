"""Files with one JSON object per line, to which records are only appended."""

import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minmax_jax.gan.run import files

Record = dict[str, Any]
"""One line of a file."""


def append(path: Path, record: Mapping[str, Any]) -> Record:
    """Appends a record, in one write, and returns it as `read` will return it.

    Floats that are not finite become null. If a crash has cut off the last line, the record
    starts on a new line.
    """
    text = json.dumps(_finite(record))
    with path.open("a+b", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 1, 0))
        line = f"{text}\n" if file.read(1) in (b"", b"\n") else f"\n{text}\n"
        data = line.encode()
        while data:  # A full disk can take a part of the line; writing the rest raises the error.
            data = data[file.write(data) :]
    return json.loads(text)


def read(path: Path) -> list[Record]:
    """Returns the records of a file, without lines that were cut off; [] if there is no file."""
    return list(parse(path.read_bytes() if path.exists() else b""))


def parse(content: bytes) -> Iterable[Record]:
    """Yields the records in the content of a file, without lines that were cut off."""
    for line in content.splitlines():
        try:
            record = json.loads(line)
        except ValueError:  # includes UnicodeDecodeError
            continue
        if isinstance(record, dict):
            yield record


def keep_until(path: Path, step: int) -> list[Record]:
    """Removes records with a larger `step`, and lines that were cut off; returns the others."""
    records = [record for record in read(path) if record["step"] <= step]
    if path.exists():
        files.write_atomically(path, "".join(json.dumps(record) + "\n" for record in records))
    return records


def column(records: Iterable[Mapping[str, Any]], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns the steps and values of one quantity, from the records that have it.

    Args:
      records: Records with a `step`.
      name: Name of the quantity.

    Returns:
      Steps, and values as float64 with NaN for null; both of shape `(n,)`.
    """
    pairs = [(record["step"], record[name]) for record in records if name in record]
    steps, values = zip(*pairs, strict=True) if pairs else ((), ())
    return np.array(steps), np.array([math.nan if v is None else v for v in values], float)


def finite_or_none(value: Any) -> Any:
    """Returns None for a float that JSON cannot represent, and any other value unchanged."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return finite_or_none(value)
