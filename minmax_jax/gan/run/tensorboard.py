"""TensorBoard event files with the metrics of a run.

The event file in the subfolder `tensorboard` is a copy of `metrics.jsonl`. It is rewritten when
a run starts or resumes, so that it contains no record twice and none that was discarded.
"""

import contextlib
import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from minmax_jax.gan.base import json_text
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.run import files, jsonl, ownership, run_folder


def check_installed() -> None:
    """Raises `ConfigError` if tensorboardX, which writes event files, is not installed."""
    try:
        import tensorboardX  # noqa: F401  (an optional extra)
    except ImportError as error:
        raise ConfigError(
            "tensorboard requires the package tensorboardX. Run pip install "
            "'minmax-jax[tensorboard]'."
        ) from error


@contextlib.contextmanager
def open_copy(folder: Path) -> Iterator[Callable[[], None]]:
    """Copies the metrics of a run to an event file, at the start and at the end of the block.

    Args:
      folder: Run folder.

    Yields:
      A function that copies the records added to `metrics.jsonl` since the last copy.

    Raises:
      ConfigError: If the subfolder cannot be written, or is a symbolic link.
      WriteFailed: If the disk is full.
    """
    target = folder / "tensorboard"
    ownership.check_folder(target)
    files.make_folder(target)
    with files.one_line_errors(target):
        _delete_event_files(target)
        copy = _Copy(folder / run_folder.METRICS, target)
    try:
        copy.update()
        yield copy.update
        copy.update()
    finally:
        copy.close()


def _delete_event_files(target: Path) -> None:
    """Deletes the event files that this module wrote, and no others."""
    for path in target.glob(f"events.out.tfevents.*{_SUFFIX}"):
        if ownership.is_regular(path):
            path.unlink()


_SUFFIX = ".minmax-jax"
"""Ending of the names of event files, by which the files of other programs differ."""


_SCHEME = "minmax-jax"  # Prefix of the paths that tensorboardX opens by `_NewFiles`.


class _NewFiles:
    """Opens event files for tensorboardX, which would overwrite files and follow links."""

    @staticmethod
    def open(path: str) -> io.FileIO:
        """Creates an unbuffered file, so that no data wait in a buffer when the disk is full."""
        return io.FileIO(path.removeprefix(f"{_SCHEME}:"), "xb")


class _Copy:
    """Copies the numbers in a growing file of records to an event file.

    Events are written in the calling thread: the writer thread of `SummaryWriter` ends when the
    disk is full, and the program then waits for it forever.
    """

    def __init__(self, path: Path, target: Path) -> None:
        from tensorboardX import event_file_writer, record_writer

        record_writer.register_writer_factory(_SCHEME, _NewFiles)
        self._writer = event_file_writer.EventsWriter(f"{_SCHEME}:{target / 'events'}", _SUFFIX)
        self._path, self._target, self._offset, self._seconds = path, target, 0, 0.0
        found = [record.get("seconds", 0.0) for record in jsonl.read(path)]
        latest = max([seconds for seconds in found if json_text.is_number(seconds)], default=0.0)
        self._start_time = time.time() - latest

    def update(self) -> None:
        """Copies the new records."""
        with files.one_line_errors(self._target):
            for record in self._new_records():
                self._write(record)
            self._writer.flush()

    def close(self) -> None:
        """Closes the event file, which is complete after `update`."""
        with contextlib.suppress(OSError):
            self._writer.close()

    def _write(self, record: jsonl.Record) -> None:
        from tensorboardX import summary

        seconds = record.get("seconds", self._seconds)
        self._seconds = seconds if json_text.is_number(seconds) else self._seconds
        for name, value in record.items():
            if name != "step" and json_text.is_number(value):  # Not null or text.
                event: Any = _event_type()(summary=summary.scalar(_tag(name), value))
                event.step, event.wall_time = record["step"], self._start_time + self._seconds
                self._writer.write_event(event)

    def _new_records(self) -> list[jsonl.Record]:
        """Returns the records in the complete lines after the offset."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._offset)
            content = file.read()
        complete = content[: content.rfind(b"\n") + 1]
        self._offset += len(complete)
        return list(jsonl.parse(complete))


def _event_type() -> Any:
    """Returns the class of events, which tensorboardX creates at run time."""
    from tensorboardX.proto import event_pb2

    return vars(event_pb2)["Event"]


def _tag(name: str) -> str:
    """Returns a tag such as `loss/min`: TensorBoard groups tags by the part before the slash.

    Example:
      >>> _tag("gradient_norm_max"), _tag("update_norm_ratio")
      ('gradient_norm/max', 'update_norm_ratio')
    """
    base, _, side = name.rpartition("_")
    return f"{base}/{side}" if base and side in ("min", "max") else name
