"""Tables of Adam with replaced update norms, and of how the norms vary."""

from typing import Any

import numpy as np

from experiments._shared.means import format_mean
from experiments.dissecting.magnitude.rules import DIRECTIONS

TITLES = {
    "own": "Adam's ‖A_k‖",
    "mean": "mean over another run",
    "running": "running mean",
    "schedule": "schedule fitted to another run",
}
SIDES = ("generator", "discriminator")


def format_tables(result: dict[str, Any]) -> str:
    """Returns both Markdown tables."""
    return f"{distance_table(result)}\n\n{movement_table(result)}"


def distance_table(result: dict[str, Any]) -> str:
    """Formats the Fréchet distances, and their differences to Adam's with the same seed."""
    lines = [
        f"{result['config']['steps']} updates at Adam's learning rates, Fréchet distance, mean "
        f"over {result['seeds_done']} seeds with Student's 95 % interval:",
        "",
        "| magnitude | direction | distance | minus Adam's with the same seed |",
        "|---|---|---|---|",
    ]
    own = result["distances"]["own-adam"]
    for method, values in result["distances"].items():
        magnitude, direction = method.split("-")
        pairs = list(zip(values, own, strict=True))
        change = [None if None in pair else pair[0] - pair[1] for pair in pairs]
        difference = "" if method == "own-adam" else format_mean(change)
        lines.append(
            f"| {TITLES[magnitude]} | {DIRECTIONS[direction]} | {format_mean(values)} "
            f"| {difference} |"
        )
    return "\n".join(lines)


def movement_table(result: dict[str, Any]) -> str:
    """Formats the variation of each leaf's norm, as a mean over seeds."""
    lines = [
        "Adam's ‖A_k‖ divided by its mean over the run, per leaf, mean over seeds:",
        "",
        "| player | leaf | parameters | standard deviation | 5 to 95 % | last fifth to first |",
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
