"""Figure of the Jacobian's eigenvalues along one trajectory of each game."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from experiments._shared.figures import plt, save

COLUMNS = 5


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws one panel per game."""
    games, budget = result["games"], result["config"]["budget"]
    rows = math.ceil(len(games) / COLUMNS)
    figure, axes = plt.subplots(
        rows, COLUMNS, figsize=(15.5, 3.5 * rows + 1.1), squeeze=False, layout="constrained"
    )
    norm = plt.matplotlib.colors.LogNorm(1, budget)
    for axis in axes.flat[len(games) :]:
        axis.set_visible(False)
    image = None
    for axis, (name, game) in zip(axes.flat[: len(games)], games.items(), strict=True):
        image = panel(axis, game["spectrum"], norm)
        axis.set_title(f"{name}\nη = {game['spectrum']['rate']:.2g}", fontsize=13)
    figure.colorbar(image, ax=axes, label="update", shrink=0.8)
    figure.suptitle(
        f"Eigenvalues of the field's Jacobian along {result['config']['spectrum_method']} "
        "from seed 0",
        fontsize=16,
    )
    figure.supxlabel(
        "Horizontal: real part; vertical: imaginary part. GDA with small steps is attracted where "
        "all eigenvalues are right of the line. The spectrum of a linear field is constant.",
        fontsize=12,
        color="0.3",
    )
    save(figure, path)


def panel(axes: Axes, spectrum: dict[str, Any], norm: Any) -> Any:
    """Draws one game, with late updates above early ones."""
    values = np.array(spectrum["eigenvalues"])  # (updates, eigenvalues, 2)
    when = np.repeat(spectrum["updates"], values.shape[1]) + 1
    real, imaginary = values.reshape(-1, 2).T
    image = axes.scatter(real, imaginary, c=when, norm=norm, cmap="viridis_r", s=30)
    axes.axvline(0, color="black", lw=1)
    axes.axhline(0, color="0.8", lw=0.8, zorder=0)
    reach = 1.25 * max(np.abs(real).max(), np.abs(imaginary).max(), 1e-3)
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach))
    axes.set_box_aspect(1)
    if reach > 10:  # A linear scale would hide the end of the run.
        axes.set_xscale("symlog", linthresh=1)
        axes.set_yscale("symlog", linthresh=1)
        axes.text(0.04, 0.92, "logarithmic beyond ±1", transform=axes.transAxes, fontsize=10)
    else:
        axes.locator_params(nbins=4)
    axes.tick_params(labelsize=10)
    return image
