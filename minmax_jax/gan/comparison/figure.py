"""Figure of a comparison: training curves above, samples with their scores below."""

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from minmax_jax.gan.comparison import results
from minmax_jax.gan.comparison.collect import ComparedRun, Comparison
from minmax_jax.gan.evaluation import score_table
from minmax_jax.gan.generation import image_io
from minmax_jax.gan.run import jsonl

if TYPE_CHECKING:  # Matplotlib takes long to import, and most commands draw at their end.
    import matplotlib.figure

CURVES = (
    ("loss", ("loss_min", "loss_max"), False),
    ("gradient norm", ("gradient_norm_min", "gradient_norm_max"), True),
    ("update norm ratio\n(discriminator / generator)", ("update_norm_ratio",), True),
)
"""Axis label, logged quantities (generator first), and whether the axis is logarithmic."""

MAIN_SCORES = (
    "frechet_distance",
    "kernel_distance",
    "high_quality_share",
    "modes_covered",
    "classes_covered",
)
"""Scores that are written below the samples. The table contains all scores."""


def draw(comparison: Comparison) -> "matplotlib.figure.Figure":
    """Draws the figure with one color per run.

    Solid lines belong to the generator, dashed lines to the discriminator.
    """
    from matplotlib.figure import Figure

    runs = comparison.runs
    figure = Figure(figsize=(max(9.0, 3.0 * len(runs)), 8.5))
    figure.set_layout_engine("constrained")
    halves: Any = figure.subfigures(2, 1, height_ratios=(1, 1.25))
    above, below = halves
    colors = [f"C{index % 10}" for index in range(len(runs))]
    _draw_curves(above, runs, colors)
    _draw_samples(below, comparison, colors)
    return figure


def _draw_curves(part: Any, runs: list[ComparedRun], colors: list[str]) -> None:
    for axes, (label, names, log) in zip(part.subplots(1, 3), CURVES, strict=True):
        for run, color in zip(runs, colors, strict=True):
            for name, style in zip(names, ("-", "--"), strict=False):
                steps, values = jsonl.column(run.records, name)
                legend = run.name if style == "-" else None
                axes.plot(steps, values, style, color=color, linewidth=1, label=legend)
        if log and any(np.nanmax(line.get_ydata(), initial=0) > 0 for line in axes.lines):
            axes.set_yscale("log")
        axes.set(xlabel="step", ylabel=label)
        axes.grid(alpha=0.3)
    part.legend(
        *part.axes[0].get_legend_handles_labels(),
        loc="outside upper center",
        ncols=min(4, len(runs)),
        fontsize=8,
    )
    part.supxlabel("solid: generator, dashed: discriminator", fontsize=8)


def _draw_samples(part: Any, comparison: Comparison, colors: list[str]) -> None:
    runs = comparison.runs
    dims = {run.config.networks.latent_dim for run in runs}
    latents = "same latents" if len(dims) == 1 else "latents of different dimensions"
    part.suptitle(
        f"samples of the averaged generators, {latents} (seed {comparison.seed})", fontsize=9
    )
    share = all(run.samples is not None and run.samples.ndim == 2 for run in runs)
    panels = part.subplots(1, len(runs), squeeze=False, sharex=share, sharey=share)[0]
    for axes, run, color in zip(panels, runs, colors, strict=True):
        _draw_run(axes, run, color)


def _draw_run(axes: Any, run: ComparedRun, color: str) -> None:
    step = "" if run.samples is None else f"\nstep {run.step}"
    axes.set_title(run.name + step, fontsize=8, color=color)
    if run.samples is None:
        axes.text(0.5, 0.5, "no valid checkpoint", ha="center", transform=axes.transAxes)
    elif run.samples.ndim == 4:
        axes.imshow(np.asarray(image_io.grid(run.samples)), cmap="gray")
    else:
        axes.scatter(*image_io.plane(run.samples).T, s=4, color=color)
        axes.set_aspect("equal")
    if run.samples is None or run.samples.ndim == 4:
        axes.set(xticks=[], yticks=[])
    axes.set_xlabel(_score_text(run), fontsize=7)


def _score_text(run: ComparedRun) -> str:
    """Returns the main scores, below a heading for each kind of evaluation."""
    lines = []
    for kind, result in results.newest(run.results).items():
        scores, better = result.scores, result.better
        shown = [
            f"{score_table.label(name, better)} {score_table.format_score(scores[name])}"
            for name in MAIN_SCORES
            if name in scores
        ]
        if shown:
            lines += [*textwrap.wrap(f"{kind}, step {result.step}:", 46), *shown]
    return "\n".join(lines)
