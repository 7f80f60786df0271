"""Gradient norms of both players, and the generator's quality, along training.

    python -m experiments.one_sided.norms
    python -m experiments.one_sided.norms --preset dirac
    python -m experiments.one_sided.norms --preset mnist --seeds 3 --steps 2000 --time-limit 8
    python -m experiments.one_sided.norms --preset mnist --balanced
    python -m experiments.one_sided.norms --preset gaussians --loss wgan-gp
    python -m experiments.one_sided.norms --preset cifar10-resnet --width 64 --steps 50000
    python -m experiments.one_sided.norms --preset gaussians --redraw

The preset is gaussians, dirac, dirac-penalty, mnist, cifar10 or cifar10-resnet, which is the ResNet
with WGAN-GP. `--loss wgan-gp` needs a discriminator without BatchNorm; `--balanced` gives it about
as many parameters as the generator has. Every such choice has its own JSON file and runs.
Learning rates are the preset's. A command that reaches its time limit continues at the next call.
A command with other `--methods` or `--schedules` adds runs to the record; it ends with an error
before training if the record has other settings. `--redraw` rebuilds table and figure from the
JSON file.

Six methods run with the trainer's learning rates, the one of the max player constant or decaying
like 1/√t. At 24 times of each run, `noise_floor` estimates the squared gradient norms of both
players without bias, for the loss that each player descends and for the saturating payoff. At the
same times the generator is scored: modes of a mixture, or the Fréchet distance and the classes of
images. The scores change no norm.
"""

import json
from pathlib import Path
from typing import Any

from experiments._shared.checks import format_changes
from experiments._shared.command import RESULTS, environment, read_result, run_command
from experiments._shared.errors import one_line_errors
from experiments._shared.files import only_writer, write_json
from experiments.one_sided.norms import figure, table
from experiments.one_sided.norms.run import run
from experiments.one_sided.trajectories.config import Config, all_runs, describe
from minmax_jax import gan

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
                earlier = earlier_runs(path, config)
                write_json(path, join(earlier, run(config)), ensure_ascii=False)
        result = read_result(path)
        figure.draw(result, path.with_suffix(".png"))
        print(table.format_table(result), f"Written: {path}, {path.with_suffix('.png')}", sep="\n")


def earlier_runs(path: Path, config: Config) -> dict[str, Any] | None:
    """Returns the record if it has runs that this command does not repeat, otherwise None.

    Raises:
      ConfigError: If such runs have other settings than this command.
    """
    if not path.exists():
        return None
    earlier = json.loads(path.read_text())
    kept = set(earlier["runs"]) - {name for name, _, _ in all_runs(config)}
    if not kept:
        return None
    same = {**describe(config), **environment()}
    del same["commit"]
    if changes := format_changes(earlier, same):
        raise gan.ConfigError(
            f"{path} has {len(kept)} other runs with other settings ({changes}). Choose another "
            "folder with --out, or run all methods and schedules."
        )
    return earlier


def join(earlier: dict[str, Any] | None, result: dict[str, Any]) -> dict[str, Any]:
    """Returns a result with the other runs of an earlier record, in the order of that record."""
    if earlier is None:
        return result
    runs = earlier["runs"] | result["runs"]
    old, new = (each.get("commit", "unknown") for each in (earlier, result))
    commits = dict.fromkeys([*old.split(", "), new])
    return {
        **result,
        "commit": ", ".join(commits),
        "rates": earlier["rates"] | result["rates"],
        "seconds": round(earlier["seconds"] + result["seconds"], 1),
        "runs": runs,
    }


if __name__ == "__main__":
    run_command(main)
