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

from pathlib import Path

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
    path = out / f"{config.preset}.json"
    with one_line_errors():
        if not redraw:
            with only_writer(path):
                write_json(path, run(config), ensure_ascii=False)
        result = read_result(path)
        figure.draw(result, path.with_suffix(".png"))
        print(table.format_table(result), f"Written: {path}, {path.with_suffix('.png')}", sep="\n")


if __name__ == "__main__":
    run_command(main)
