"""Convergence to one-sided stationary points on three synthetic games.

    python -m experiments.one_sided.theory
    python -m experiments.one_sided.theory --redraw

`--redraw` rebuilds table and figure from the JSON file.

The games `drift` and `resonance` satisfy the one-sided MVI but not the two-sided one; `neither`
satisfies neither of them. Every method runs with nine learning rates of the min player, half a
decade apart. The one with the lowest average of ‖∇_x f‖² on tuning seeds is reported with other
seeds. The max player's learning rate is the same for all methods, constant or decaying like 1/√t.
"""

from pathlib import Path

from experiments._shared.command import RESULTS, record_result, run_command
from experiments.one_sided.theory import figure, table
from experiments.one_sided.theory.config import Config
from experiments.one_sided.theory.run import run

OUT = RESULTS / "one_sided" / "theory"


def main(config: Config, *, redraw: bool = False, out: Path = OUT) -> None:
    """Measures convergence to one-sided stationary points on three synthetic games.

    Args:
      config: Runs of the experiment.
      redraw: Print the table and redraw the figure from the JSON file, without running.
      out: Folder of the JSON file and the figure.
    """
    path = out / "theory.json"
    result = record_result(path, lambda: run(config), redraw=redraw, indent=1, ensure_ascii=False)
    figure.draw(result, path.with_suffix(".png"))
    print(table.format_table(result), f"Written: {path}, {path.with_suffix('.png')}", sep="\n")


if __name__ == "__main__":
    run_command(main)
