"""Gradient norms of both players along training, without minibatch noise.

    python -m experiments.one_sided.norms
    python -m experiments.one_sided.norms --preset dirac
    python -m experiments.one_sided.norms --preset mnist --seeds 3 --steps 2000 --time-limit 8
    python -m experiments.one_sided.norms --preset gaussians --redraw

The preset is gaussians, dirac, dirac-penalty or mnist. A command that reaches its time limit
continues at the next call. `--redraw` rebuilds table and figure from the JSON file.

Six methods run with the trainer's learning rates, the one of the max player constant or decaying
like 1/√t. At 25 times of each run, `noise_floor` estimates the squared gradient norms of both
players without bias, for the loss that each player descends and for the saturating payoff.
"""

import json
from pathlib import Path
from typing import Any

from experiments._shared.command import RESULTS, read_result, run_command
from experiments._shared.errors import one_line_errors
from experiments._shared.files import only_writer, write_json
from experiments.one_sided.norms import figure, table
from experiments.one_sided.norms.run import run
from experiments.one_sided.trajectories.config import Config

OUT = RESULTS / "one_sided" / "norms"


def main(config: Config, *, redraw: bool = False, out: Path = OUT) -> None:
    """Measures gradient norms of both players along training, without minibatch noise.

    Args:
      config: Runs to train and measure.
      redraw: Print the table and redraw the figure from the JSON file, without running.
      out: Folder of the JSON file and the figure.
    """
    path = out / f"{config.name}.json"
    with one_line_errors():
        if not redraw:
            with only_writer(path):
                write_json(path, with_earlier_runs(path, run(config)), ensure_ascii=False)
        result = read_result(path)
        figure.draw(result, path.with_suffix(".png"))
        print(table.format_table(result), f"Written: {path}, {path.with_suffix('.png')}", sep="\n")


def with_earlier_runs(path: Path, result: dict[str, Any]) -> dict[str, Any]:
    """Returns the result with the recorded runs of other methods, if all settings are equal.

    Args:
      path: JSON file of the experiment, which need not exist.
      result: Result of this call.
    """
    if not path.exists():
        return result
    earlier = json.loads(path.read_text())
    settings = describe_settings(result)
    if describe_settings(earlier) != settings:
        return result
    kept = {name: run for name, run in earlier["runs"].items() if name not in result["runs"]}
    if not kept:
        return result
    # The recorded order of the runs does not depend on the order of the calls.
    order = [*earlier["runs"], *(n for n in result["runs"] if n not in earlier["runs"])]
    runs = {**result["runs"], **kept}
    return {
        **result,
        "rates": earlier["rates"] | result["rates"],
        "seconds": round(earlier["seconds"] + result["seconds"], 1),
        "runs": {name: runs[name] for name in order},
    }


def describe_settings(result: dict[str, Any]) -> dict[str, Any]:
    """Returns the part of a result that runs of one table have in common."""
    # Records before the scores of generators have no number of samples.
    free = ("rates", "seconds", "runs", "num_samples", "hardware")
    return {name: value for name, value in result.items() if name not in free}


if __name__ == "__main__":
    run_command(main)
