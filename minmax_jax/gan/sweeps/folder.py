"""Layout of a sweep folder.

sweep.json               configuration, grid and data; a different sweep is rejected
runs/NAME                run folder of each run
runs/NAME/outcome.json   summary of a finished run, or the step at which it diverged
result.json, table.md, heatmap.png   written at the end
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.run import files, lease, ownership, run_folder
from minmax_jax.gan.run import untrusted as run_untrusted
from minmax_jax.gan.sweeps import untrusted
from minmax_jax.gan.sweeps.grid import Grid, SweepRun

FILES = ("sweep.json", "result.json", "table.md", "heatmap.png", lease.FILE)
"""Names of the files that a sweep writes."""

FOLDERS = ("runs",)
"""Names of the folders that a sweep writes."""

_SWEPT = {"optimizer", "options", "learning_rate_min", "learning_rate_max", "seed"}
# The number of steps may not change, because all runs end at the same step, and the number of
# samples to evaluate may not change, because scores depend on it.
_MAY_CHANGE = {"out", *run_folder.MAY_CHANGE} - {"steps", "evaluate", "evaluate_extractor"}


def describe(config: config_lib.Config, grid: Grid, data: data_lib.Data) -> dict[str, Any]:
    """Returns a description that identifies a sweep, as JSON values."""
    values = config.flat()
    options = values["options"]
    about = {
        "config": {k: v for k, v in values.items() if k not in _SWEPT | _MAY_CHANGE},
        # The presets set b1 = 0.5 for every optimizer that has b1, so this value does not
        # distinguish sweeps.
        "options": {k: v for k, v in options.items() if k != "b1" or v != 0.5},
        "grid": dataclasses.asdict(grid),
        "data": {k: v for k, v in run_folder.describe(data).items() if k != "name"},
    }
    return json.loads(json.dumps(about))


def check_sweep(folder: Path, config: config_lib.Config, grid: Grid, data: data_lib.Data) -> bool:
    """Checks that a folder is empty or contains the same sweep; returns whether it contains it.

    Raises:
      ConfigError: If the folder contains another sweep (the message lists each differing
        field), other files, or something else at the place of a file of the sweep.
    """
    ownership.check(folder, FILES, FOLDERS)
    path, about = folder / "sweep.json", describe(config, grid, data)
    if path.exists():
        changes = _changes(_read_description(folder)["about"], about)
        if changes:
            raise ConfigError(
                f"{folder} contains another sweep ({'; '.join(changes)}). Choose another --out, "
                "or use the values of that sweep to resume it."
            )
        return True
    if folder.exists() and not (folder.is_dir() and ownership.is_unused(folder, path.name)):
        raise ConfigError(
            f"out={folder} exists and is not a sweep folder. Choose another --out; nothing was "
            "written."
        )
    ownership.check(folder, FILES, FOLDERS)
    return False


def open_sweep(folder: Path, config: config_lib.Config, grid: Grid, data: data_lib.Data) -> None:
    """Creates a sweep folder, or does nothing if it contains the same sweep.

    Raises:
      ConfigError: As in `check_sweep`.
    """
    ownership.delete_leftovers(folder, FILES)
    if check_sweep(folder, config, grid, data):
        return
    path, about = folder / "sweep.json", describe(config, grid, data)
    files.make_folder(folder / "runs")
    content = {"about": about, "config": config.to_json(), "grid": about["grid"]}
    files.write_atomically(path, json.dumps(content, indent=2) + "\n")


def read(folder: Path) -> tuple[config_lib.Config, Grid]:
    """Reads the configuration and the grid of a sweep.

    Raises:
      ConfigError: If the folder does not contain a sweep.
    """
    path = folder / "sweep.json"
    with files.one_line_errors(folder, "read"):
        found = path.exists()
    if not found:
        raise ConfigError(f"{folder} does not contain a sweep (no sweep.json). Check the path.")
    content = _read_description(folder)
    try:
        return config_lib.Config.from_json(content["config"]), untrusted.grid(content["grid"])
    except ConfigError as error:
        raise ConfigError(f"{path} is not valid ({error}). {_remedy(folder)}") from error


def write_outcome(run: SweepRun, outcome: dict[str, Any]) -> None:
    """Writes the outcome of a run, which marks it as finished."""
    text = json.dumps(outcome, indent=2) + "\n"
    files.write_atomically(run.folder / "outcome.json", text)


def read_outcome(run: SweepRun) -> dict[str, Any] | None:
    """Returns the outcome of a run, with its key `diverged_at`, or None if it is unfinished."""
    path = run.folder / "outcome.json"
    if not path.exists():
        return None
    remedy = "Delete it to repeat the end of this run."
    outcome = run_untrusted.read_json(path, remedy)
    if reason := untrusted.check_outcome(outcome):
        raise ConfigError(f"{path} is not an outcome ({reason}). {remedy}")
    return outcome


def _changes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Returns one text per field that differs between two descriptions."""
    return [
        f"{name}: {old.get(part, {}).get(name)!r} -> {new[part].get(name)!r}"
        for part in new
        for name in sorted({*old.get(part, {}), *new[part]})
        if old.get(part, {}).get(name) != new[part].get(name)
    ]


def _read_description(folder: Path) -> dict[str, Any]:
    """Returns the content of `sweep.json`, with the keys `about`, `config` and `grid`."""
    path = folder / "sweep.json"
    content = run_untrusted.read_json(path, _remedy(folder))
    about = content.get("about")
    parts = [about, *about.values()] if isinstance(about, dict) else [about]
    parts += [content.get("config"), content.get("grid")]
    if not all(isinstance(part, dict) for part in parts):
        raise ConfigError(
            f"{path} is not valid (about, config and grid must be objects). {_remedy(folder)}"
        )
    return content


def _remedy(folder: Path) -> str:
    return f"Delete the folder {folder} to start over, or choose another --out."
