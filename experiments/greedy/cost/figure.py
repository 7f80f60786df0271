"""The figure of `cost`: ours as a multiple of descent–ascent."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from benchmarks import clock

QUANTITIES = {"flops": "FLOPs", "temporaries": "temporaries", "ratio": "time (quartiles)"}


def draw(result: dict[str, Any], path: Path) -> None:
    """One panel a game, one group of bars a quantity."""
    games = result["games"]
    figure, axes = plt.subplots(
        1, len(games), figsize=(3.6 * len(games), 3.8), sharey=True, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for axis, (game, found) in zip(axes[0], games.items(), strict=True):
        base = found["methods"]["GDA"]
        rivals = [name for name in found["methods"] if name != "GDA"]
        for i, name in enumerate(rivals):
            one, time = found["methods"][name], clock.ratio(found["methods"][name])
            values = [*(one[q] / base[q] for q in ("flops", "temporaries")), time.median]
            places = np.arange(len(values)) + 0.38 * i
            bars = axis.bar(places, values, 0.36, label=name)
            axis.bar_label(bars, fmt="%.2f", fontsize=8, label_type="center", color="white")
            spread = [[time.median - time.low], [time.high - time.median]]
            axis.errorbar(places[-1], time.median, spread, color="black", capsize=3)
        axis.axhline(1, color="black", lw=0.8, ls=":")
        axis.set_xticks(np.arange(3) + 0.19, list(QUANTITIES.values()), fontsize=8)
        axis.set_title(f"{game}, k = {found['k']}", fontsize=10)
    axes[0, 0].set_ylabel("multiple of GDA at equal k")
    axes[0, 0].legend(fontsize=8)
    figure.suptitle("What an update of the greedy method costs beside descent–ascent")
    figure.savefig(path, dpi=100)
    plt.close(figure)
