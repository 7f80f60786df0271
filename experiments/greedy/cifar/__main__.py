"""CIFAR-10: scores of greedy and GDA along training.

    python -m experiments.greedy.cifar
    python -m experiments.greedy.cifar --stages 1
    python -m experiments.greedy.cifar --redraw
    python -m experiments.greedy.cifar --data digits --width 4 --batch 16 --steps 40 --every 20 \\
        --evaluate 200 --seeds 1

The first command needs an accelerator; an interrupted command continues where it stopped. The
second one stops after one stage of one run. `--redraw` rebuilds table and figure from the JSON
file. The last command is a smoke test on a CPU.

The runs use the authors' networks, Adam with learning rate 2e-4 (b1 = 0.5) and the non-saturating
loss. Greedy accepts every second update unconditionally. `minmax_jax.gan` trains each run in stages
of `--every` updates, each from the checkpoint of the previous one, and evaluates it after each
stage: Fréchet distance and classes in the features of a classifier trained on the data. These
scores are not comparable with inception scores.
"""

from pathlib import Path

from experiments._shared.command import RESULTS, record_result, run_command
from experiments._shared.errors import one_line_errors
from experiments.greedy.cifar import figure, table
from experiments.greedy.cifar.config import Config
from experiments.greedy.cifar.run import run

OUT = RESULTS / "greedy" / "cifar"


def main(config: Config, *, redraw: bool = False, out: Path = OUT) -> None:
    """Compares greedy and GDA on CIFAR-10, with scores along training.

    Args:
      config: Runs to train.
      redraw: Print the table and redraw the figure from the JSON file, without training.
      out: Folder of the JSON file and the figure.
    """
    path = out / "cifar.json"
    with one_line_errors():
        result = record_result(path, lambda: run(config), redraw=redraw, indent=1)
    figure.draw(result, path.with_suffix(".png"))
    print(table.format_table(result))


if __name__ == "__main__":
    run_command(main)
