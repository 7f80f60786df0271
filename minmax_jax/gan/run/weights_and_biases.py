"""A Weights & Biases run with the metrics and the sample images of a run.

The environment variables of Weights & Biases apply: `WANDB_PROJECT` (default `minmax-jax`),
`WANDB_ENTITY`, and `WANDB_MODE=offline` for a run that `wandb sync` uploads later. A resumed run
continues the same run there, and adds only what it has not yet added.
"""

import contextlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from minmax_jax.gan.base import json_text
from minmax_jax.gan.base.errors import ConfigError, WriteFailed
from minmax_jax.gan.run import files, mirror, ownership, untrusted

FOLDER = "wandb"
"""Name of the subfolder of the run folder with the files of Weights & Biases."""

SENT = "minmax-jax.json"
"""Name of the file in it with the name of the run there, and with what has been added to it."""


def check_ready() -> None:
    """Checks that Weights & Biases can start a run; may ask for an API key on a terminal.

    Raises:
      ConfigError: If the package wandb is not installed, or nobody is logged in.
    """
    try:
        import wandb
    except ImportError as error:
        raise ConfigError(
            "wandb requires the package wandb. Run pip install 'minmax-jax[wandb]'."
        ) from error
    with _one_line_errors():
        if wandb.setup().settings.mode == "online":
            wandb.login()


@contextlib.contextmanager
def open_copy(folder: Path, config: Mapping[str, Any]) -> Iterator[Callable[[], None]]:
    """Copies metrics and images of a run, at the start and at the end of the block.

    Args:
      folder: Run folder.
      config: Values by name that describe the run.

    Yields:
      A function that copies the records and images that are new since the last copy.

    Raises:
      ConfigError: If the run cannot be started there, or the subfolder cannot be written.
    """
    ownership.check_folder(folder / FOLDER)
    files.make_folder(folder / FOLDER)
    with _one_line_errors():
        log = _Run(folder, config)
    copy = mirror.Mirror(folder, log)
    try:
        copy.update()
        yield copy.update
        copy.update()
    except BaseException:
        # An interrupted run may never be resumed, so its last records are added now.
        with contextlib.suppress(ConfigError, WriteFailed):
            copy.update()
        log.close(1)
        raise
    log.close(0)


class _Sent(NamedTuple):
    """What an earlier start of the run has added.

    Attributes:
      name: Name of the run there.
      step: Step of the last record.
      count: Number of records of this step.
      image_step: Step of the last image.
    """

    name: str
    step: int = -1
    count: int = 0
    image_step: int = -1


class _Run:
    """A `mirror.Log` that adds to a run of Weights & Biases.

    Records there cannot be replaced. A resumed run repeats its records bit for bit, so those
    that were added before are left out.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any]) -> None:
        import wandb

        self._path = folder / FOLDER / SENT
        self._sent = _read(self._path)
        self._step, self._count = -1, 0
        settings = wandb.Settings(console="off", disable_git=True, save_code=False, silent=True)
        self._run = wandb.init(
            dir=str(folder),
            id=self._sent.name,
            resume="allow",
            project=wandb.setup().settings.project or "minmax-jax",
            name=folder.name,
            config=dict(config),
            allow_val_change=True,  # Some values may change when a run resumes.
            settings=settings,
        )
        self._run.define_metric("*", step_metric="step")
        self._save()

    def add_scalars(self, event: mirror.Event, values: Mapping[str, float]) -> None:
        """Adds one row, unless an earlier start of the run has added it."""
        self._count = self._count + 1 if event.step == self._step else 1
        self._step = event.step
        if (self._step, self._count) > (self._sent.step, self._sent.count):
            if row := {mirror.tag(name): value for name, value in values.items()}:
                self._run.log({"step": event.step, **row})
            self._sent = self._sent._replace(step=self._step, count=self._count)

    def add_image(self, event: mirror.Event, name: str, path: Path) -> None:
        """Adds an image, unless an earlier start of the run has added it."""
        import wandb

        if event.step > self._sent.image_step:
            self._run.log({"step": event.step, name: wandb.Image(str(path))})
            self._sent = self._sent._replace(image_step=event.step)

    def flush(self) -> None:
        """Notes what has been added."""
        self._save()

    def close(self, exit_code: int) -> None:
        """Ends the run there, as failed unless the code is 0."""
        self._run.finish(exit_code=exit_code)

    def _save(self) -> None:
        files.write_atomically(self._path, json.dumps(self._sent._asdict()) + "\n")


def _read(path: Path) -> _Sent:
    """Reads what has been added, or returns a new name if there is no valid file."""
    try:
        values = untrusted.read_json(path, "Delete it.") if path.exists() else {}
        found = _Sent(**values)
    except (ConfigError, TypeError):
        return _Sent(secrets.token_hex(4))
    counts = [found.step, found.count, found.image_step]
    valid = isinstance(found.name, str) and found.name.isalnum()
    valid = valid and all(count == -1 or json_text.is_count(count) for count in counts)
    return found if valid else _Sent(secrets.token_hex(4))


@contextlib.contextmanager
def _one_line_errors() -> Iterator[None]:
    """Replaces an error of Weights & Biases by one line with a remedy."""
    import wandb

    try:
        yield
    except wandb.Error as error:
        text = " ".join(str(error).split())
        raise ConfigError(
            f"wandb: {text:.300} Run wandb login, or set WANDB_MODE=offline and upload the run "
            "later with wandb sync."
        ) from error
