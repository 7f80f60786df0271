"""The figure of `cifar`: the score along training, one line a run."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

COLOURS = ("tab:blue", "tab:red")


def draw(result: dict[str, Any], path: Path) -> None:
    """Fréchet distance against updates and against seconds of training."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
    for (method, found), colour in zip(result["methods"].items(), COLOURS, strict=True):
        for i, one in enumerate(found):
            scores = [s for s in one["scores"] if s["frechet_distance"] is not None]
            distances = [s["frechet_distance"] for s in scores]
            for axis, unit in zip(axes, ("step", "seconds"), strict=True):
                axis.plot([s[unit] for s in scores], distances, "o-", ms=3, color=colour,
                          label=None if i else method)  # fmt: skip
    axes[0].set(xlabel="updates", ylabel="Fréchet distance, our classifier's features")
    axes[1].set(xlabel="seconds of training")
    axes[0].legend()
    config = result["config"]
    figure.suptitle(
        f"{Path(config['data']).name}, {config['network']} of width {config['width']}, batch "
        f"{config['batch']}: accepting each second update against accepting all"
    )
    figure.savefig(path, dpi=100)
    plt.close(figure)
