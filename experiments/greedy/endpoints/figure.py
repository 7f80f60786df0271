"""Figures of distances over time, and of ω at ends and control points."""

from pathlib import Path
from typing import Any

import numpy as np

from experiments._shared.figures import highlight, plt, save
from experiments.greedy.endpoints.table import titles

COLORED = ("short", "long", "falling", "fixed")
"""Rules, with a color each; control points are gray."""


def draw(result: dict[str, Any], out: Path) -> None:
    """Draws `rules.png` and `equilibria.png`."""
    draw_rules(result, out / "rules.png")
    draw_equilibria(result, out / "equilibria.png")


def draw_rules(result: dict[str, Any], path: Path) -> None:
    """Draws the share of runs near the min-max point against the number of proposals."""
    config, functions = result["config"], result["functions"]
    names = titles(config)
    figure, axes = plt.subplots(
        1, len(functions), figsize=(5 * len(functions), 3.8), squeeze=False, layout="constrained"
    )
    for axis, (name, found) in zip(axes[0], functions.items(), strict=True):
        colors = highlight(found["rules"], COLORED)
        for rule, one in found["rules"].items():
            proposals = result["every"] * np.arange(1, len(one["near"]) + 1)
            share = np.asarray(one["near"]) / config["seeds"]
            axis.plot(proposals, share, color=colors[rule], label=names[rule], lw=1.5)
        axis.set(
            xscale="log",
            ylim=(-0.03, 1.03),
            title=name,
            xlabel="proposals; stopped runs stay",
            ylabel=f"share of runs with |x| ≤ {config['near']:g}",
        )
        axis.grid(alpha=0.3)
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncol=2)
    figure.suptitle(
        f"Greedy on F1 and F3, {config['seeds']} seeds. When is a proposal accepted that fails the "
        "test?"
    )
    save(figure, path)


def draw_equilibria(result: dict[str, Any], path: Path) -> None:
    """Draws ω against |x| at all ends and control points."""
    config, functions = result["config"], result["functions"]
    names = titles(config)
    figure, axes = plt.subplots(
        1, len(functions), figsize=(5 * len(functions), 4), squeeze=False, layout="constrained"
    )
    for axis, (name, found) in zip(axes[0], functions.items(), strict=True):
        points = {**found["rules"], **found["controls"]}
        colors = highlight(points, COLORED)
        markers = dict(zip(found["controls"], "x+*s^", strict=False))
        for key, one in points.items():
            marker = markers.get(key, "o")
            style: dict[str, Any] = {"ls": "", "ms": 5, "color": colors[key], "alpha": 0.7}
            axis.plot(np.abs(one["x"]), one["omega"], marker, label=names[key], **style)
        axis.axhline(config["omega"], color="black", ls="--", lw=0.8)
        axis.set(
            title=name,
            xlabel="|x|",
            ylabel="ω: share of proposals that improve",
            ylim=(-0.03, 1.03),
        )
        axis.set_xscale("symlog", linthresh=0.1)
        axis.set_xlim(left=-0.01)
        axis.grid(alpha=0.3)
    handles = axes[0, -1].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncol=2, fontsize=8)
    figure.suptitle(f"Ends and control points; dashed: ω = {config['omega']:g}")
    save(figure, path)
