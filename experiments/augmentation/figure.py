"""Table and figure of the comparison."""

from pathlib import Path
from typing import Any

from matplotlib import ticker

from experiments._shared.figures import plt, save
from experiments._shared.means import format_mean

LABELS = {"none": "no augmentation", "diffaugment": "DiffAugment"}


def table(result: dict[str, Any]) -> str:
    """Returns a table of the Fréchet distances: mean over seeds, with its 95 % interval."""
    lines = ["| augmentation | last | lowest |", "|---|---|---|"]
    for arm, runs in result["scores"].items():
        values = [[one["frechet_distance"] for one in scores] for scores in runs]
        last = format_mean([seed[-1] for seed in values])
        lines.append(f"| {LABELS[arm]} | {last} | {format_mean([min(seed) for seed in values])} |")
    return "\n".join(lines)


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws the Fréchet distance of every seed against the number of updates."""
    figure, axes = plt.subplots(figsize=(5, 3.2), layout="constrained")
    for (arm, runs), color in zip(result["scores"].items(), ("tab:gray", "tab:blue"), strict=True):
        for number, scores in enumerate(runs):
            steps = [one["step"] for one in scores]
            values = [one["frechet_distance"] for one in scores]
            label = LABELS[arm] if number == 0 else None
            axes.plot(steps, values, "o-", color=color, label=label, markersize=3)
    axes.set(xlabel="updates", ylabel="Fréchet distance to held-out images", yscale="log")
    seeds = "1 seed" if len(runs) == 1 else f"{len(runs)} seeds"
    axes.set_title(f"{result['config']['num_images']:,} training images, {seeds}")
    axes.yaxis.set_major_formatter(ticker.ScalarFormatter())
    axes.yaxis.set_minor_formatter(ticker.ScalarFormatter())
    axes.legend()
    save(figure, path)
