"""Figure of digit shares along training, and of images at the end."""

from pathlib import Path
from typing import Any

import numpy as np

from experiments._shared.figures import plt, save
from experiments.greedy.digits01.config import TITLES
from experiments.greedy.digits01.table import BY_EYE, MIN_SHARE

NAMES = ("zero", "one", "neither")
COLORS = ("tab:blue", "tab:orange", "0.6")


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws one column per method: thin lines are seeds, thick lines their median."""
    methods = result["methods"]
    figure, axes = plt.subplots(
        2,
        len(methods),
        figsize=(max(5.2, 4.2 * len(methods)), 6.6),
        squeeze=False,
        layout="constrained",
        height_ratios=(1.2, 1),
    )
    for column, (name, found) in enumerate(methods.items()):
        shares = np.asarray([one["shares"] for one in found])  # (seeds, evaluations, classes)
        steps = result["every"] * np.arange(1, shares.shape[1] + 1)
        axis = axes[0, column]
        for i, (label, color) in enumerate(zip(NAMES, COLORS, strict=True)):
            axis.plot(steps, shares[:, :, i].T, color=color, lw=0.5, alpha=0.4)
            axis.plot(steps, np.median(shares[:, :, i], axis=0), color=color, lw=2.5, label=label)
        axis.axhline(MIN_SHARE, color="black", lw=0.8, ls=":")
        axis.axhline(BY_EYE, color="black", lw=0.8, ls="--")
        title = f"{TITLES[name]}\n{len(found)} seeds"
        axis.set(ylim=(-0.02, 1.02), xlabel="updates", title=title)
        images = [one["images"] for one in found if "images" in one]
        axes[1, column].imshow(mosaic(images), cmap="gray", vmin=0, vmax=255)
        axes[1, column].set_axis_off()
        axes[1, column].set_title(f"at the end, seeds 0 to {len(images) - 1}, one block each")
    axes[0, 0].set_ylabel("share of samples")
    handles = axes[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=len(NAMES))
    width, test = result["config"]["width"], result["judge_accuracy"]
    figure.suptitle(
        f"MNIST zeros and ones, generator width {width}-{2 * width}-{4 * width}\n"
        f"classifier {test:.1%} correct on test images; dashed: 2 %, which decides; dotted: 10 %"
    )
    save(figure, path)


def mosaic(images: list[Any]) -> np.ndarray:
    """Stacks blocks of 2 × 12 images."""
    blocks = [np.asarray(block).reshape(2, -1, 28, 28) for block in images]
    rows = np.concatenate(blocks)
    return rows.transpose(0, 2, 1, 3).reshape(28 * len(rows), -1)
