"""Files that are written completely or not at all."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any


def write_atomically(path: Path, content: str | bytes) -> None:
    """Writes a file, text as UTF-8; an interrupted call leaves the old file unchanged."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        unfinished.write_bytes(content if isinstance(content, bytes) else content.encode())
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


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
