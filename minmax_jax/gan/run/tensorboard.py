"""TensorBoard event files with the metrics of a run.

The event file in the subfolder `tensorboard` is a copy of `metrics.jsonl`. It is rewritten when
a run starts or resumes, so that it contains no record twice and none that was discarded.
"""

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.run import jsonl, run_folder


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
    """
    import tensorboardX

    shutil.rmtree(folder / "tensorboard", ignore_errors=True)
    writer = tensorboardX.SummaryWriter(str(folder / "tensorboard"))
    copy = _Copy(folder / run_folder.METRICS, writer)
    try:
        copy.update()
        yield copy.update
    finally:
        copy.update()
        writer.close()


class _Copy:
    """Copies the numbers in a growing file of records to an event file."""

    def __init__(self, path: Path, writer: Any) -> None:
        self._path, self._writer, self._offset, self._seconds = path, writer, 0, 0.0
        seconds = [record.get("seconds", 0.0) for record in jsonl.read(path)]
        self._start_time = time.time() - max(seconds, default=0.0)

    def update(self) -> None:
        for record in self._new_records():
            self._seconds = record.get("seconds", self._seconds)
            when = self._start_time + self._seconds
            for name, value in record.items():
                if name != "step" and isinstance(value, int | float):  # Not null or text.
                    self._writer.add_scalar(_tag(name), value, record["step"], walltime=when)
        self._writer.flush()

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


def _tag(name: str) -> str:
    """Returns a tag such as `loss/min`: TensorBoard groups tags by the part before the slash.

    Example:
      >>> _tag("gradient_norm_max"), _tag("update_norm_ratio")
      ('gradient_norm/max', 'update_norm_ratio')
    """
    base, _, side = name.rpartition("_")
    return f"{base}/{side}" if base and side in ("min", "max") else name
