"""How close trained GANs are to a greedy equilibrium.

    python -m experiments.greedy.equilibrium
    python -m experiments.greedy.equilibrium --redraw

The first command takes about ten minutes of CPU time; an interrupted command continues where it
stopped. `--redraw` rebuilds table and figure from the JSON file.

A pair (x, y) is an (ε, δ, ω)-greedy equilibrium if ‖∇_y f(x, y)‖ ≤ ε, and a proposal x' followed by
the max player's ascent lowers the payoff by δ with probability less than ω. GANs on four Gaussians
are trained with `greedy_adam` and with alternating Adam. Then both conditions are measured for the
payoff on fixed examples, before training as a control and after it.
"""

from pathlib import Path

from experiments._shared.command import RESULTS, record_result, run_command
from experiments._shared.errors import one_line_errors
from experiments.greedy.equilibrium import figure, table
from experiments.greedy.equilibrium.config import Config
from experiments.greedy.equilibrium.run import run

OUT = RESULTS / "greedy" / "equilibrium"


def main(config: Config, *, redraw: bool = False, out: Path = OUT) -> None:
    """Measures how close trained GANs are to a greedy equilibrium.

    Args:
      config: Runs to train, and sizes and tolerances of the check.
      redraw: Print the tables and redraw the figure from the JSON file, without running.
      out: Folder of the JSON file and the figure.
    """
    path = out / "equilibrium.json"
    with one_line_errors():
        result = record_result(path, lambda: run(config), redraw=redraw)
    figure.draw(result, path.with_suffix(".png"))
    print(table.format_table(result), table.comparisons(result), sep="\n\n")


if __name__ == "__main__":
    run_command(main)
