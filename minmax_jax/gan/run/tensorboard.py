"""TensorBoard event files with the metrics and the sample images of a run.

The event file in the subfolder `tensorboard` is a copy of `metrics.jsonl` and of the images in
`samples`. It is rewritten when a run starts or resumes, so that it contains no record twice and
none that was discarded.
"""

import contextlib
import io
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from minmax_jax.gan.base import json_text
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.run import files, jsonl, mirror, ownership, run_folder


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
    """Copies metrics and images of a run to an event file, at the start and end of the block.

    Args:
      folder: Run folder.

    Yields:
      A function that copies the records and images that are new since the last copy.

    Raises:
      ConfigError: If the subfolder cannot be written, or is a symbolic link.
      WriteFailed: If the disk is full.
    """
    target = folder / "tensorboard"
    ownership.check_folder(target)
    files.make_folder(target)
    with files.one_line_errors(target):
        _delete_event_files(target)
        events = _Events(folder, target)
    copy = mirror.Mirror(folder, events)

    def update() -> None:
        with files.one_line_errors(target):
            copy.update()

    try:
        update()
        yield update
        update()
    finally:
        events.close()


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


class _Events:
    """A `mirror.Log` that writes an event file.

    Events are written in the calling thread: the writer thread of `SummaryWriter` ends when the
    disk is full, and the program then waits for it forever.
    """

    def __init__(self, folder: Path, target: Path) -> None:
        from tensorboardX import event_file_writer, record_writer

        record_writer.register_writer_factory(_SCHEME, _NewFiles)
        self._writer = event_file_writer.EventsWriter(f"{_SCHEME}:{target / 'events'}", _SUFFIX)
        found = [r.get("seconds", 0.0) for r in jsonl.read(folder / run_folder.METRICS)]
        latest = max([seconds for seconds in found if json_text.is_number(seconds)], default=0.0)
        self._start_time = time.time() - latest

    def add_scalars(self, event: mirror.Event, values: Mapping[str, float]) -> None:
        """Writes one event per number."""
        from tensorboardX import summary

        for name, value in values.items():
            self._write(event, summary.scalar(mirror.tag(name), value))

    def add_image(self, event: mirror.Event, name: str, path: Path) -> None:
        """Writes the content of a PNG file, without decoding its pixels."""
        from tensorboardX.proto import summary_pb2

        with Image.open(path) as image:
            width, height, channels = *image.size, len(image.getbands())
        types = vars(summary_pb2)  # tensorboardX creates its classes at run time.
        picture = types["Summary"].Image(
            height=height,
            width=width,
            colorspace=channels,
            encoded_image_string=path.read_bytes(),
        )
        value = types["Summary"].Value(tag=name, image=picture)
        self._write(event, types["Summary"](value=[value]))

    def flush(self) -> None:
        """Writes buffered events."""
        self._writer.flush()

    def close(self) -> None:
        """Closes the event file."""
        with contextlib.suppress(OSError):
            self._writer.close()

    def _write(self, event: mirror.Event, summary: Any) -> None:
        written: Any = _event_type()(summary=summary)
        written.step, written.wall_time = event.step, self._start_time + event.seconds
        self._writer.write_event(written)


def _event_type() -> Any:
    """Returns the class of events, which tensorboardX creates at run time."""
    from tensorboardX.proto import event_pb2

    return vars(event_pb2)["Event"]
