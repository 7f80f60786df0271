"""What the commands on images share: pieces, records that are redrawn, one line for bad input."""

import contextlib
import json
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import jax

from experiments.dissecting.gan_runs.training import PieceOver
from minmax_jax import gan


def refuse(text: str) -> NoReturn:
    """Ends with one line, and the exit code of bad input."""
    print(text, file=sys.stderr)
    raise SystemExit(2)


@contextlib.contextmanager
def in_pieces() -> Iterator[None]:
    """Bad input ends in one line, a piece that is over in a word of how to go on."""
    try:
        yield
    except (gan.ConfigError, gan.DataError) as error:
        refuse(f"error: {error}")
    except PieceOver:
        print("The piece is over, everything is saved; the same command goes on.")


def recorded(path: Path, *, redraw: bool) -> dict[str, Any] | None:
    """The record, None while there is none yet; to redraw none is an error."""
    if path.exists():
        return json.loads(path.read_text())
    if redraw:
        refuse(f"error: {path} does not exist; run without --redraw first")
    return None


def hardware() -> str:
    """The device, or the processor."""
    device = jax.devices()[0]
    if device.platform == "cpu":
        return f"{os.cpu_count()} CPU cores ({platform.machine()})"
    return device.device_kind
