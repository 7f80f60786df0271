"""Figure of the cost of an update relative to GDA."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from benchmarks import clock
from experiments._shared.figures import plt, save
from experiments.greedy.cost.table import TITLES

QUANTITIES = {"flops": "FLOPs", "temporaries": "temporary\nmemory", "ratio": "time\n(quartiles)"}


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws one panel per game, with one group of bars per quantity."""
    games = result["games"]
    figure, axes = plt.subplots(
        1,
        len(games),
        figsize=(3.6 * len(games), 3.8),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, (game, found) in zip(axes[0], games.items(), strict=True):
        panel(axis, found["methods"])
        axis.set_title(f"{game}, k = {found['k']}", fontsize=10)
    axes[0, 0].set_ylabel("multiple of GDA with the same k")
    axes[0, 0].legend(fontsize=8)
    figure.suptitle("Cost of an update of greedy relative to GDA")
    save(figure, path)


def panel(axis: Axes, methods: dict[str, Any]) -> None:
    """Draws one game."""
    base = methods["GDA"]
    for i, name in enumerate(name for name in methods if name != "GDA"):
        one, time = methods[name], clock.ratio(methods[name])
        values = [*(one[q] / base[q] for q in ("flops", "temporaries")), time.median]
        positions = np.arange(len(values)) + 0.38 * i
        bars = axis.bar(positions, values, 0.36, label=TITLES.get(name, name))
        axis.bar_label(bars, fmt="%.2f", fontsize=8, label_type="center", color="white")
        spread = [[time.median - time.low], [time.high - time.median]]
        axis.errorbar(positions[-1], time.median, spread, color="black", capsize=3)
    axis.axhline(1, color="black", lw=0.8, ls=":")
    axis.set_xticks(np.arange(3) + 0.19, list(QUANTITIES.values()), fontsize=8)
