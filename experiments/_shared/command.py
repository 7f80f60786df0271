"""Steps that the commands of all experiments share."""

import dataclasses
import functools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import jax
import tyro

from benchmarks import machine
from experiments._shared.files import Busy, only_writer, write_json

RESULTS = Path(__file__).parents[1] / "results"
"""Folder of all committed results."""


def run_command(main: Callable[..., None]) -> None:
    """Runs the main function of an experiment with command-line flags for its arguments.

    Args:
      main: Function with an argument `config`; the flags of its fields get no prefix.
    """
    commit()  # Another commit may be checked out while a command runs.
    tyro.cli(main, config=(tyro.conf.OmitArgPrefixes,))


def fail(message: str) -> NoReturn:
    """Prints one line to standard error and exits with code 2, the code of invalid input."""
    print(message, file=sys.stderr)
    raise SystemExit(2)


def read_result(path: Path) -> dict[str, Any]:
    """Returns the recorded result; exits with one line if it does not exist."""
    if not path.exists():
        fail(f"error: {path} does not exist; run without --redraw first")
    return json.loads(path.read_text())


def record_result(
    path: Path, run: Callable[[], dict[str, Any]], *, redraw: bool, **options: Any
) -> dict[str, Any]:
    """Runs an experiment and writes its JSON file; returns the content of the file.

    Args:
      path: JSON file of the experiment.
      run: Function that runs the experiment.
      redraw: If True, only reads the file.
      **options: Arguments of `json.dumps`.
    """
    if not redraw:
        try:
            with only_writer(path):
                write_json(path, run(), **options)
        except Busy as error:
            fail(f"error: {error}")
    return read_result(path)


def describe(config: Any, **locations: Any) -> dict[str, Any]:
    """Returns the configuration and the environment, as results record them.

    Args:
      config: Configuration, a dataclass with a field `runs`.
      **locations: Values in place of fields that name locations, which have no effect on the
        numbers. `runs` is None.
    """
    return {"config": {**dataclasses.asdict(config), "runs": None, **locations}, **environment()}


def environment() -> dict[str, str]:
    """Returns the hardware, the version of JAX and the commit, as results record them."""
    device = jax.devices()[0]
    hardware = device.device_kind
    if device.platform == "cpu":
        hardware = f"{os.cpu_count()} CPU cores ({machine.processor()})"
    return {"hardware": hardware, "jax": jax.__version__, "commit": commit()}


@functools.cache
def commit() -> str:
    """Returns the commit at the first call, with `+` if the code has changes."""
    return machine.commit(RESULTS.parent)
