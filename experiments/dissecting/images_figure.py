"""The figure of `images`: tuning grids above, samples of the same latents below."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure


def draw(result: dict[str, Any], folder: Path) -> Figure:
    """Draws one column a method from the JSON and the sample grids beside it."""
    methods = list(result["tuning"])
    figure, axes = plt.subplots(
        2, len(methods), figsize=(3.6 * len(methods), 7.2), height_ratios=(1, 1.25),
        layout="constrained",
    )  # fmt: skip
    cells = [[c["frechet_distance"] for c in result["tuning"][m]] for m in methods]
    values = np.array([[np.nan if v is None else v for v in row] for row in cells], float)
    limits = np.nanmin(values), np.nanmax(values)
    for column, method in enumerate(methods):
        _tuning(axes[0, column], result, method, values[column].reshape(3, 3), limits)
        axes[1, column].imshow(plt.imread(folder / f"images-{method}.png"), cmap="gray")
        axes[1, column].set_axis_off()
        scores = [run["frechet_distance"] for run in result["final"][method]]
        text = ", ".join("-" if score is None else f"{score:.1f}" for score in scores)
        steps = result["config"]["steps"]
        axes[1, column].set_title(f"after {steps} updates: {text}", fontsize=10)
    figure.suptitle(
        "MNIST, DCGAN, non-saturating loss: Fréchet distance in a classifier's features "
        f"(tuning above, {result['config']['tune_steps']} updates; final seeds below)"
    )
    return figure


def _tuning(
    axis: Any, result: dict[str, Any], method: str, values: np.ndarray, limits: tuple[float, float]
) -> None:
    rates = sorted({cell["rates"][0] for cell in result["tuning"][method]})
    # One colour scale for all methods; logarithmic, as distances span decades.
    axis.imshow(np.log(values), vmin=np.log(limits[0]), vmax=np.log(limits[1]),
                cmap="viridis_r", origin="lower")  # fmt: skip
    for (row, column), value in np.ndenumerate(values):
        dark = np.log(value) > np.mean(np.log(limits)) if np.isfinite(value) else False
        axis.text(column, row, f"{value:.0f}" if np.isfinite(value) else "-", ha="center",
                  va="center", color="white" if dark else "black")  # fmt: skip
    axis.set_xticks(range(3), [f"{rate:g}" for rate in rates])
    axis.set_yticks(range(3), [f"{rate:g}" for rate in rates])
    axis.set(xlabel="max rate (discriminator)", ylabel="min rate (generator)", title=method)
