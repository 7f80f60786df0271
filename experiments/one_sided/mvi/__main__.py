"""Tests the one-sided MVI along training runs, with controls.

    python -m experiments.one_sided.norms --preset gaussians
    python -m experiments.one_sided.mvi --preset gaussians
    python -m experiments.one_sided.mvi --preset gaussians --redraw

The first command trains the runs, the second one reads their snapshots. `--redraw` rebuilds tables
and figure from the JSON file.

The condition is ⟨∇_x f(x_t, y_t), x_t − x*⟩ ≥ 0. Its cosine is measured along each run, with x* the
end of the run, and with these controls: the end of another seed, the moving average, the middle of
the run, a random point as far from the start as the end, and the end of the run with mismatched
pairs (x_t, y_s), where s is half a run away. The vector x_t − x_T is minus the sum of the remaining
updates, which favors positive cosines for the end of the run. A positive cosine is evidence for the
condition only where it exceeds those of the controls.
"""

from pathlib import Path

from experiments._shared.command import RESULTS, record_result, run_command
from experiments._shared.errors import one_line_errors
from experiments.one_sided.mvi import figure, table
from experiments.one_sided.mvi.run import run
from experiments.one_sided.trajectories.config import Config

OUT = RESULTS / "one_sided" / "mvi"


def main(config: Config, *, redraw: bool = False, out: Path = OUT) -> None:
    """Tests the one-sided MVI along training runs, with controls.

    Args:
      config: Runs to measure, which `norms` has trained.
      redraw: Print the tables and redraw the figure from the JSON file, without running.
      out: Folder of the JSON file and the figure.
    """
    path = out / f"{config.name}.json"
    with one_line_errors():
        result = record_result(path, lambda: run(config), redraw=redraw, ensure_ascii=False)
    figure.draw(result, path.with_suffix(".png"))
    print(table.format_tables(result), f"Written: {path}, {path.with_suffix('.png')}", sep="\n")


if __name__ == "__main__":
    run_command(main)
