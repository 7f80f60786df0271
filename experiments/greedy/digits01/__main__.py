"""MNIST zeros and ones: whether the generator keeps both digits.

    python -m experiments.greedy.digits01 --data ylecun/mnist
    python -m experiments.greedy.digits01 --data ylecun/mnist --width 64
    python -m experiments.greedy.digits01 --redraw

The first command takes hours on two cores, the second one, with networks of a quarter of the width,
takes minutes. An interrupted command continues where it stopped. `--redraw` rebuilds table and
figure from the JSON file.

GDA and the greedy method have one ascent step per update, the authors' networks, Adam with learning
rate 2e-4 (b1 = 0.5) and the non-saturating loss. Greedy runs with two accept rules: the published
one, which accepts every fifth update unconditionally, and the stated one, which accepts with a
decreasing probability e^(−i/τ) only.
"""

from pathlib import Path

from experiments._shared.command import RESULTS, record_result, run_command
from experiments._shared.errors import one_line_errors
from experiments.greedy.digits01 import figure, table
from experiments.greedy.digits01.config import Config
from experiments.greedy.digits01.run import run

OUT = RESULTS / "greedy" / "digits01"


def main(config: Config, *, redraw: bool = False, out: Path = OUT) -> None:
    """Compares GDA and greedy on MNIST's zeros and ones.

    Args:
      config: Runs to train.
      redraw: Print the table and redraw the figure from the JSON file, without training.
      out: Folder of the JSON file and the figure.
    """
    path = out / "digits01.json"
    with one_line_errors():
        result = record_result(path, lambda: run(config), redraw=redraw)
    figure.draw(result, path.with_suffix(".png"))
    print(table.format_table(result))


if __name__ == "__main__":
    run_command(main)
