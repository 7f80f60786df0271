"""Correlates the ratio of the players' gradient norms with sample quality.

    python -m experiments.dissecting.pace --runs runs/images
    python -m experiments.dissecting.pace --redraw

Reads every run of `images`. `--redraw` rebuilds table and figure from the JSON file.

The ratio of a run is the median of ‖discriminator‖ / ‖generator‖ over its logged updates, for
gradients and for updates. Diverged runs have no Fréchet distance; they are counted and left out.
Tuning runs and final runs have different lengths and are analyzed separately. Runs of one method
differ mostly in their learning rates, so a correlation does not show a cause.
"""

from pathlib import Path

from experiments._shared.command import RESULTS, record_result, run_command
from experiments.dissecting.pace import figure, table
from experiments.dissecting.pace.run import Config, run

OUT = RESULTS / "dissecting" / "pace"


def main(config: Config, *, redraw: bool = False, out: Path = OUT) -> None:
    """Correlates the ratio of the players' gradient norms with sample quality.

    Args:
      config: Runs to read.
      redraw: Print the table and redraw the figure from the JSON file.
      out: Folder of the JSON file and the figure.
    """
    path = out / "pace.json"
    result = record_result(path, lambda: run(config), redraw=redraw, indent=1)
    figure.draw(result, path.with_suffix(".png"))
    print(table.format_table(result))


if __name__ == "__main__":
    run_command(main)
