"""A sweep on one page: table, heat map, JSON."""

import json
from typing import Any

import matplotlib.figure
import numpy as np
from matplotlib import colors
from matplotlib.cm import ScalarMappable

from minmax_jax.gan.evaluation.features import describe
from minmax_jax.gan.run import files, jsonl, run_folder
from minmax_jax.gan.sweeps.result import Sweep


def write(sweep: Sweep) -> None:
    """Writes `result.json`, `table.md` and `heatmap.png`."""
    text = json.dumps(to_json(sweep), indent=1) + "\n"
    files.write_atomically(sweep.folder / "result.json", text)
    files.write_atomically(sweep.folder / "table.md", f"{table(sweep)}\n\n{cells(sweep)}\n")
    heatmap(sweep).savefig(sweep.folder / "heatmap.png", dpi=120)


def score_label(sweep: Sweep) -> str:
    """Returns the score's name with what it was measured by, where that is known."""
    outcome = next((o for o in sweep.outcomes if o["diverged_at"] is None), {})
    parts = []
    if "num_samples" in outcome and sweep.score.name in outcome:
        parts.append(describe(outcome["extractor"], outcome["facts"]))
        parts.append(f"{outcome['num_samples']} samples")
    order = "higher" if sweep.score.highest else "lower"
    return f"{sweep.score.name} ({', '.join([*parts, f'{order} is better'])})"


def table(sweep: Sweep) -> str:
    """Returns the best rates of each optimizer, by the median over seeds, as Markdown."""
    grid = sweep.grid
    lines = [
        f"{score_label(sweep)}; {len(grid.seeds)} seed(s), {grid.shape[1]} × {grid.shape[2]} rates "
        f"for each optimizer, {sweep.members[0].config.training.steps} updates",
        "",
        "| optimizer | best rates (min, max) | on the edge | median | all seeds | diverged |",
        "|---|---|---|---|---|---|",
    ]
    for index, optimizer in enumerate(grid.optimizers):
        diverged = sweep.shaped(sweep.diverged)[index]
        lost = f"{int(diverged.sum())} of {diverged.size}"
        best = sweep.best(optimizer)
        values = [_score(sweep, sweep.members.index(member)) for member in best]
        low, high = (
            best[0].config.optimizer.learning_rate_min,
            best[0].config.optimizer.learning_rate_max,
        )
        medians = sweep.medians[index]
        median = medians.max() if sweep.score.highest else medians.min()
        lines.append(
            f"| {optimizer} | {low:g}, {high:g} | {_edge(sweep, optimizer, low, high)} | "
            f"{_number(float(median))} | {', '.join(values)} | {lost} |"
            if np.isfinite(median)
            else f"| {optimizer} | none | | diverged | | {lost} |"
        )
    return "\n".join(lines)


def cells(sweep: Sweep) -> str:
    """Returns every cell of the grid as Markdown: each seed's score, or where it diverged."""
    lines = ["| optimizer | min rate | max rate | median | all seeds |", "|---|---|---|---|---|"]
    numbers = sweep.shaped(np.arange(len(sweep.members))).reshape(-1, len(sweep.grid.seeds))
    for row, median in zip(numbers, sweep.medians.reshape(-1), strict=True):
        chosen = sweep.members[row[0]].config.optimizer
        lines.append(
            f"| {chosen.name} | {chosen.learning_rate_min:g} | {chosen.learning_rate_max:g} | "
            f"{_number(float(median))} | {', '.join(_score(sweep, i) for i in row)} |"
        )
    return "\n".join(lines)


def heatmap(sweep: Sweep) -> matplotlib.figure.Figure:
    """Returns a panel for each optimizer: medians over both rates, one scale of colours for all."""
    optimizers, preset = sweep.grid.optimizers, sweep.members[0].config.run.preset
    rows, columns = sweep.grid.shape[1:3]
    size = (1.5 + len(optimizers) * (1.2 + 0.75 * columns), 1.8 + 0.6 * rows)
    figure = matplotlib.figure.Figure(figsize=size, layout="constrained")
    figure.suptitle(f"{score_label(sweep)}\nmedian of {len(sweep.grid.seeds)} seed(s)", fontsize=9)
    panels = figure.subplots(1, len(optimizers), squeeze=False)[0]
    medians = sweep.medians
    finite = medians[np.isfinite(medians)]
    norm = colors.Normalize(*(finite.min(), finite.max()) if finite.size else (0, 1))
    shades = "viridis" if sweep.score.highest else "viridis_r"  # the better the brighter
    shown = ScalarMappable(norm, shades)
    for index, (axes, optimizer) in enumerate(zip(panels, optimizers, strict=True)):
        low, high = sweep.grid.rates(optimizer, preset)
        values = np.ma.masked_invalid(medians[index])
        axes.imshow(values, cmap=shades, norm=norm, origin="lower", aspect="auto")
        axes.set_facecolor("0.85")
        axes.set_title(optimizer, fontsize=9)
        axes.set_xticks(range(columns), [f"{rate:g}" for rate in high], fontsize=7)
        axes.set_yticks(range(rows), [f"{rate:g}" for rate in low], fontsize=7)
        axes.set_xlabel("learning_rate_max", fontsize=8)
        if not index:
            axes.set_ylabel("learning_rate_min", fontsize=8)
        _annotate(axes, sweep, index, norm)
    figure.colorbar(shown, ax=list(panels))
    return figure


def to_json(sweep: Sweep) -> dict[str, Any]:
    """Returns everything: grid, and of each member configuration, outcome and curves."""
    shaped = dict(zip(("optimizers", "rates_min", "rates_max", "seeds"), sweep.grid.shape,
                      strict=True))  # fmt: skip
    members = [
        {
            "name": member.name,
            "config": member.config.to_json(),
            "score": jsonl.finite_or_none(float(score)),
            "outcome": outcome,
            "metrics": run_folder.read_metrics(member.folder),
        }
        for member, score, outcome in zip(sweep.members, sweep.scores, sweep.outcomes, strict=True)
    ]
    return {"score": sweep.score._asdict(), "shape": shaped, "members": members}


def _annotate(axes: Any, sweep: Sweep, index: int, norm: colors.Normalize) -> None:
    lost = sweep.shaped(sweep.diverged)[index].sum(axis=-1)
    for (row, column), median in np.ndenumerate(sweep.medians[index]):
        text = _number(float(median)) if np.isfinite(median) else "diverged"
        if lost[row, column] and np.isfinite(median):
            text += f"\n({lost[row, column]} div.)"
        place = float(norm(median)) if np.isfinite(median) else 0.5
        bright = place > 0.6 if sweep.score.highest else place < 0.4
        axes.text(column, row, text, ha="center", va="center", fontsize=6.5,
                  color="black" if bright or not np.isfinite(median) else "white")  # fmt: skip


def _score(sweep: Sweep, index: int) -> str:
    at = sweep.outcomes[index]["diverged_at"]
    return _number(float(sweep.scores[index])) if at is None else f"diverged at {at}"


def _edge(sweep: Sweep, optimizer: str, low: float, high: float) -> str:
    rates = sweep.grid.rates(optimizer, sweep.members[0].config.run.preset)
    sides = zip(("min", "max"), (low, high), rates, strict=True)
    edges = [side for side, rate, own in sides if len(own) > 1 and rate in (min(own), max(own))]
    return " and ".join(edges) or "no"


def _number(value: float) -> str:
    if np.isnan(value):
        return "none"
    return f"{value:.4g}" if np.isfinite(value) else "diverged"
