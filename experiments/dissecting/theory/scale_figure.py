"""Figure of success against λ, the weight of the discriminator's bias."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from experiments._shared.figures import plt
from experiments._shared.proportions import Proportion
from experiments.dissecting.theory import panels, statistics
from experiments.dissecting.theory.config import METHODS


def draw(results: dict[str, dict[str, Any]], path: Path) -> Path:
    """Draws, for every λ, the seeds for which a pair succeeds, and the share of all runs."""
    series = {
        result["setting"]["scale"]: result["methods"]
        for name, result in results.items()
        if name.startswith("lambda-")
    }
    scales = sorted(series)
    figure, (seeds, runs) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    for method, color in panels.PAIR.items():
        label, shift = METHODS[method].title.split(",")[0], 0.06 if method == "nsgda" else -0.06
        found = [series[scale][method] for scale in scales]
        places = [place + shift for place in range(len(scales))]
        errorbars(seeds, places, [statistics.any_cell(one) for one in found], color, label)
        shares = [statistics.whole_grid(one).value for one in found]
        runs.plot(range(len(scales)), shares, color=color, marker="o", label=label)
    seeds.set(title="seeds for which some pair succeeds, 95 % intervals", ylabel="share of seeds")
    runs.set(title="successful runs", ylabel="share of all runs of the grid")
    for axes in (seeds, runs):
        axes.set_xticks(range(len(scales)), [f"{scale:g}" for scale in scales])
        axes.set_xlabel("λ, weight of the discriminator's bias")
    seeds.set_ylim(-0.03, 1.03)
    seeds.legend(loc="center right")
    figure.suptitle("Both modes of the synthetic GAN against λ (d = 1,000; √d is 31.6)")
    return panels.save(figure, path)


def errorbars(
    axes: Axes, places: list[float], shares: list[Proportion], color: Any, label: str
) -> None:
    """Draws proportions with their intervals, joined by a line."""
    values = [share.value for share in shares]
    below = [share.value - share.low for share in shares]
    above = [share.high - share.value for share in shares]
    axes.errorbar(places, values, [below, above], color=color, marker="o", capsize=3, label=label)
