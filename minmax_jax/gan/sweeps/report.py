"""Writes the table, heat map and JSON report of a sweep."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from minmax_jax.gan.base.messages import printable_lines
from minmax_jax.gan.evaluation import score_table
from minmax_jax.gan.evaluation.features import describe
from minmax_jax.gan.generation import image_files
from minmax_jax.gan.run import files, jsonl, run_folder
from minmax_jax.gan.sweeps.grid import AXES
from minmax_jax.gan.sweeps.result import Sweep

if TYPE_CHECKING:  # Matplotlib takes long to import, and most commands draw at their end.
    import matplotlib.colors
    import matplotlib.figure


def write(sweep: Sweep) -> None:
    """Writes `result.json`, `table.md` and `heatmap.png` to the folder of the sweep."""
    text = json.dumps(to_json(sweep), indent=1) + "\n"
    files.write_atomically(sweep.folder / "result.json", text)
    text = printable_lines(f"{table(sweep)}\n\n{cells(sweep)}\n")
    files.write_atomically(sweep.folder / "table.md", text)
    image_files.save_figure(heatmap(sweep), sweep.folder / "heatmap.png")


def score_label(sweep: Sweep) -> str:
    """Returns the name of the score with extractor, sample count and direction."""
    outcome = _first_finished(sweep)
    parts = []
    if "num_samples" in outcome and sweep.score.name in outcome:
        parts.append(describe(outcome["extractor"], outcome["facts"]))
        parts.append(f"{outcome['num_samples']} samples")
    order = "higher" if sweep.score.highest else "lower"
    return f"{sweep.score.name} ({', '.join([*parts, f'{order} is better'])})"


def _first_finished(sweep: Sweep) -> dict[str, Any]:
    """Returns the outcome of the first run that did not diverge, or an empty one."""
    return next((o for o in sweep.outcomes if o["diverged_at"] is None), {})


def table(sweep: Sweep) -> str:
    """Returns a Markdown table of the best learning rates of each optimizer.

    The best learning rates have the best median score over seeds. A score of evaluations is
    followed by its protocol.
    """
    grid = sweep.grid
    lines = [
        f"{score_label(sweep)}; {_count_seeds(sweep)}, {grid.shape[1]} × {grid.shape[2]} "
        f"learning rates per optimizer, {sweep.runs[0].config.training.steps} updates",
        "",
        *protocol(sweep),
        "| optimizer | best learning rates (min, max) | at edge | median | all seeds | diverged |",
        "|---|---|---|---|---|---|",
    ]
    for index, optimizer in enumerate(grid.optimizers):
        diverged = sweep.shaped(sweep.diverged)[index]
        count = f"{int(diverged.sum())} of {diverged.size}"
        medians = sweep.medians[index]
        median = float(medians.max() if sweep.score.highest else medians.min())
        if not np.isfinite(median):
            lines.append(f"| {optimizer} | none | | diverged | | {count} |")
            continue
        best = sweep.best(optimizer)
        scores = ", ".join(_format_score(sweep, sweep.runs.index(run)) for run in best)
        chosen = best[0].config.optimizer
        pair = (chosen.learning_rate_min, chosen.learning_rate_max)
        lines.append(
            f"| {optimizer} | {pair[0]:g}, {pair[1]:g} | {_edges(sweep, optimizer, pair)} | "
            f"{_format(median)} | {scores} | {count} |"
        )
    return "\n".join(lines)


def protocol(sweep: Sweep) -> list[str]:
    """Returns the lines with the protocol of the score, or none for a training metric."""
    outcome = _first_finished(sweep)
    if sweep.score.name not in outcome or not isinstance(outcome.get("protocol"), Mapping):
        return []
    return [f"Protocol: {score_table.protocol(outcome)}.", ""]


def cells(sweep: Sweep) -> str:
    """Returns a Markdown table of every cell of the grid, with the score of each seed."""
    lines = [
        "| optimizer | min learning rate | max learning rate | median | all seeds |",
        "|---|---|---|---|---|",
    ]
    numbers = sweep.shaped(np.arange(len(sweep.runs))).reshape(-1, len(sweep.grid.seeds))
    for row, median in zip(numbers, sweep.medians.reshape(-1), strict=True):
        config = sweep.runs[row[0]].config.optimizer
        lines.append(
            f"| {config.name} | {config.learning_rate_min:g} | {config.learning_rate_max:g} | "
            f"{_format(float(median))} | {', '.join(_format_score(sweep, i) for i in row)} |"
        )
    return "\n".join(lines)


def heatmap(sweep: Sweep) -> "matplotlib.figure.Figure":
    """Draws median scores over both learning rates, with one panel per optimizer.

    All panels share one color scale; brighter is better.
    """
    from matplotlib import colors
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

    optimizers, preset = sweep.grid.optimizers, sweep.runs[0].config.run.preset
    rows, columns = sweep.grid.shape[1:3]
    size = (1.5 + len(optimizers) * (1.2 + 0.75 * columns), 1.8 + 0.6 * rows)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(f"{score_label(sweep)}\nmedian of {_count_seeds(sweep)}", fontsize=9)
    panels = figure.subplots(1, len(optimizers), squeeze=False)[0]
    medians = sweep.medians
    finite = medians[np.isfinite(medians)]
    norm = colors.Normalize(*(finite.min(), finite.max()) if finite.size else (0, 1))
    color_map = "viridis" if sweep.score.highest else "viridis_r"
    for index, (axes, optimizer) in enumerate(zip(panels, optimizers, strict=True)):
        rates_min, rates_max = sweep.grid.learning_rates(optimizer, preset)
        values = np.ma.masked_invalid(medians[index])
        axes.imshow(values, cmap=color_map, norm=norm, origin="lower", aspect="auto")
        axes.set_facecolor("0.85")
        axes.set_title(optimizer, fontsize=9)
        axes.set_xticks(range(columns), [f"{rate:g}" for rate in rates_max], fontsize=7)
        axes.set_yticks(range(rows), [f"{rate:g}" for rate in rates_min], fontsize=7)
        axes.set_xlabel("discriminator's learning rate", fontsize=8)
        if not index:
            axes.set_ylabel("generator's learning rate", fontsize=8)
        _annotate(axes, sweep, index, norm)
    figure.colorbar(ScalarMappable(norm, color_map), ax=list(panels))
    return figure


def to_json(sweep: Sweep) -> dict[str, Any]:
    """Returns the grid, and configuration, outcome and metrics of each run."""
    runs = [
        {
            "name": run.name,
            "config": run.config.to_json(),
            "score": jsonl.finite_or_none(float(score)),
            "outcome": outcome,
            "metrics": run_folder.read_metrics(run.folder),
        }
        for run, score, outcome in zip(sweep.runs, sweep.scores, sweep.outcomes, strict=True)
    ]
    shape = dict(zip(AXES, sweep.grid.shape, strict=True))
    return {"score": sweep.score._asdict(), "shape": shape, "runs": runs}


def _annotate(axes: Any, sweep: Sweep, index: int, norm: "matplotlib.colors.Normalize") -> None:
    """Writes the median and the number of diverged runs into each cell of a panel."""
    diverged = sweep.shaped(sweep.diverged)[index].sum(axis=-1)
    for (row, column), median in np.ndenumerate(sweep.medians[index]):
        finite = bool(np.isfinite(median))
        text = _format(float(median))
        if diverged[row, column] and finite:
            text += f"\n({diverged[row, column]} diverged)"
        place = float(norm(median)) if finite else 0.5
        bright = place > 0.6 if sweep.score.highest else place < 0.4
        color = "black" if bright or not finite else "white"
        axes.text(column, row, text, ha="center", va="center", fontsize=6.5, color=color)


def _count_seeds(sweep: Sweep) -> str:
    count = len(sweep.grid.seeds)
    return f"{count} seed" if count == 1 else f"{count} seeds"


def _edges(sweep: Sweep, optimizer: str, chosen: tuple[float, float]) -> str:
    """Returns the players whose best learning rate is at the edge of the grid, or "no"."""
    rates = sweep.grid.learning_rates(optimizer, sweep.runs[0].config.run.preset)
    sides = zip(("min", "max"), chosen, rates, strict=True)
    edges = [side for side, rate, axis in sides if len(axis) > 1 and rate in (min(axis), max(axis))]
    return " and ".join(edges) or "no"


def _format_score(sweep: Sweep, index: int) -> str:
    step = sweep.outcomes[index]["diverged_at"]
    return _format(float(sweep.scores[index])) if step is None else f"diverged at {step}"


def _format(value: float) -> str:
    if np.isnan(value):
        return "none"
    return f"{value:.4g}" if np.isfinite(value) else "diverged"
