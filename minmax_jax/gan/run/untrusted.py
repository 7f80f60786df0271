"""Reads and checks JSON files of a run folder, which anybody may have written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from minmax_jax.gan.base import json_text
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.messages import short
from minmax_jax.gan.run import files

MAX_JSON = 2**20
"""Largest size of a file in bytes. `config.json` has about two thousand."""


def read_json(path: Path, remedy: str) -> dict[str, Any]:
    """Reads a JSON object from a file that anybody may have written.

    Args:
      path: File of at most `MAX_JSON` bytes.
      remedy: Last sentence of the error message if the content is not a JSON object.

    Raises:
      ConfigError: If the file cannot be read, or does not contain a JSON object.
    """
    content = files.read_limited(path, MAX_JSON)
    try:
        values = json_text.parse(content)
    except ValueError as error:
        raise ConfigError(f"{path} cannot be read ({error}). {remedy}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path} cannot be read (not a JSON object). {remedy}")
    return values


def check_data(data: Any) -> dict[str, Any]:
    """Returns the description of a dataset after checking the values that other code uses.

    Raises:
      ConfigError: If a value is missing, has another type or is out of range.
    """
    checks: dict[str, tuple[Callable[[Any], bool], str]] = {
        "name": (lambda value: isinstance(value, str), "text"),
        "kind": (lambda value: value in ("image", "vector"), "image or vector"),
        "shape": (_is_shape, "3 integers for images and 1 for vectors, from 1 to 16777216"),
        "count": (json_text.is_count, "an integer from 0 to 2147483647"),
        "crc32": (_is_crc32, "a CRC-32"),
    }
    if not isinstance(data, dict):
        raise ConfigError(f"data must be an object, got {short(data)}.")
    for name, (is_valid, text) in checks.items():
        if not is_valid(data.get(name)):
            raise ConfigError(f"data {name} must be {text}, got {short(data.get(name))}.")
    if "labels_crc32" in data and not _is_crc32(data["labels_crc32"]):
        raise ConfigError(f"data labels_crc32 must be a CRC-32, got {short(data['labels_crc32'])}.")
    if data.get("crc32_of", "files") != "files":
        raise ConfigError(f"data crc32_of must be files, got {short(data['crc32_of'])}.")
    classes = data.get("class_counts", [])
    if not isinstance(classes, list) or not all(json_text.is_count(n) for n in classes):
        raise ConfigError(f"data class_counts must be a list of counts, got {short(classes)}.")
    if len(data["shape"]) != (3 if data["kind"] == "image" else 1):
        raise ConfigError(f"data shape does not fit to the kind {data['kind']}: {data['shape']}.")
    return data


def check_origin(origin: Any) -> dict[str, Any] | None:
    """Returns the description of the checkpoint from which a run started, or None without one.

    Raises:
      ConfigError: If a value is missing or has another type.
    """
    if origin is None:
        return None
    kinds = {"run": str, "step": int, "crc32": int}
    if not isinstance(origin, dict) or not all(
        type(origin.get(name)) is kind for name, kind in kinds.items()
    ):
        raise ConfigError(
            f"origin must contain the text run and the integers step and crc32, got "
            f"{short(origin)}."
        )
    return {name: origin[name] for name in kinds}


def _is_crc32(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**32


def _is_shape(value: Any) -> bool:
    if not isinstance(value, list) or len(value) not in (1, 3):
        return False
    return all(json_text.is_count(size) and 1 <= size <= 2**24 for size in value)
