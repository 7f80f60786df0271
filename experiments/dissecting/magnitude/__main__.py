"""Variation of Adam's update norm during training, and replacements for it.

    python -m experiments.dissecting.magnitude --data ylecun/mnist
    python -m experiments.dissecting.magnitude --redraw

An interrupted command continues where it stopped. `--redraw` rebuilds tables and figure from the
JSON file.

A first run of Adam records the norm ‖A_k‖ of each leaf's step along training. Runs with other seeds
then train with Adam's norm, the mean of the first run, the running mean of the run itself, and a
piecewise linear schedule fitted to the first run, each along Adam's direction and along the
gradient. All use the learning rates that `images` has chosen for Adam, unless others are given.
"""

from pathlib import Path

from experiments._shared.command import RESULTS, read_result, run_command
from experiments._shared.errors import one_line_errors
from experiments._shared.files import only_writer
from experiments.dissecting.magnitude import figure, table
from experiments.dissecting.magnitude.config import Config, resolve_defaults
from experiments.dissecting.magnitude.run import record

OUT = RESULTS / "dissecting" / "magnitude"


def main(config: Config, *, redraw: bool = False, out: Path = OUT) -> None:
    """Measures how Adam's update norm varies during training and tests simpler replacements.

    Args:
      config: Runs to train.
      redraw: Print the tables and redraw the figure from the JSON file, without training.
      out: Folder of the JSON file and the figure.
    """
    path = out / "magnitude.json"
    with one_line_errors():
        if not redraw:
            with only_writer(path):
                record(resolve_defaults(config), path)
    if redraw or path.exists():
        result = read_result(path)
        figure.draw(result, path.with_suffix(".png"))
        print(table.format_tables(result))


if __name__ == "__main__":
    run_command(main)
