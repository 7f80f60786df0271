"""Number of four Gaussian modes that the generators of eight methods reach.

    python -m experiments.greedy.gaussians
    python -m experiments.greedy.gaussians --redraw

The first command takes hours on two cores; an interrupted command continues where it stopped.
`--redraw` rebuilds tables and figures from the JSON file.

There are three groups of runs: the authors' learning rates on their mixture, in which the mode
(0, 1) has weight 2/5; tuned learning rates on the same mixture; and tuned learning rates with equal
weights. Each method is tuned over 3 × 3 learning rates, in runs of full length with tuning seeds.
"""

from pathlib import Path

from experiments._shared.command import RESULTS, record_result, run_command
from experiments._shared.errors import one_line_errors
from experiments.greedy.gaussians import figure, table
from experiments.greedy.gaussians.config import Config
from experiments.greedy.gaussians.run import run

OUT = RESULTS / "greedy" / "gaussians"


def main(config: Config, *, redraw: bool = False, out: Path = OUT) -> None:
    """Counts how many of four Gaussian modes each method's generator reaches.

    Args:
      config: Runs to train.
      redraw: Print the tables and redraw the figures from the JSON file, without training.
      out: Folder of the JSON file and the figures.
    """
    path = out / "gaussians.json"
    with one_line_errors():
        result = record_result(path, lambda: run(config), redraw=redraw)
    figure.draw(result, out)
    print(table.format_tables(result))


if __name__ == "__main__":
    run_command(main)
