"""F1, F2 and F3 from (5.5, 5.5): greedy, GDA, OMD and extragradient.

    python -m experiments.greedy.functions
    python -m experiments.greedy.functions --redraw

`--redraw` rebuilds table and figure from the JSON file.

The settings are the ones of the authors' script: learning rate 0.05; the greedy method proposes
x + N(0, ½²), ascends until |∂_y f| ≤ 0.001, accepts an improvement of 0.03 and stops after 20
rejections in a row. All its seeds are one vmapped `mm.solve`. The other methods are deterministic,
with one run each.
"""

from pathlib import Path

from experiments._shared.command import RESULTS, record_result, run_command
from experiments.greedy.functions import figure, table
from experiments.greedy.functions.run import Config, run

OUT = RESULTS / "greedy" / "functions"


def main(config: Config, *, redraw: bool = False, out: Path = OUT) -> None:
    """Compares greedy with three other methods on F1, F2 and F3.

    Args:
      config: Runs of the experiment.
      redraw: Print the table and redraw the figure from the JSON file, without running.
      out: Folder of the JSON file and the figure.
    """
    path = out / "functions.json"
    result = record_result(path, lambda: run(config), redraw=redraw)
    figure.draw(result, path.with_suffix(".png"))
    print(table.format_table(result))


if __name__ == "__main__":
    run_command(main)
