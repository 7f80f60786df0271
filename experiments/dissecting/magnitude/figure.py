"""Figure and tables of `magnitude`: lengths along a run, and what each stand-in ends with."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from experiments._shared.intervals import mean_interval, written
from experiments.dissecting.magnitude.rules import DIRECTIONS

TITLES = {
    "own": "Adam's own ‖A_k‖",
    "mean": "its mean over another run",
    "running": "its running mean",
    "schedule": "a schedule fitted to another run",
}
SIDES = ("generator", "discriminator")


def table(result: dict[str, Any]) -> str:
    """Distances of every pair, then how far each layer's length moves."""
    lines = [
        f"{result['config']['steps']} updates at Adam's rates, Fréchet distance, mean over "
        f"{result['seeds_done']} seeds with Student's 95 % interval:",
        "",
        "| magnitude | direction | distance | minus Adam's on the same seed |",
        "|---|---|---|---|",
    ]
    own = result["distances"]["own-adam"]
    for method, values in result["distances"].items():
        magnitude, direction = method.split("-")
        pairs = list(zip(values, own, strict=True))
        change = [None if None in pair else pair[0] - pair[1] for pair in pairs]
        lines.append(f"| {TITLES[magnitude]} | {DIRECTIONS[direction]} | {written(values)} "
                     f"| {written(change) if method != 'own-adam' else ''} |")  # fmt: skip
    lines += [
        "",
        "Adam's ‖A_k‖ in units of the layer's mean over the run, mean over seeds:",
        "",
        "| player | layer | numbers | deviation | 5 to 95 % | last fifth to first |",
        "|---|---|---|---|---|---|",
    ]
    for side, name in enumerate(SIDES):
        for index, layer in enumerate(result["layers"][side]):
            found = [run[side][index] for run in result["movement"]]
            mean = {key: float(np.mean([f[key] for f in found])) for key in found[0]}
            lines.append(
                f"| {name} | {layer['name']} | {layer['size']} | {mean['deviation']:.2f} "
                f"| {mean['low']:.2f} to {mean['high']:.2f} | {mean['last_to_first']:.2f} |"
            )
    return "\n".join(lines)


def draw(result: dict[str, Any], path: Path) -> None:
    """Lengths of the first run with the schedule, by player, and the final distances."""
    figure, panels = plt.subplots(1, 3, figsize=(17, 5), layout="constrained")
    for side, panel in enumerate(panels[:2]):
        curves, knots = np.array(result["curves"][side]), np.array(result["knots"][side])
        steps = result["config"]["log_every"] * np.arange(1, len(curves) + 1)
        for index, layer in enumerate(result["layers"][side]):
            scale = layer["size"] ** 0.5
            panel.plot(steps, curves[:, index] / scale, color=f"C{index}", linewidth=0.6, alpha=0.6)
            at = np.linspace(steps[0], steps[-1], knots.shape[1])
            panel.plot(at, knots[index] / scale, "o-", color=f"C{index}", markersize=3,
                       label=f"{layer['name']} ({layer['size']})")  # fmt: skip
        panel.set(yscale="log", xlabel="updates", ylabel="‖A_k‖ / √numbers",
                  title=f"{SIDES[side]}: thin as it was, dots the schedule")  # fmt: skip
        panel.legend(fontsize=7)
    methods = list(result["distances"])
    for row, method in enumerate(methods):
        values = [v for v in result["distances"][method] if v is not None]
        panels[2].plot(values, [row] * len(values), "o", color="tab:blue", alpha=0.6, markersize=4)
        if len(values) > 1:
            mean, low, high = mean_interval(values)
            ends = [[mean - low], [high - mean]]
            panels[2].errorbar(mean, row, xerr=ends, fmt="|", color="black", capsize=3)
    names = [method.split("-") for method in methods]
    labels = [f"{TITLES[m]},\nalong {DIRECTIONS[d]} direction" for m, d in names]
    panels[2].set_yticks(range(len(methods)), labels, fontsize=8)
    panels[2].set_ylim(len(methods) - 0.5, -0.5)
    panels[2].set(xlabel="Fréchet distance", title=f"{result['seeds_done']} seeds, Adam's rates")
    figure.savefig(path, dpi=110)
    plt.close(figure)
