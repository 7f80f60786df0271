"""`evaluations.jsonl`: every evaluation of a run, one JSON object a line, only ever added to.

    {"step": 4000, "time": "2030-01-31T12:00:00+00:00", "seed": 0, "by": "train",
     "extractor": "classifier", "facts": {"test_accuracy": 0.992, "network": "1f0c9a7e"},
     "num_samples": 5000, "num_reference": 10000, "num_held_out": 5000,
     "scores": {"frechet_distance": 12.3, ...}, "held_out": {"frechet_distance": 1.1, ...}}

`by` stands where training evaluated itself. null stands for a number that is not finite.
`held_out` are the scores of real examples that no network saw, the yardstick. Scores compare
only at the same extractor, facts and counts.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minmax_jax.gan.run import run_folder

FILE = "evaluations.jsonl"


def append(folder: Path, record: Mapping[str, Any]) -> dict[str, Any]:
    """Adds one line, in one write, and returns it as it will be read."""
    kept = json.loads(json.dumps(_plain(record)))
    path = folder / FILE
    cut_off = path.exists() and path.read_bytes()[-1:] not in (b"", b"\n")
    line = ("\n" if cut_off else "") + json.dumps(kept) + "\n"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(handle, line.encode())
    finally:
        os.close(handle)
    return kept


def read(folder: Path) -> list[dict[str, Any]]:
    """Returns the lines, oldest first; one that was cut off is left out."""
    path = folder / FILE
    records = []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return records


def curve(
    records: Iterable[Mapping[str, Any]], extractor: str, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Returns steps and values of one score with one extractor, the last value of each step.

    Args:
      records: lines as `read` returns them.
      extractor: its name.
      name: of the score; lines without it are left out, null is NaN.
    """
    kept = [r for r in records if r["extractor"] == extractor and name in r["scores"]]
    found = {r["step"]: r["scores"][name] for r in kept}
    values = [np.nan if found[step] is None else found[step] for step in sorted(found)]
    return np.array(sorted(found), int), np.array(values, float)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return run_folder.finite_or_none(value)
