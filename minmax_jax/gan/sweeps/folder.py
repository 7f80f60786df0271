"""The folder of a sweep: what is swept, and how each member came out.

sweep.json          configuration, grid, data: a sweep of anything else is refused here
runs/NAME           an ordinary run folder for each member
runs/NAME/outcome.json   its scores, or where it diverged; a member that has it is finished
result.json, table.md, heatmap.png   written at the end
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.run import files, run_folder
from minmax_jax.gan.sweeps.grid import Grid, Member


def describe(config: config_lib.Config, grid: Grid, data: data_lib.Data) -> dict[str, Any]:
    """Returns what identifies a sweep, as JSON reads it back."""
    swept = {"optimizer", "options", "learning_rate_min", "learning_rate_max", "seed"}
    free = {"out", *run_folder.MAY_CHANGE} - {"steps"}  # all members end at the same step
    values = config.flat()
    about = {
        "config": {k: v for k, v in values.items() if k not in swept | free},
        "options": {k: v for k, v in values["options"].items() if k != "b1" or v != 0.5},
        "grid": dataclasses.asdict(grid),
        "data": {k: v for k, v in run_folder.describe(data).items() if k != "name"},
    }
    return json.loads(json.dumps(about))


def open_sweep(folder: Path, config: config_lib.Config, grid: Grid, data: data_lib.Data) -> None:
    """Makes the folder, or checks that the one there is of the same sweep.

    Raises:
      ConfigError: it holds another sweep, named field by field, or other files.
    """
    path, about = folder / "sweep.json", describe(config, grid, data)
    if path.exists():
        old = _read_json(path)["about"]
        changes = [
            f"{name}: {old.get(part, {}).get(name)!r} -> {about[part].get(name)!r}"
            for part in about
            for name in sorted({*old.get(part, {}), *about[part]})
            if old.get(part, {}).get(name) != about[part].get(name)
        ]
        if changes:
            raise ConfigError(
                f"{folder} holds another sweep ({'; '.join(changes)}); choose another --out, or "
                "give its own values to resume it"
            )
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(
            f"out={folder} exists and is no sweep; choose another --out, nothing was written"
        )
    (folder / "runs").mkdir(parents=True, exist_ok=True)
    content = {"about": about, "config": config.to_json(), "grid": about["grid"]}
    files.write_atomically(path, json.dumps(content, indent=2) + "\n")


def read(folder: Path) -> tuple[config_lib.Config, Grid]:
    """Returns configuration and grid of the sweep in a folder.

    Raises:
      ConfigError: it holds none.
    """
    path = folder / "sweep.json"
    if not path.is_file():
        raise ConfigError(f"{folder} holds no sweep (no sweep.json); check the path")
    content = _read_json(path)
    grid: dict[str, Any] = dict(content["grid"])
    centres = {name: tuple(pair) for name, pair in grid.pop("centres").items()}
    grid = {name: tuple(values) for name, values in grid.items()}
    return config_lib.Config.from_json(content["config"]), Grid(**grid, centres=centres)


def write_outcome(member: Member, outcome: dict[str, Any]) -> None:
    """Marks a member as finished."""
    text = json.dumps(outcome, indent=2) + "\n"
    files.write_atomically(member.folder / "outcome.json", text)


def outcome(member: Member) -> dict[str, Any] | None:
    """Returns how a member came out: its summary and `diverged_at`; None if it is not finished."""
    path = member.folder / "outcome.json"
    return _read_json(path) if path.is_file() else None


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise ConfigError(f"{path} cannot be read ({error}); remove it to do it again") from error
