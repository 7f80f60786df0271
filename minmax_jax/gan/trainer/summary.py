"""Training curves and summary of a run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minmax_jax.gan.config.config import Config
from minmax_jax.gan.evaluation import score_table
from minmax_jax.gan.run import jsonl

if TYPE_CHECKING:  # Matplotlib takes long to import, and most commands draw at their end.
    import matplotlib.figure


def curves(records: Sequence[Mapping[str, Any]], title: str) -> "matplotlib.figure.Figure":
    """Plots losses, gradient norms and the ratio of update norms against steps.

    Args:
      records: Records of `metrics.jsonl`.
      title: Title of the figure.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 8), layout="constrained")
    figure.suptitle(title)
    losses, norms, ratio = figure.subplots(3, sharex=True)
    for side, name, color in (
        ("min", "generator", "tab:blue"),
        ("max", "discriminator", "tab:red"),
    ):
        losses.plot(*jsonl.column(records, f"loss_{side}"), color=color, label=name)
        norms.plot(*jsonl.column(records, f"gradient_norm_{side}"), color=color, label=name)
    ratio.plot(*jsonl.column(records, "update_norm_ratio"), color="black")
    ratio.axhline(1, color="0.7", linewidth=1, zorder=0)
    losses.set_ylabel("loss")
    norms.set_ylabel("gradient norm")
    ratio.set_ylabel("update norm:\ndiscriminator / generator")
    ratio.set_xlabel("step")
    losses.legend(loc="upper right")
    for axes, name in ((norms, "gradient_norm_min"), (ratio, "update_norm_ratio")):
        if np.any(jsonl.column(records, name)[1] > 0):
            _use_log_scale(axes)
    for axes in (losses, norms, ratio):
        axes.grid(alpha=0.3)
        axes.margins(x=0.01)
    return figure


def _use_log_scale(axes: Any) -> None:
    from matplotlib import ticker

    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    low, high = axes.get_ylim()
    # Powers of ten alone give too few labels for a range of about one decade.
    axes.yaxis.set_minor_formatter("{x:g}" if high < 12 * low else ticker.NullFormatter())


def summary_text(config: Config, summary: Mapping[str, Any], folder: Path) -> str:
    """Returns the text that is printed at the end of a run.

    Args:
      config: Configuration of the run.
      summary: Content of `summary.json`.
      folder: Run folder.
    """
    rates = f"{config.optimizer.learning_rate_min:g} and {config.optimizer.learning_rate_max:g}"
    lines = [
        f"{config.data.source}, {config.networks.name}, {config.objective.loss} loss: "
        f"{summary['step']} updates by {config.optimizer.name} with learning rates {rates} "
        "(generator, discriminator)",
        *([score_table.text(summary["evaluation"], "  ")] if "evaluation" in summary else []),
    ]
    names = ("samples.png", "curves.png", "metrics.jsonl", "summary.json")
    width = max(map(len, names))
    lines += [f"  {name:{width}}  {folder / name}" for name in names]
    return "\n".join(lines)
