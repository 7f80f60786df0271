"""All optimizers on small games: trajectories, spectra and a performance profile.

    python -m experiments.games
    python -m experiments.games --add
    python -m experiments.games --redraw

The experiment takes half an hour on two cores. `--add` keeps the methods of the JSON file and runs
those that it lacks. It saves after each method, and the same command continues there. `--redraw`
rebuilds tables and figures from the JSON file.

All runs of a method on a game, learning rates × starts, are one vmapped `mm.solve`. All methods
have the same learning rates and the same budget of oracle calls (field, JVP and VJP evaluations, as
executed). A run that is outside the tolerance at the end of its budget counts as a failure.
"""

import dataclasses
import functools
import json
from pathlib import Path
from typing import Any

from experiments._shared.command import RESULTS, fail, read_result, record_result, run_command
from experiments.games import overview, profile, profile_figure, spectra_figure, trajectories_figure
from experiments.games.run import run
from experiments.games.suite import Config, methods, selected

OUT = RESULTS / "games"


def main(config: Config, *, redraw: bool = False, add: bool = False, out: Path = OUT) -> None:
    """Compares all optimizers on small games.

    Args:
      config: Methods and games to run.
      add: Keep the methods of the JSON file, and run only those that it lacks.
      redraw: Print the table and redraw the figures from the JSON file, without running anything.
      out: Folder of the JSON file and the figures.
    """
    path = out / "games.json"
    if add:
        for name in missing(read_result(path), config):
            one = dataclasses.replace(config, methods=(name,))
            longer = functools.partial(_extended_file, path, one)
            record_result(path, longer, redraw=False, ensure_ascii=False)
    result = record_result(path, lambda: run(config), redraw=redraw or add, ensure_ascii=False)
    trajectories_figure.draw(result, out / "trajectories.png")
    spectra_figure.draw(result, out / "spectra.png")
    profile_figure.draw(result, out / "profile.png")
    text = overview.overview(result, overview.PAGE.read_text(encoding="utf-8"))
    (out / "methods.md").write_text(f"{text}\n", encoding="utf-8")
    print(profile.table(result), f"{result['seconds']} s. Written: {path} and figures", sep="\n")


def missing(record: dict[str, Any], config: Config) -> list[str]:
    """Returns the methods that a record lacks; exits if its configuration is another one."""
    recorded = Config(**{**record["config"], "methods": ()})
    given = dataclasses.replace(config, methods=())
    if json.dumps(dataclasses.asdict(given)) != json.dumps(dataclasses.asdict(recorded)):
        fail(f"error: --add needs the configuration of the record, {recorded}")
    return [name for name in selected(config.methods, methods()) if name not in record["methods"]]


def extended(record: dict[str, Any], config: Config) -> dict[str, Any]:
    """Returns a record with the methods of `config` added. Nothing else of it changes.

    Hardware, time and version of JAX of the new runs are under the key `"added"`.
    """
    new = run(config, with_spectra=False)
    facts = {key: new[key] for key in ("hardware", "jax", "seconds")}
    return {
        **record,
        "methods": {**record["methods"], **new["methods"]},
        "added": [*record.get("added", []), {"methods": list(config.methods), **facts}],
    }


def _extended_file(path: Path, config: Config) -> dict[str, Any]:
    return extended(read_result(path), config)


if __name__ == "__main__":
    run_command(main)
