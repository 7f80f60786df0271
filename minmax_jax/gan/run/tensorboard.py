"""TensorBoard: the lines of `metrics.jsonl` as scalars, in the folder `tensorboard` of a run.

The event file is a copy that is written anew whenever the run starts or resumes: it never
holds a line twice, nor one that the resumed run has taken back.
"""

import contextlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from minmax_jax.gan.base.errors import ConfigError


def check() -> None:
    """Raises `ConfigError` if the package that writes event files is missing."""
    try:
        import tensorboardX  # noqa: F401  an extra of its own
    except ImportError as error:
        raise ConfigError(
            "tensorboard needs the package tensorboardX: pip install 'minmax-jax[tensorboard]'"
        ) from error


@contextlib.contextmanager
def following(folder: Path, wanted: bool) -> Iterator[Callable[[], None]]:
    """Yields a function that copies the lines added to `metrics.jsonl` since its last call.

    Lines that are there already are copied first, those of the end on leaving.

    Args:
      folder: the run folder.
      wanted: otherwise nothing is written and the function does nothing.
    """
    if not wanted:
        yield lambda: None
        return
    import tensorboardX

    shutil.rmtree(folder / "tensorboard", ignore_errors=True)
    writer = tensorboardX.SummaryWriter(str(folder / "tensorboard"))
    follower = _Follower(folder / "metrics.jsonl", writer)
    try:
        follower.catch_up()
        yield follower.catch_up
    finally:
        follower.catch_up()
        writer.close()


class _Follower:
    """Reads a growing file of lines and writes their numbers."""

    def __init__(self, path: Path, writer: Any) -> None:
        self._path, self._writer = path, writer
        self._offset, self._seconds = 0, 0.0
        self._began = time.time() - max((r.get("seconds", 0.0) for r in self._read()), default=0.0)
        self._offset = 0

    def catch_up(self) -> None:
        for record in self._read():
            self._seconds = record.get("seconds", self._seconds)
            when = self._began + self._seconds
            for name, value in record.items():
                if name != "step" and isinstance(value, int | float):  # null is no number
                    self._writer.add_scalar(_tag(name), value, record["step"], walltime=when)
        self._writer.flush()

    def _read(self) -> list[dict[str, Any]]:
        """The complete lines from the offset on."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._offset)
            lines = file.read().rpartition(b"\n")[0]
        self._offset += len(lines) + bool(lines)
        return [json.loads(line) for line in lines.splitlines()]


def _tag(name: str) -> str:
    """`loss_min` as `loss/min`: TensorBoard shows what stands before the stroke together.

    Example:
      >>> _tag("gradient_norm_max"), _tag("pace")
      ('gradient_norm/max', 'pace')
    """
    base, _, side = name.rpartition("_")
    return f"{base}/{side}" if base and side in ("min", "max") else name
