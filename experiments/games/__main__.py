"""All optimizers on small games: trajectories, spectra and a performance profile.

    python -m experiments.games
    python -m experiments.games --redraw

The experiment takes a few minutes on two cores. `--redraw` rebuilds table and figures from the JSON
file.

All runs of a method on a game, learning rates × starts, are one vmapped `mm.solve`. All methods
have the same learning rates and the same budget of oracle calls (field, JVP and VJP evaluations, as
executed). A run that is outside the tolerance at the end of its budget counts as a failure.
"""

from pathlib import Path

from experiments._shared.command import RESULTS, record_result, run_command
from experiments.games import profile, profile_figure, spectra_figure, trajectories_figure
from experiments.games.run import run
from experiments.games.suite import Config

OUT = RESULTS / "games"


def main(config: Config, *, redraw: bool = False, out: Path = OUT) -> None:
    """Compares all optimizers on small games.

    Args:
      config: Methods and games to run.
      redraw: Print the table and redraw the figures from the JSON file, without running anything.
      out: Folder of the JSON file and the figures.
    """
    path = out / "games.json"
    result = record_result(path, lambda: run(config), redraw=redraw, ensure_ascii=False)
    trajectories_figure.draw(result, out / "trajectories.png")
    spectra_figure.draw(result, out / "spectra.png")
    profile_figure.draw(result, out / "profile.png")
    print(profile.table(result), f"{result['seconds']} s. Written: {path} and figures", sep="\n")


if __name__ == "__main__":
    run_command(main)
