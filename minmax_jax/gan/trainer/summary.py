"""Text that is printed at the end of a run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from minmax_jax.gan.config.config import Config
from minmax_jax.gan.evaluation import score_table
from minmax_jax.gan.run import sample_files


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
    names = ["samples.png", "curves.png", "metrics.jsonl", "summary.json"]
    if (folder / sample_files.STRIP).exists():
        names.insert(1, sample_files.STRIP)
    width = max(map(len, names))
    lines += [f"  {name:{width}}  {folder / name}" for name in names]
    return "\n".join(lines)
