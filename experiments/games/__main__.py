"""Every method on every small game: trajectories, spectra, and a performance profile.

    python -m experiments.games            # the record: a few minutes on two cores
    python -m experiments.games --redraw   # the figures again, from the JSON

All runs of one method on one game, rates × starts, are one vmapped `mm.solve`. Rates come
from one grid, the budget of oracle calls (field + jvp + vjp, as executed) is the same for
all; what is not within the tolerance at its end counts as never.
"""

import json
from pathlib import Path

import tyro

from experiments.games import profile, profile_figure, spectra_figure, trajectories_figure
from experiments.games.run import run
from experiments.games.suite import Config

RESULTS = Path(__file__).parents[1] / "results" / "games"


def main(config: Config, *, redraw: bool = False, out: Path = RESULTS) -> None:
    """Every method on every small game.

    Args:
      config: what is run.
      redraw: draw the figures again from the JSON, without running anything.
      out: the folder of the JSON and the figures.
    """
    path = out / "games.json"
    if not redraw:
        result = run(config)
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, ensure_ascii=False, allow_nan=False) + "\n")
    result = json.loads(path.read_text())
    trajectories_figure.draw(result, out / "trajectories.png")
    spectra_figure.draw(result, out / "spectra.png")
    profile_figure.draw(result, out / "profile.png")
    print(profile.table(result), f"{result['seconds']} s. Written: {path} and figures", sep="\n")


if __name__ == "__main__":
    tyro.cli(main, config=(tyro.conf.OmitArgPrefixes,))
