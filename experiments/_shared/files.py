"""JSON files that are written completely or not at all."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def write_atomically(path: Path, text: str) -> None:
    """Writes a text file; an interrupted call leaves the old file unchanged."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(text)
    unfinished.replace(path)


def write_json(path: Path, content: Any, **options: Any) -> None:
    """Writes JSON without NaN or infinity, with a final newline.

    Args:
      path: File to write.
      content: Anything that JSON can hold.
      **options: Arguments of `json.dumps`, for example `indent`.
    """
    write_atomically(path, json.dumps(content, **{"allow_nan": False, **options}) + "\n")


def read_or_compute(path: Path, compute: Callable[[], Any]) -> Any:
    """Returns the content of a JSON file; computes and writes it first if it is missing."""
    if not path.exists():
        write_json(path, compute())
    return json.loads(path.read_text())
