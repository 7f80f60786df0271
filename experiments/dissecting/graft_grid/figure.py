"""The table of `graft_grid` as heat maps, and in Markdown with intervals."""

from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np

from experiments._shared.intervals import written

SCORES = {
    "gaussians": {"modes_covered": ("modes reached, of 8", 1, True),
                  "high_quality_share": ("share of samples at modes", 2, True)},
    "images": {"frechet_distance": ("Fréchet distance", 1, False),
               "classes_covered": ("classes", 1, True)},
}  # fmt: skip
"""Problem -> score -> heading, digits, whether higher is better."""


def values(found: dict[str, Any], name: str) -> list[float | None]:
    """One score of each final run of a pair; a run that diverged reaches nothing."""
    return [run["scores"].get(name) for run in found["final"]]


def known(result: dict[str, Any]) -> dict[str, tuple[str, int, bool]]:
    """The scores that were measured."""
    listed = SCORES[result["config"]["problem"]]
    runs = [run for found in result["pairs"] for run in found["final"]]
    return {name: about for name, about in listed.items()
            if any(name in run["scores"] for run in runs)}  # fmt: skip


def table(result: dict[str, Any]) -> str:
    """A row a pair: rates, whether on the edge of the grid, means with intervals over seeds."""
    config, scores = result["config"], known(result)
    lines = [
        f"{config['steps']} updates, mean over seeds 0 to {config['seeds'] - 1} with Student's "
        "95 % intervals:",
        "",
        f"| magnitude | direction | rates (min, max) | on the edge | "
        f"{' | '.join(about[0] for about in scores.values())} |",
        "|---|---|---|---|" + "---|" * len(scores),
    ]
    for found in result["pairs"]:
        cells = [written(values(found, name), scores[name][1]) for name in scores]
        low, high = found["best"]
        lines.append(f"| {found['magnitude']} | {found['direction']} | {low:g}, {high:g} "
                     f"| {edge(found)} | {' | '.join(cells)} |")  # fmt: skip
    return "\n".join(lines)


def edge(found: dict[str, Any]) -> str:
    """For which players the chosen rate is an end of the grid."""
    ends = [
        side
        for index, side in enumerate(("min", "max"))
        for rates in [[cell["rates"][index] for cell in found["tuning"]]]
        if found["best"][index] in (min(rates), max(rates))
    ]
    return " and ".join(ends) or "no"


def draw(result: dict[str, Any], path: Path) -> None:
    """A panel a score: magnitudes down, directions across, means over seeds."""
    scores, rules = known(result), list(result["config"]["rules"])
    figure, panels = plt.subplots(1, max(1, len(scores)), squeeze=False, layout="constrained",
                                  figsize=(5.6 * max(1, len(scores)), 5))  # fmt: skip
    for panel, (name, (title, digits, higher)) in zip(panels[0], scores.items(), strict=False):
        grid = np.full((len(rules), len(rules)), np.nan)
        for found in result["pairs"]:
            scored = values(found, name)
            if None not in scored:
                where = rules.index(found["magnitude"]), rules.index(found["direction"])
                grid[where] = np.mean([value for value in scored if value is not None])
        # A distance has no upper end: one pair that failed would leave the others one colour.
        low, high = np.nanmin(grid), np.nanmax(grid) if higher else np.nanquantile(grid, 0.95)
        image = panel.imshow(grid, cmap="viridis" if higher else "viridis_r", vmin=low, vmax=high)
        middle = (low + high) / 2
        for (row, column), value in np.ndenumerate(grid):
            if np.isfinite(value):
                dark = (value < middle) == higher
                panel.text(column, row, f"{value:.{digits}f}", ha="center", va="center",
                           color="white" if dark else "black", fontsize=9)  # fmt: skip
        panel.set_facecolor("0.85")
        panel.set_xticks(range(len(rules)), rules, fontsize=8)
        panel.set_yticks(range(len(rules)), rules, fontsize=8)
        panel.set(xlabel="direction", ylabel="magnitude", title=title)
        figure.colorbar(image, ax=panel, shrink=0.8)
    config = result["config"]
    title = f"{config['data']}, {config['steps']} updates, {config['seeds']} seeds at tuned rates"
    figure.suptitle(f"{title}; grey: not run, or a seed diverged", fontsize=10)
    figure.savefig(path, dpi=110)
    plt.close(figure)
