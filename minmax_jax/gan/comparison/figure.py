"""The figure of a comparison: curves above, samples with their scores side by side below."""

import textwrap
from typing import Any

import matplotlib.figure
import numpy as np

from minmax_jax.gan.comparison import scored
from minmax_jax.gan.comparison.collect import Compared, Comparison
from minmax_jax.gan.generation import image_io
from minmax_jax.gan.run import run_folder

CURVES = (
    ("loss", ("loss_min", "loss_max"), False),
    ("gradient norm", ("gradient_norm_min", "gradient_norm_max"), True),
    ("pace: update norm\ndiscriminator / generator", ("update_norm_ratio",), True),
)
"""Label, quantities of `metrics.jsonl`, and whether the axis is logarithmic."""

MAIN = ("frechet_distance", "kernel_distance", "high_quality_share", "modes_covered",
        "classes_covered")  # fmt: skip
"""Scores written below the samples; the table has all."""


def draw(comparison: Comparison) -> matplotlib.figure.Figure:
    """Returns the figure: a colour for each run, solid for the generator, dashed for the other."""
    runs = comparison.runs
    figure = matplotlib.figure.Figure(figsize=(max(9.0, 3.0 * len(runs)), 8.5))
    figure.set_layout_engine("constrained")
    halves: Any = figure.subfigures(2, 1, height_ratios=(1, 1.25))
    above, below = halves
    colors = [f"C{index % 10}" for index in range(len(runs))]
    for axes, (label, names, log) in zip(above.subplots(1, 3), CURVES, strict=True):
        for run, color in zip(runs, colors, strict=True):
            for name, style in zip(names, ("-", "--"), strict=False):
                steps, values = run_folder.column(run.records, name)
                legend = run.name if style == "-" else None
                axes.plot(steps, values, style, color=color, linewidth=1, label=legend)
        if log and any(line.get_ydata().size and np.nanmax(line.get_ydata(), initial=0) > 0
                       for line in axes.lines):  # fmt: skip
            axes.set_yscale("log")
        axes.set(xlabel="step", ylabel=label)
        axes.grid(alpha=0.3)
    above.legend(*above.axes[0].get_legend_handles_labels(), loc="outside upper center",
                 ncols=min(4, len(runs)), fontsize=8)  # fmt: skip
    above.supxlabel("solid: generator, dashed: discriminator", fontsize=8)
    dims = {run.config.networks.latent_dim for run in runs}
    latents = "the same latents" if len(dims) == 1 else "latents of different dimensions"
    below.suptitle(f"averaged generators, {latents} (seed {comparison.seed})", fontsize=9)
    share = all(run.samples is not None and run.samples.ndim == 2 for run in runs)
    panels = below.subplots(1, len(runs), squeeze=False, sharex=share, sharey=share)[0]
    for axes, run, color in zip(panels, runs, colors, strict=True):  # fmt: skip
        _show(axes, run, color)
    return figure


def _show(axes: Any, run: Compared, color: str) -> None:
    at = "" if run.samples is None else f"\nstep {run.step}"
    axes.set_title(run.name + at, fontsize=8, color=color)
    if run.samples is None:
        axes.text(0.5, 0.5, "no checkpoint\ncan be read", ha="center", transform=axes.transAxes)
    elif run.samples.ndim == 4:
        axes.imshow(np.asarray(image_io.grid(run.samples)), cmap="gray")
    else:
        axes.scatter(*image_io.plane(run.samples).T, s=4, color=color)
        axes.set_aspect("equal")
    if run.samples is None or run.samples.ndim == 4:
        axes.set(xticks=[], yticks=[])
    axes.set_xlabel(_scores(run), fontsize=7)


def _scores(run: Compared) -> str:
    """The main scores, each kind with its name above."""
    lines = []
    for kind, found in scored.newest(run.scored).items():
        shown = [f"{n} {_number(found.scores[n])}" for n in MAIN if n in found.scores]
        if shown:
            lines += [*textwrap.wrap(f"{kind}, step {found.step}:", 46), *shown]
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.4g}"
