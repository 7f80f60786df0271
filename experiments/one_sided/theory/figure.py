"""Figure of average gradient norms over time."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from experiments._shared.figures import GRAY, plt, save
from experiments.one_sided.methods import COLORS

TITLES = {
    "drift": "drift\none-sided MVI holds, two-sided does not",
    "resonance": "resonance\none-sided MVI holds, two-sided does not",
    "neither": "neither\nneither holds",
}


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws one column per game, and one row per schedule and noise."""
    games, horizons = result["games"], result["horizons"]
    methods = next(iter(games.values()))
    schedules = list(next(iter(methods.values())))
    noises = [f"{noise:g}" for noise in result["config"]["noises"]]
    rows = [(schedule, noise) for noise in noises for schedule in schedules]
    figure, axes = plt.subplots(
        len(rows),
        len(games),
        figsize=(4.4 * len(games) + 2.4, 2.9 * len(rows) + 1.4),
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    for i, (schedule, noise) in enumerate(rows):
        for j, (game, found) in enumerate(games.items()):
            panel(axes[i, j], horizons, {m: f[schedule][noise] for m, f in found.items()})
            if i == 0:
                axes[i, j].set_title(TITLES.get(game, game), fontsize=12)
        axes[i, 0].set_ylabel(f"{schedule}, noise {noise}\naverage up to T", fontsize=11)
    shown = [m for m in methods if COLORS[m] != GRAY]
    handles = [plt.Line2D([], [], color=COLORS[m], lw=2.2) for m in shown]
    handles.append(plt.Line2D([], [], color=GRAY, lw=2.2))
    handles += [plt.Line2D([], [], color="0.5", ls=style, lw=1.5) for style in (":", "--")]
    labels = [*shown, "other methods", "‖∇_y f‖² of adam_gda", "slope −1"]
    figure.legend(handles, labels, loc="outside right center", frameon=False, fontsize=11)
    figure.suptitle(
        "‖∇_x f(x_t, y_t)‖² of the min player, averaged up to T (median and 10–90 % of "
        f"{result['config']['seeds']} seeds; min learning rates tuned with other seeds)",
        fontsize=14,
    )
    figure.supxlabel("number of updates T; rows: schedule of the max learning rate, and noise")
    save(figure, path, dpi=90)


def panel(axes: Axes, horizons: list[int], cells: dict[str, Any]) -> None:
    """Draws all methods on one game with one schedule and noise."""
    for method, cell in cells.items():
        low, median, high = (as_array(cell["min"][name]) for name in ("low", "median", "high"))
        if COLORS[method] == GRAY:
            axes.plot(horizons, median, color=GRAY, lw=1.2, zorder=1)
            continue
        axes.plot(horizons, median, color=COLORS[method], lw=1.8)
        axes.fill_between(horizons, low, high, color=COLORS[method], alpha=0.13, lw=0)
    other = cells.get("adam_gda") or next(iter(cells.values()))
    axes.plot(horizons, as_array(other["max"]["median"]), color="0.5", ls=":", lw=1.5)
    start = as_array(next(iter(cells.values()))["min"]["median"])[0]
    axes.plot(horizons, start / np.array(horizons), color="0.5", ls="--", lw=1)
    axes.set(xscale="log", yscale="log")
    axes.grid(alpha=0.2)


def as_array(values: list[float | None]) -> np.ndarray:
    """Returns values as an array, with NaN for None."""
    return np.array([np.nan if v is None else v for v in values], float)
