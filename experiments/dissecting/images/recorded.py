"""Learning rates from earlier records of the image experiment."""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments._shared.checks import format_changes
from experiments.dissecting.images.config import Config
from experiments.dissecting.images.methods import grid
from minmax_jax import gan

SAME = ("network", "loss", "penalty", "width", "latent_dim", "batch_size", "b1", "b2")
"""Fields on which learning rates depend."""

SAME_RUNS = ("tune_steps", "tune_seed", "tune_evaluate", "ema_decay", "extractor")
"""Further fields on which the distances of tuning runs depend."""


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


def read_tuning(
    config: Config, path: str, same: Sequence[str] = SAME
) -> dict[str, list[dict[str, Any]]]:
    """Returns the tuning of each method of one record.

    Raises:
      ConfigError: If the file is not a record of this experiment, or a field of `same` differs.
    """
    about, methods = read_record(path)
    if changes := format_changes(about, {name: getattr(config, name) for name in same}):
        raise gan.ConfigError(
            f"{path} was tuned for another setting ({changes}); tune again, or give its values"
        )
    return {name: method["tuning"] for name, method in methods.items()}


def read_record(path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the configuration of a record, and the tuning and final runs of each method.

    Raises:
      ConfigError: If the file is not a record of this experiment.
    """
    try:
        record = json.loads(Path(path).read_text())
        methods = {
            name: {"tuning": method["tuning"], "final": method.get("final", [])}
            for name, method in record["methods"].items()
        }
        return record["config"], methods
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise gan.ConfigError(
            f"{path} is not a record of this experiment ({error!r}); give a JSON file that it has "
            "written"
        ) from error


def check_grids(config: Config, data_name: str, facts: Mapping[str, Any]) -> None:
    """Checks that distances of the records in `config.grids` may stand beside new ones.

    Args:
      config: Configuration of the command.
      data_name: Name of its data set.
      facts: Facts of its extractor.

    Raises:
      ConfigError: If the runs of a record had another setting or other data, or were scored by
        another classifier.
    """
    for path in config.grids:
        read_tuning(config, path, (*SAME, *SAME_RUNS))
        about, methods = read_record(path)
        if about.get("data", data_name) != data_name:
            raise gan.ConfigError(
                f"{path} was tuned on data={about['data']}, and this command has {data_name}; tune "
                "again, or give its data"
            )
        if config.again_steps:  # Then only new runs are compared with each other.
            continue
        outcomes = [outcome for method in methods.values() for outcome in method["final"]]
        known = {outcome.get("facts", {}).get("network") for outcome in outcomes} - {None}
        if known - {facts.get("network")}:
            raise gan.ConfigError(
                f"{path} was scored by the classifier {', '.join(sorted(known))}, and this command "
                f"has {facts.get('network')}; their distances cannot be compared. Tune again, or "
                "give --again-steps"
            )


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
