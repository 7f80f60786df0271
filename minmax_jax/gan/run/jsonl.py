"""Append-only files with one JSON object per line.

A line that is not a record, for example because a crash has cut it off, costs that line only.
"""

import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minmax_jax.gan.base import json_text
from minmax_jax.gan.base.messages import Note, print_note
from minmax_jax.gan.run import files

Record = dict[str, Any]
"""One line of a file."""

Check = Callable[[Record], str]
"""Function that returns the reason why a JSON object is not a record, or an empty string."""

MAX_LINE = 2**20
"""Longest line in bytes. Records have a few hundred."""


def check_metrics(record: Record) -> str:
    """Returns why a JSON object is not a record of metrics: a step, and scalars by name."""
    if not json_text.is_count(record.get("step")):
        return "step must be an integer from 0 to 2147483647"
    nested = next((name for name, value in record.items() if not json_text.is_scalar(value)), None)
    if nested is None:
        return ""
    return f"{nested:.40} must be a number, text or null; give each number its own name"


def append(path: Path, record: Mapping[str, Any], *, check: Check = check_metrics) -> Record:
    """Appends a record, in one write, and returns it as `read` will return it.

    Floats that are not finite become null. If a crash has cut off the last line, the record
    starts on a new line. Symbolic links are not followed.

    Args:
      path: File, which is created if it does not exist.
      record: JSON object.
      check: Function that returns why it is not a record, or an empty string.

    Raises:
      ValueError: If `read` would skip the record. Nothing is written then.
    """
    text = json.dumps(_finite(record))
    found = _parse_line(f"{text}\n".encode(), check)
    if not isinstance(found, dict):
        raise ValueError(f"{path.name}: this record would be skipped when it is read: {found}")
    with files.open_to_append(path) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - 1, 0))
        line = f"{text}\n" if file.read(1) in (b"", b"\n") else f"\n{text}\n"
        data = line.encode()
        while data:  # A full disk can take a part of the line; writing the rest raises the error.
            data = data[file.write(data) :]
    return found


def read(path: Path, *, check: Check = check_metrics, note: Note = print_note) -> list[Record]:
    """Returns the records of a file; [] if there is no file.

    Args:
      path: File to read. A last line without line break is incomplete, and is ignored.
      check: Function that returns why a JSON object is not a record, or an empty string.
      note: Called with one line if other lines are not records.

    Raises:
      ConfigError: If the file cannot be read, or is not a regular file.
    """
    records, problems = [], []
    with files.one_line_errors(path, "read"):
        try:
            file = files.open_regular(path)
        except FileNotFoundError:
            return []
        with file:
            for number, line in enumerate(_lines(file), 1):
                found = _parse_line(line, check)
                if isinstance(found, str):
                    problems += [(number, found)] if line.endswith(b"\n") else []
                elif found is not None:
                    records.append(found)
    if problems:
        number, reason = problems[0]
        others = f"; {len(problems) - 1} other lines are skipped too" if problems[1:] else ""
        note(f"{path}:{number}: skipped, because the line is not a record ({reason}){others}")
    return records


def parse(content: bytes, check: Check = check_metrics) -> Iterable[Record]:
    """Yields the records in the content of a file, and skips lines that are not records."""
    for line in content.split(b"\n"):
        found = _parse_line(line, check)
        if isinstance(found, dict):
            yield found


def keep_until(path: Path, step: int, note: Note = print_note) -> list[Record]:
    """Removes records with a larger `step`, and lines that are not records; returns the others."""
    records = [record for record in read(path, note=note) if record["step"] <= step]
    if path.exists():
        files.write_atomically(path, "".join(json.dumps(record) + "\n" for record in records))
    return records


def column(records: Iterable[Mapping[str, Any]], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns the steps and values of one quantity, from the records that have it.

    Args:
      records: Records with a `step`.
      name: Name of the quantity.

    Returns:
      Steps, and values as float64 with NaN for null and text; both of shape `(n,)`.
    """
    pairs = [(record["step"], record[name]) for record in records if name in record]
    steps, values = zip(*pairs, strict=True) if pairs else ((), ())
    numbers = [value if json_text.is_number(value) else math.nan for value in values]
    return np.array(steps), np.array(numbers, float)


def finite_or_none(value: Any) -> Any:
    """Returns None for a float that JSON cannot represent, and any other value unchanged."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _lines(file: Any) -> Iterator[bytes]:
    """Yields the lines of a file; only the first `MAX_LINE` + 1 bytes of a longer line."""
    while line := file.readline(MAX_LINE + 1):
        rest = line
        while not rest.endswith(b"\n") and (rest := file.readline(MAX_LINE)):
            line = line[:MAX_LINE] + b"\n\n"  # One byte too long, and not the incomplete last line.
        yield line


def _parse_line(line: bytes, check: Check) -> Record | str | None:
    """Returns the record in a line, the reason why there is none, or None for an empty line."""
    if len(line) > MAX_LINE:
        return f"longer than {MAX_LINE:,} bytes"
    if not line.strip():
        return None
    try:
        record = json_text.parse(line)
    except ValueError as error:
        return str(error)
    return (check(record) or record) if isinstance(record, dict) else "not a JSON object"


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return finite_or_none(value)
