"""Figure of both conditions of a greedy equilibrium."""

from pathlib import Path
from typing import Any

from experiments._shared.figures import plot_seeds, plt, save
from experiments.greedy.equilibrium.table import title, values


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws the gradient norm, the discriminator's gain, and all improvements by proposals."""
    config, methods = result["config"], result["methods"]
    scales = config["scales"]
    figure, axes = plt.subplots(
        1, 2 + len(scales), figsize=(4 + 3.2 * (2 + len(scales)), 3.6), layout="constrained"
    )
    panels = {"gradient_norm": "‖∇_y f(x, y)‖", "gain": "gain of D by ascent: f(x, w) − f(x, y)"}
    for axis, (name, label) in zip(axes, panels.items(), strict=False):
        for row, runs in enumerate(methods.values()):
            plot_seeds(axis, row, values(runs, name))
        axis.set_xlabel(label)
    axes[0].axvline(
        config["tolerance"], color="tab:red", ls="--", label=f"ε = {config['tolerance']}"
    )
    axes[0].set_xlim(left=0)
    for index, (axis, scale) in enumerate(zip(axes[2:], scales, strict=True)):
        for row, runs in enumerate(methods.values()):
            for one in runs:
                draw_improvements(axis, row, one, index)
        delta = config["min_improvement"]
        axis.axvline(delta, color="tab:red", ls="--", label=f"δ = {delta}")
        axis.set_xscale("symlog", linthresh=delta)
        axis.set_xlabel(f"improvement f(x, w) − f(x′, w′), proposals × {scale:g}")
    for axis in axes:
        axis.set_yticks(range(len(methods)), [title(m) for m in methods] if axis is axes[0] else [])
        axis.set_ylim(len(methods) - 0.5, -0.5)
        axis.grid(alpha=0.3)
    axes[0].legend(fontsize=8, loc="upper right")
    for axis in axes[2:]:  # The points of trained networks are on the left.
        axis.legend(fontsize=8, loc="lower right")
    seeds = len(next(iter(methods.values())))
    figure.suptitle(
        f"Greedy equilibria on four Gaussians after {config['steps']} updates. Left: {seeds} seeds "
        "with mean and 95 % interval; right: all proposals, crosses where an ascent was unfinished"
    )
    save(figure, path)


def draw_improvements(axis: Any, row: int, one: dict[str, Any], scale: int) -> None:
    """Draws the improvements of one run in one row, each seed at another height."""
    height = row + 0.6 * ((one["seed"] % 10) / 10 - 0.3)
    for value, reached in zip(one["improvements"][scale], one["reached"][scale], strict=True):
        if value is not None:
            style: dict[str, Any] = {"marker": "x", "color": "0.3", "alpha": 0.8, "markersize": 4}
            if reached:
                style = {"marker": "o", "color": "tab:blue", "alpha": 0.4, "markersize": 3}
            axis.plot(value, height, ls="", **style)
