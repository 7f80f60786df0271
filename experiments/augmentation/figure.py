"""Table and figure of the comparison."""

from pathlib import Path
from typing import Any

from experiments._shared.figures import plt, save
from experiments._shared.means import format_mean

LABELS = {"none": "no augmentation", "diffaugment": "DiffAugment"}
SCORES = {"frechet_distance": 1, "precision": 3, "recall": 3}
"""Digits of each score in the table."""


def table(result: dict[str, Any]) -> str:
    """Returns the table of the last scores: mean over seeds, with its 95 % interval."""
    lines = [f"| augmentation | {' | '.join(SCORES)} |", "|---|" + "---|" * len(SCORES)]
    for arm, runs in result["scores"].items():
        cells = [
            format_mean([scores[-1][name] for scores in runs], digits)
            for name, digits in SCORES.items()
        ]
        lines.append(f"| {LABELS[arm]} | {' | '.join(cells)} |")
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
    axes.set_title(f"{result['config']['num_images']:,} training images, {len(runs)} seeds")
    axes.legend()
    save(figure, path)
