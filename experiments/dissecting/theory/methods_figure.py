"""Figure of six methods: success, ratio of gradient norms, and D(G(z))."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from experiments._shared.figures import GRAY, highlight, plt
from experiments.dissecting.theory import panels as shared
from experiments.dissecting.theory.config import METHODS

# The seventh method, Adam with its default betas, appears in the table only.
HIGHLIGHTED = ("sgda", "nsgda", "adam", "ada_nsgda", "ada_dir")
SIX = ("sgda", "nsgda", "layer_nsgda", "adam", "ada_nsgda", "ada_dir")


def draw(results: dict[str, dict[str, Any]], path: Path) -> Path:
    """Draws six phase diagrams, and two quantities over time."""
    found = results["phase-100"]["methods"] | results["methods-100"]["methods"]
    figure = plt.figure(figsize=(20, 13), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[2.4, 1])
    diagrams = dict(zip(SIX, left.subplots(2, 3).flat, strict=True))
    for name, axes in diagrams.items():
        seeds = len(found[name]["outcomes"][0][0])
        shared.diagram(axes, f"{METHODS[name].title} ({seeds} seeds)", found[name])
    shared.colorbar(left, list(diagrams.values()), location="bottom", shrink=0.6, aspect=40)
    courses = results["paths-100"]
    ratio, fake = right.subplots(2, 1)
    over_time(ratio, courses, "pace", "‖g_D‖ / ‖g_G‖")
    over_time(fake, courses, "fake_probability", "D(G(z))")
    ratio.axhline(1, color="0.7", linewidth=1)
    right.legend(*ratio.get_legend_handles_labels(), fontsize=10, loc="outside lower center")
    left_out = ", ".join(METHODS[name].title for name in found if name not in SIX)
    which = f" of {len(found)} methods (not drawn: {left_out})" if left_out else " methods"
    figure.suptitle(
        f"{len(SIX)}{which}, d = 100, λ = √d, each on its own 8 × 8 grid of learning rates.\n"
        "Right: best cell of each; lines: seed 0; "
        f"bands: quartiles of seeds 0–{courses['seeds'] - 1}",
        fontsize=15,
    )
    shared.legend(figure)
    return shared.save(figure, path)


def over_time(axes: Axes, courses: dict[str, Any], what: str, label: str) -> None:
    """Draws seed 0 of each method, and the quartiles over seeds as a band."""
    for name, color in highlight(SIX, HIGHLIGHTED).items():
        if name not in courses["methods"]:
            continue
        run = courses["methods"][name]
        curve = [float("nan") if x is None else x for x in run[what]["seed_0"]]
        low, high = (
            [float("nan") if x is None else x for x in run[what][end]] for end in ("low", "high")
        )
        rates = f"η_D {run['rate_max']:.2g}, η_G {run['rate_min']:.2g}"
        title = f"{METHODS[name].title} ({rates}; seed 0: {run['outcomes'][0]})"
        axes.plot(courses["steps"], curve, color=color, label=title, zorder=1 + (color != GRAY))
        if color != GRAY:
            axes.fill_between(courses["steps"], low, high, color=color, alpha=0.15, linewidth=0)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("updates")
    axes.set_title(label, fontsize=13)
