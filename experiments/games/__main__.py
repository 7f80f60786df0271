"""All optimizers on small games: trajectories, spectra and a performance profile.

    python -m experiments.games
    python -m experiments.games --add
    python -m experiments.games --redraw

The experiment takes half an hour on two cores. `--add` keeps the methods of the JSON file and runs
those that it lacks. `--redraw` rebuilds table and figures from the JSON file.

All runs of a method on a game, learning rates × starts, are one vmapped `mm.solve`. All methods
have the same learning rates and the same budget of oracle calls (field, JVP and VJP evaluations, as
executed). A run that is outside the tolerance at the end of its budget counts as a failure.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

from experiments._shared.command import RESULTS, fail, read_result, record_result, run_command
from experiments.games import profile, profile_figure, spectra_figure, trajectories_figure
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
    measure = (lambda: extended(read_result(path), config)) if add else (lambda: run(config))
    result = record_result(path, measure, redraw=redraw, ensure_ascii=False)
    trajectories_figure.draw(result, out / "trajectories.png")
    spectra_figure.draw(result, out / "spectra.png")
    profile_figure.draw(result, out / "profile.png")
    print(profile.table(result), f"{result['seconds']} s. Written: {path} and figures", sep="\n")


def extended(record: dict[str, Any], config: Config) -> dict[str, Any]:
    """Returns a record with the methods that it lacks. Nothing else of it changes.

    Hardware, time and version of JAX of the new runs are under the key `"added"`.
    """
    wanted = selected(config.methods, methods())
    missing = tuple(name for name in wanted if name not in record["methods"])
    given = dataclasses.replace(config, methods=())
    recorded = Config(**{**record["config"], "methods": ()})
    if json.dumps(dataclasses.asdict(given)) != json.dumps(dataclasses.asdict(recorded)):
        fail(f"error: --add needs the configuration of the record, {recorded}")
    if not missing:
        fail("error: the record has all these methods; run without --add to replace it")
    new = run(dataclasses.replace(config, methods=missing))
    facts = {key: new[key] for key in ("hardware", "jax", "seconds")}
    return {
        **record,
        "methods": {**record["methods"], **new["methods"]},
        "added": [*record.get("added", []), {"methods": missing, **facts}],
    }


if __name__ == "__main__":
    run_command(main)
