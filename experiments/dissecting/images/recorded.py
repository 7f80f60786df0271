"""Learning rates from earlier records of the image experiment."""

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments._shared.checks import format_changes
from experiments.dissecting.images.config import Config
from experiments.dissecting.images.methods import grid
from minmax_jax import gan

SAME = ("network", "loss", "penalty", "width", "latent_dim", "batch_size", "b1", "b2")
"""Fields on which learning rates depend."""


def recorded_tuning(config: Config, paths: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Returns the tuning of each method, from the first of several records that has it.

    Raises:
      ConfigError: If a file is not a record of this experiment, its networks, loss or Adam options
        differ, or no record has a method.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for path in paths:
        found = {**read_tuning(config, path), **found}
    if lacking := [method for method in config.methods if method not in found]:
        raise gan.ConfigError(
            f"{' '.join(paths)}: no learning rates of {', '.join(lacking)}; give --methods from "
            f"{', '.join(found)}"
        )
    return found


def read_tuning(config: Config, path: str) -> dict[str, list[dict[str, Any]]]:
    """Returns the tuning of each method of one record.

    Raises:
      ConfigError: If the file is not a record of this experiment, or its networks, loss or Adam
        options differ.
    """
    try:
        record = json.loads(Path(path).read_text())
        about, found = record["config"], {m: f["tuning"] for m, f in record["methods"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise gan.ConfigError(
            f"{path} is not a record of this experiment ({error!r}); give a JSON file that it has "
            "written"
        ) from error
    if changes := format_changes(about, {name: getattr(config, name) for name in SAME}):
        raise gan.ConfigError(
            f"{path} was tuned for another setting ({changes}); tune again, or give its values"
        )
    return found


def recorded_grid(config: Config, method: str) -> list[float]:
    """Returns the distances of a method's first tuning runs, in the order of `methods.grid`.

    They come from the first record of `config.grids` that has the method; runs that diverged have
    an infinite distance.

    Raises:
      ConfigError: If there is no such record, or it has another setting or grid.
    """
    cells = recorded_tuning(dataclasses.replace(config, methods=(method,)), config.grids)[method]
    first = {tuple(cell["rates"]): cell["distances"][0] for cell in cells}
    pairs = grid(method, config.size, config.powers or (), config.min_powers)
    if set(first) != set(pairs):
        raise gan.ConfigError(
            f"grids={' '.join(config.grids)}: {method} was tuned on another grid; give its "
            "--powers and --min-powers"
        )
    return [math.inf if first[pair] is None else first[pair] for pair in pairs]
