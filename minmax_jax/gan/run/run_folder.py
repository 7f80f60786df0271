"""The run folder: configuration, description of the data, and metrics.

config.json         configuration, dataset, version, and the run that it started from
metrics.jsonl       logged metrics, one record per line; null stands for non-finite values
evaluations.jsonl   evaluations; see `evaluations`
checkpoints/        see `checkpoint`
samples/            images of the same samples at several steps; see `sample_files`
summary.json, samples.png, curves.png, samples_over_time.png   written at the end
"""

import json
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.messages import Note, print_note
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.config.schedules import schedule_changes
from minmax_jax.gan.run import files, jsonl, ownership, skipped, untrusted

METRICS = "metrics.jsonl"
"""Name of the file of logged metrics."""

CONFIG = "config.json"
"""Name of the file that identifies a run folder."""

MAY_CHANGE = (
    "steps",
    "devices",
    "parallel",
    "data",
    "keep",
    "keep_best",
    "on_nonfinite",
    "evaluate",
    "evaluate_every",
    "evaluate_extractor",
    "sample_every",
    "stream",
    "stream_above",
    "stream_workers",
    "cache_decoded",
)
"""Fields that may change when a run resumes: a larger number of steps, other devices, another
place of the same data or another way to read them, other retention, another policy for non-finite
updates, other evaluations and sample images."""


class Origin(NamedTuple):
    """The checkpoint of another run whose parameters a run started from.

    Attributes:
      run: Run folder.
      step: Step of the checkpoint.
      crc32: Checksum of the parameters.
    """

    run: str
    step: int
    crc32: int


class About(NamedTuple):
    """Content of `config.json`.

    Attributes:
      config: Configuration of the run.
      data: Name, kind, sample shape, count and checksum of the training data. In a conditional
        run also the number of examples of each class and a checksum of the labels.
      origin: Checkpoint from which the run started, or None.
    """

    config: config_lib.Config
    data: dict[str, Any]
    origin: Origin | None = None

    @property
    def num_classes(self) -> int:
        """Number of classes of a conditional run, otherwise 0."""
        return len(self.data.get("class_counts", ()))


def describe(data: data_lib.Data, *, conditional: bool = False) -> dict[str, Any]:
    """Returns a description that identifies a dataset.

    Args:
      data: Dataset.
      conditional: Whether the labels belong to what identifies it.
    """
    found = {
        "name": data.name,
        "kind": data.kind,
        "shape": list(data.images.shape[1:]),
        "count": data.count,
        "crc32": data.crc32,
        # Reading all pixels of a streamed dataset would take as long as an epoch.
        **({"crc32_of": "files"} if data.is_streamed else {}),
    }
    if not conditional:
        return found
    labels = {"class_counts": list(data.class_counts or ()), "labels_crc32": data.labels_crc32}
    return {**found, **labels}


def read(folder: Path) -> About:
    """Reads the configuration and the data description of the run in `folder`.

    Raises:
      ConfigError: If the folder does not contain a run, or `config.json` is invalid.
    """
    path = folder / CONFIG
    with files.one_line_errors(folder, "read"):
        found = path.exists()
    if not found:
        raise ConfigError(f"{folder} does not contain a run (no config.json). Check the path.")
    remedy = "Restore it, or delete the folder."
    values = untrusted.read_json(path, remedy)
    try:
        config = config_lib.Config.from_json(values.get("config"))
        origin = untrusted.check_origin(values.get("origin"))
        started = Origin(**origin) if origin else None
        return About(config, untrusted.check_data(values.get("data")), started)
    except ConfigError as error:
        if "is not known" in str(error):
            remedy = "Register your own components first (docs/your_own_gan.md), or restore it."
        raise ConfigError(f"{path} is not a valid configuration ({error}). {remedy}") from error


def check_run(folder: Path, config: config_lib.Config, data: data_lib.Data) -> None:
    """Checks that the folder is empty or contains the same run; writes nothing.

    Raises:
      ConfigError: If the folder contains another run (the message lists each differing field) or
        other files.
    """
    with files.one_line_errors(folder, "used as a run folder"):
        known = (folder / CONFIG).exists()
    if known:
        _check_same(folder, read(folder), _about(config, data))
    elif folder.exists() and not (folder.is_dir() and ownership.is_unused(folder, CONFIG)):
        raise ConfigError(
            f"out={folder} exists and is not a run folder. Choose another --out; nothing was "
            "written."
        )


def open_run(
    folder: Path, config: config_lib.Config, data: data_lib.Data, origin: Origin | None = None
) -> None:
    """Creates the run folder and writes `config.json`, or resumes the run in it.

    Args:
      folder: Run folder.
      config: Configuration of the run.
      data: Dataset.
      origin: Checkpoint of another run from which the run started, if there is one.

    Raises:
      ConfigError: If the folder contains another run or other files, or cannot be written.
    """
    check_run(folder, config, data)
    about = _about(config, data).data
    if (folder / CONFIG).exists() and "crc32_of" in about:
        # The run may have started in memory. Then the checksum of all pixels is known.
        known = read(folder).data
        about = known if "crc32_of" not in known else about
    content = {
        "version": metadata.version("minmax-jax"),
        "config": config.to_json(),
        "data": about,
        **({"origin": origin._asdict()} if origin else {}),
    }
    files.make_folder(folder)
    files.write_atomically(folder / CONFIG, json.dumps(content, indent=2) + "\n")
    skipped.write(folder, data)


def _about(config: config_lib.Config, data: data_lib.Data) -> About:
    return About(config, describe(data, conditional=config.conditioning.conditional))


def _check_same(folder: Path, old: About, new: About) -> None:
    changes = old.config.difference(new.config, (*MAY_CHANGE, "out", "schedule"))
    changes += schedule_changes(old.config, new.config)
    if new.config.training.steps < old.config.training.steps:
        changes.append(
            f"steps: {old.config.training.steps} -> {new.config.training.steps} (may only grow)"
        )
    if old.data != new.data:
        ignored = ("name", *incomparable(old.data, new.data))
        changes += [
            f"data {name}: {old.data.get(name)!r} -> {value!r}"
            for name, value in new.data.items()
            if old.data.get(name) != value and name not in ignored
        ]
    if changes:
        raise ConfigError(
            f"{folder} contains a run of another configuration ({'; '.join(changes)}). Choose "
            "another --out to start a new run, or use the configuration of that run to resume it."
        )


def incomparable(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Returns the names of values that two descriptions of datasets do not both contain.

    An older version of this library did not store the checksum of the labels. The checksum of a
    dataset in memory is of its pixels, that of a streamed dataset of its files.
    """
    names = [name for name in ("labels_crc32",) if name not in one or name not in other]
    same = one.get("crc32_of") == other.get("crc32_of")
    return names if same else [*names, "crc32", "crc32_of"]


def append_metrics(folder: Path, record: Mapping[str, Any]) -> None:
    """Appends a record to `metrics.jsonl`.

    Args:
      folder: Folder of the run.
      record: `step`, and scalars by name.

    Raises:
      ValueError: If `read_metrics` would skip the record, for example because a value is a list.
    """
    jsonl.append(folder / METRICS, record)


def read_metrics(folder: Path, note: Note = print_note) -> list[jsonl.Record]:
    """Returns the records of `metrics.jsonl`; calls `note` if lines are not records."""
    return jsonl.read(folder / METRICS, note=note)


def discard_metrics_after(folder: Path, step: int, note: Note = print_note) -> list[jsonl.Record]:
    """Removes the records after `step`, which a resumed run writes again; returns the others."""
    return jsonl.keep_until(folder / METRICS, step, note)
