"""Figure of scores along training."""

from pathlib import Path
from typing import Any

from experiments._shared.figures import plt, save
from experiments.greedy.cifar.config import TITLES

COLORS = ("tab:blue", "tab:red")


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws Fréchet distance against updates and seconds of training, one line per run."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
    for (method, found), color in zip(result["methods"].items(), COLORS, strict=True):
        for i, one in enumerate(found):
            scores = [s for s in one["scores"] if s["frechet_distance"] is not None]
            distances = [s["frechet_distance"] for s in scores]
            label = None if i else TITLES[method]
            for axis, unit in zip(axes, ("step", "seconds"), strict=True):
                times = [s[unit] for s in scores]
                axis.plot(times, distances, "o-", ms=3, color=color, label=label)
    axes[0].set(xlabel="updates", ylabel="Fréchet distance, classifier features")
    axes[1].set(xlabel="seconds of training")
    axes[0].legend()
    config = result["config"]
    figure.suptitle(
        f"{Path(config['data']).name}, {config['network']} of width {config['width']}, batch size "
        f"{config['batch']}: greedy accepts every second update, GDA all"
    )
    save(figure, path)
