"""Grafting grid: step norms and directions of six update rules, combined.

    python -m experiments.dissecting.graft_grid
    python -m experiments.dissecting.graft_grid --problem images --data ylecun/mnist
    python -m experiments.dissecting.graft_grid --redraw

An interrupted command continues where it stopped. `--redraw` rebuilds table and figure from the
JSON file.

Norms are taken per leaf. Every pair is tuned with one seed over a grid of 4 × 4 learning rates
(min, max), which are a factor of four apart around a center in the units of its magnitude; then
it runs with new seeds. The pairs on the diagonal are the update rules themselves.

`--runs-at-once 6` trains six runs in one vmapped program, for example on eight Gaussians, where
one update of a small network costs less that way. Results agree up to rounding.
"""

from pathlib import Path

from experiments._shared.command import RESULTS, read_result, run_command
from experiments._shared.errors import one_line_errors
from experiments._shared.files import only_writer
from experiments.dissecting.graft_grid import figure, table
from experiments.dissecting.graft_grid.config import Config, resolve_defaults
from experiments.dissecting.graft_grid.run import record

OUT = RESULTS / "dissecting" / "graft_grid"


def main(config: Config, *, redraw: bool = False, out: Path = OUT) -> None:
    """Combines the step norms of six update rules with the directions of all six.

    Args:
      config: Runs to train.
      redraw: Print the table and redraw the figure from the JSON file, without training.
      out: Folder of the JSON file and the figure.
    """
    path = out / f"{config.problem}.json"
    with one_line_errors():
        config = resolve_defaults(config)
        if not redraw:
            with only_writer(path):
                record(config, path)
    if redraw or path.exists():
        result = read_result(path)
        figure.draw(result, path.with_suffix(".png"))
        print(table.format_table(result))


if __name__ == "__main__":
    run_command(main)
