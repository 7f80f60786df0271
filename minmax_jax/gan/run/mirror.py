"""Copies metrics and sample images of a run to the log of another program."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from minmax_jax.gan.base import json_text
from minmax_jax.gan.run import jsonl, run_folder, sample_files


class Event(NamedTuple):
    """A moment of a run.

    Attributes:
      step: Number of updates so far.
      seconds: Training time so far.
    """

    step: int
    seconds: float


class Log(Protocol):
    """A log of another program, such as TensorBoard."""

    def add_scalars(self, event: Event, values: Mapping[str, float]) -> None:
        """Adds numbers by name."""

    def add_image(self, event: Event, name: str, path: Path) -> None:
        """Adds a PNG file."""

    def flush(self) -> None:
        """Makes the additions visible to the other program."""


class Mirror:
    """Copies what is new in a run folder to a log, each record and image once.

    Args:
      folder: Run folder.
      log: Log of another program.
    """

    def __init__(self, folder: Path, log: Log) -> None:
        self._folder, self._log = folder, log
        self._offset, self._seconds = 0, 0.0
        self._images: set[int] = set()

    def update(self) -> None:
        """Copies the new records and images."""
        images = iter(sorted(set(sample_files.steps(self._folder)) - self._images))
        next_image = next(images, None)
        for record in self._new_records():
            while next_image is not None and next_image < record["step"]:
                self._copy_image(next_image)
                next_image = next(images, None)
            self._copy_record(record)
        while next_image is not None:
            self._copy_image(next_image)
            next_image = next(images, None)
        self._log.flush()

    def _copy_record(self, record: jsonl.Record) -> None:
        seconds: Any = record.get("seconds")
        if json_text.is_number(seconds):
            self._seconds = float(seconds)
        numbers = {k: v for k, v in record.items() if k != "step" and json_text.is_number(v)}
        self._log.add_scalars(Event(record["step"], self._seconds), numbers)

    def _copy_image(self, step: int) -> None:
        path = sample_files.path(self._folder, step)
        self._log.add_image(Event(step, self._seconds), "samples", path)
        self._images.add(step)

    def _new_records(self) -> Iterator[jsonl.Record]:
        """Yields the records in the complete lines after the offset."""
        path = self._folder / run_folder.METRICS
        if not path.exists():
            return iter(())
        with path.open("rb") as file:
            file.seek(self._offset)
            content = file.read()
        complete = content[: content.rfind(b"\n") + 1]
        self._offset += len(complete)
        return iter(jsonl.parse(complete))


def tag(name: str) -> str:
    """Returns a tag such as `loss/min`: viewers group tags by the part before the slash.

    Example:
      >>> tag("gradient_norm_max"), tag("update_norm_ratio")
      ('gradient_norm/max', 'update_norm_ratio')
    """
    base, _, side = name.rpartition("_")
    return f"{base}/{side}" if base and side in ("min", "max") else name
