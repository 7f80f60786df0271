"""Figures that combine several records."""

from pathlib import Path

from experiments._shared.command import RESULTS
from experiments._shared.figures import GRAY, plt, save
from experiments.claims.adaptive_images import H100, h100
from experiments.claims.one_sided_games import BATCH, batch_cells
from experiments.claims.row import result
from experiments.dissecting.images import figure
from experiments.one_sided.methods import COLORS


def draw_all(folder: Path = RESULTS) -> None:
    """Draws all figures.

    Args:
      folder: Folder of all results.
    """
    draw_resnet(folder / "dissecting/images/h100/resnet64-scores.png")
    draw_levels(folder / "one_sided/batch/levels.png")


def draw_resnet(path: Path) -> None:
    """Draws the final scores of the ResNet runs, whose methods are in three records."""
    methods = {method: h100(method)["methods"][method] for method in H100}
    save(figure.final({**h100("adam_gda"), "methods": methods}), path)


def draw_levels(path: Path) -> None:
    """Draws the average squared gradient norm at the end against the batch size."""
    drawn, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    for method in result(BATCH)["games"]["drift"]:
        parts = [cell["min"] for cell in batch_cells(method).values()]
        middle, low, high = ([p[name][-1] for p in parts] for name in ("median", "low", "high"))
        spread = [
            [m - a for m, a in zip(middle, low, strict=True)],
            [b - m for m, b in zip(middle, high, strict=True)],
        ]
        order = 1 + (COLORS[method] != GRAY)
        sizes = list(batch_cells(method))
        options = {"color": COLORS[method], "label": method, "zorder": order}
        axes.errorbar(sizes, middle, spread, marker="o", capsize=3, **options)
    sizes = list(batch_cells("sgda"))
    axes.plot(sizes, [0.5 * size**-0.5 for size in sizes], "--", color="0.5", label="slope −½")
    axes.set(xscale="log", yscale="log", xlabel="batch size B", ylabel="average ‖∇ₓf‖²")
    axes.set_title("After 3,000 updates: median and 10–90 % of 16 seeds")
    axes.legend(fontsize=9)
    save(drawn, path)
