"""Lists the examples that a run left out of its dataset."""

import json
from pathlib import Path

from minmax_jax.gan.data import Data
from minmax_jax.gan.run import files

SKIPPED = "skipped.jsonl"
"""Name of the file, with one record `{"file": …, "reason": …}` per example."""


def write(folder: Path, data: Data) -> None:
    """Writes `skipped.jsonl` to a run folder if examples were left out.

    Args:
      folder: Run folder.
      data: Dataset of the run.

    Raises:
      ConfigError: If the file cannot be written.
      WriteFailed: If the disk is full.
    """
    if data.skipped:
        records = (json.dumps(example._asdict()) for example in data.skipped)
        files.write_atomically(folder / SKIPPED, "".join(f"{record}\n" for record in records))
