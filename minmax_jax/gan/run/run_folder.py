"""The run folder: its configuration, what data it was made from, and `metrics.jsonl`.

config.json    configuration, data set, version
metrics.jsonl  one JSON object a line; null stands for a number that is not finite
evaluations.jsonl   see `evaluations`
checkpoints/   see `checkpoint`
summary.json, samples.png, curves.png   written at the end
"""

import contextlib
import errno
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import WriteFailed
from minmax_jax.gan.config import config as config_lib

MAY_CHANGE = ("steps", "devices", "parallel", "data", "keep", "keep_best", "on_nonfinite",
              "evaluate", "evaluate_every")  # fmt: skip
"""Fields that a resumed run may change: a longer run, other devices, the same data elsewhere,
other checkpoints kept, another answer to updates that are not finite, other evaluations."""


class About(NamedTuple):
    """What `config.json` says.

    Attributes:
      config: the configuration.
      data: name, kind, sample shape, count and checksum of the training data.
    """

    config: config_lib.Config
    data: dict[str, Any]


def describe(data: data_lib.Data) -> dict[str, Any]:
    """Returns what identifies a data set: the same data give the same description."""
    return {
        "name": data.name,
        "kind": data.kind,
        "shape": list(data.images.shape[1:]),
        "count": data.count,
        "crc32": data.totals.crc32 if data.totals else data_lib.crc32(data.images),
    }


def read(folder: Path) -> About:
    """Returns what `config.json` in `folder` says.

    Raises:
      ConfigError: the folder holds no run, or one of another version.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise config_lib.ConfigError(f"{folder} holds no run (no config.json); check the path")
    try:
        values = json.loads(path.read_text())
        return About(config_lib.Config.from_json(values["config"]), values["data"])
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise config_lib.ConfigError(f"{path} cannot be read ({error})") from error


def check_run(folder: Path, config: config_lib.Config, data: data_lib.Data) -> None:
    """Checks that the folder is free, or holds the same run; writes nothing.

    Raises:
      ConfigError: the folder holds another run, named field by field, or other files.
    """
    if (folder / "config.json").exists():
        _check_same(folder, read(folder), About(config, describe(data)))
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise config_lib.ConfigError(
            f"out={folder} exists and is no run folder; choose another --out, nothing was written"
        )


def open_run(folder: Path, config: config_lib.Config, data: data_lib.Data) -> None:
    """Makes the run folder, or checks that the one there is of the same run.

    Raises:
      ConfigError: as `check_run`, or the folder cannot be written.
    """
    check_run(folder, config, data)
    content = {
        "version": metadata.version("minmax-jax"),
        "config": config.to_json(),
        "data": describe(data),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "config.json", json.dumps(content, indent=2) + "\n")
    except OSError as error:
        raise config_lib.ConfigError(
            f"out={folder} cannot be written ({error.strerror}); choose another --out"
        ) from error


def _check_same(folder: Path, old: About, new: About) -> None:
    changes = old.config.difference(new.config, (*MAY_CHANGE, "out"))
    if new.config.training.steps < old.config.training.steps:
        changes.append(
            f"steps: {old.config.training.steps} -> {new.config.training.steps} (may only grow)"
        )
    if old.data != new.data:
        changes += [
            f"data {name}: {old.data.get(name)!r} -> {value!r}"
            for name, value in new.data.items()
            if old.data.get(name) != value and name != "name"
        ]
    if changes:
        raise config_lib.ConfigError(
            f"{folder} holds a run of another configuration ({'; '.join(changes)}); "
            "choose another --out to start a new run, or give its own values to resume it"
        )


def write_atomically(path: Path, text: str) -> None:
    """Writes a text file completely or not at all."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """Turns the error of a full disk into one line that says what to do.

    Raises:
      WriteFailed: a disk, a quota or a file is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise WriteFailed(
            f"{folder} cannot be written ({error.strerror}); make room on the disk, then the "
            "same command resumes the run"
        ) from error


def append_metrics(folder: Path, record: Mapping[str, Any]) -> None:
    """Adds one line to `metrics.jsonl`; numbers that are not finite become null."""
    with (folder / "metrics.jsonl").open("a") as file:
        file.write(json.dumps(_finite(record)) + "\n")


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """Returns the lines of `metrics.jsonl`; a last line that was cut off is left out."""
    path = folder / "metrics.jsonl"
    records = []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return records


def rewind_metrics(folder: Path, step: int) -> list[dict[str, Any]]:
    """Drops the lines after `step`, which a resumed run writes again; returns the others."""
    records = [record for record in read_metrics(folder) if record["step"] <= step]
    text = "".join(json.dumps(record) + "\n" for record in records)
    if records or (folder / "metrics.jsonl").exists():
        write_atomically(folder / "metrics.jsonl", text)
    return records


def finite_or_none(value: Any) -> Any:
    """Returns None in place of a float that JSON cannot hold."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _finite(record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: finite_or_none(value) for key, value in record.items()}


def column(records: Iterable[Mapping[str, Any]], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns steps and values of one quantity, null as NaN, of the lines that have it."""
    pairs = [(r["step"], r[name]) for r in records if name in r]
    steps, values = zip(*pairs, strict=True) if pairs else ((), ())
    return np.array(steps), np.array([math.nan if v is None else v for v in values], float)
