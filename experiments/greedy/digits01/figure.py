"""The figure of `digits01`: shares along training, and images of two seeds at the end."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

NAMES = ("zero", "one", "neither")
COLOURS = ("tab:blue", "tab:orange", "0.6")


def draw(result: dict[str, Any], path: Path) -> None:
    """One column a method: thin lines are seeds, thick ones their median."""
    methods = result["methods"]
    figure, axes = plt.subplots(
        2, len(methods), figsize=(4.2 * len(methods), 6.6), squeeze=False, layout="constrained",
        height_ratios=(1.2, 1),
    )  # fmt: skip
    for column, (name, found) in enumerate(methods.items()):
        shares = np.asarray([one["shares"] for one in found])  # seeds, looks, classes
        steps = result["every"] * np.arange(1, shares.shape[1] + 1)
        axis = axes[0, column]
        for i, (label, colour) in enumerate(zip(NAMES, COLOURS, strict=True)):
            axis.plot(steps, shares[:, :, i].T, color=colour, lw=0.5, alpha=0.4)
            axis.plot(steps, np.median(shares[:, :, i], axis=0), color=colour, lw=2.5, label=label)
        axis.axhline(0.1, color="black", lw=0.8, ls=":")
        axis.set(ylim=(-0.02, 1.02), xlabel="updates", title=f"{name}, {len(found)} seeds")
        images = [one["images"] for one in found if "images" in one]
        axes[1, column].imshow(mosaic(images), cmap="gray", vmin=0, vmax=255)
        axes[1, column].set_axis_off()
        axes[1, column].set_title(f"at the end, seeds 0 to {len(images) - 1}, one block each")
    axes[0, 0].set_ylabel("share of samples")
    axes[0, 0].legend(loc="upper left")
    width, test = result["config"]["width"], result["judge_accuracy"]
    figure.suptitle(
        f"MNIST zeros and ones, generator width {width}-{2 * width}-{4 * width}; "
        f"classifier {test:.1%} right on test images; dotted: 10 %"
    )
    figure.savefig(path, dpi=100)
    plt.close(figure)


def mosaic(images: list[Any]) -> np.ndarray:
    """Blocks of 2 × 12 images, one above the other."""
    blocks = [np.asarray(block).reshape(2, -1, 28, 28) for block in images]
    rows = np.concatenate(blocks)
    return rows.transpose(0, 2, 1, 3).reshape(28 * len(rows), -1)
