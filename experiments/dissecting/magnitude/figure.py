"""Figure of Adam's update norms along a run, and of the final distances."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from experiments._shared.figures import GRAY, highlight, plot_seeds, plt, save
from experiments.dissecting.magnitude.rules import DIRECTIONS
from experiments.dissecting.magnitude.table import SIDES, TITLES

OTHERS = "0.55"
"""Color of the fitted schedules of leaves that are not highlighted."""


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws the norms of the first run with the schedule, by player, and the final distances."""
    figure, panels = plt.subplots(1, 3, figsize=(17, 5), layout="constrained")
    for side, panel in enumerate(panels[:2]):
        draw_norms(panel, result, side)
    methods = list(result["distances"])
    for row, method in enumerate(methods):
        plot_seeds(panels[2], row, result["distances"][method], alpha=0.6)
    names = [method.split("-") for method in methods]
    labels = [f"{TITLES[m]},\nalong {DIRECTIONS[d]}" for m, d in names]
    panels[2].set_yticks(range(len(methods)), labels, fontsize=8)
    panels[2].set_ylim(len(methods) - 0.5, -0.5)
    title = f"{result['seeds_done']} seeds, Adam's learning rates; bars: 95 % Student's t intervals"
    panels[2].set_xlabel("Fréchet distance")
    panels[2].set_title(title, fontsize=10)
    save(figure, path, dpi=110)


def draw_norms(panel: Axes, result: dict[str, Any], side: int) -> None:
    """Draws the norms of one player's leaves, per √parameters."""
    curves, knots = np.array(result["curves"][side]), np.array(result["knots"][side])
    steps = result["config"]["log_every"] * np.arange(1, len(curves) + 1)
    times = np.linspace(steps[0], steps[-1], knots.shape[1])
    layers = result["layers"][side]
    names = [layer["name"] for layer in layers]
    colors = highlight(names, highlighted(layers))
    for index, layer in enumerate(layers):
        scale, color = layer["size"] ** 0.5, colors[layer["name"]]
        order = 2 + (color != GRAY)
        thin: dict[str, Any] = {"color": color, "zorder": order, "linewidth": 0.6}
        panel.plot(steps, curves[:, index] / scale, alpha=0.6, **thin)
        if color == GRAY:
            panel.plot(times, knots[index] / scale, color=OTHERS, zorder=2.5, linewidth=0.8)
            continue
        label = f"{layer['name']} ({layer['size']})"
        dots: dict[str, Any] = {"color": color, "zorder": order + 1, "markersize": 3}
        panel.plot(times, knots[index] / scale, "o-", label=label, **dots)
    panel.plot([], [], color=OTHERS, linewidth=0.8, label="other leaves")
    panel.set(yscale="log", xlabel="updates", ylabel="‖A_k‖ / √parameters")
    title = f"{SIDES[side]}: recorded norms (thin), fitted schedule (dots)"
    panel.set_title(title, fontsize=10)
    panel.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3)


def highlighted(layers: list[dict[str, Any]]) -> list[str]:
    """Returns the names of a player's largest kernel and of its leaves with a single number."""
    kernels = [layer for layer in layers if layer["name"].endswith("kernel")] or layers
    largest = max(kernels, key=lambda layer: layer["size"])["name"]
    single = [layer["name"] for layer in layers if layer["size"] == 1]
    return [largest, *single[:1]]
