"""Cost of an update of greedy relative to GDA: time, memory and FLOPs.

    python -m experiments.greedy.cost
    python -m experiments.greedy.cost --redraw

The measurement takes a few minutes. `--redraw` rebuilds table and figure from the JSON file.

One update of each method with the same number of ascent steps k is compiled separately. The ascent
steps are unrolled, so that XLA counts each of them. Times are measured interleaved in one process.
"""

from pathlib import Path

from experiments._shared.command import RESULTS, record_result, run_command
from experiments.greedy.cost import figure, table
from experiments.greedy.cost.run import Config, run

OUT = RESULTS / "greedy" / "cost"


def main(config: Config, *, redraw: bool = False, out: Path = OUT) -> None:
    """Measures the overhead of the accept test relative to GDA with the same number of steps.

    Args:
      config: Measurements to make.
      redraw: Print the table and redraw the figure from the JSON file, without measuring.
      out: Folder of the JSON file and the figure.
    """
    path = out / "cost.json"
    result = record_result(path, lambda: run(config), redraw=redraw, indent=1)
    figure.draw(result, path.with_suffix(".png"))
    print(table.format_table(result))


if __name__ == "__main__":
    run_command(main)
