"""Scores and curves of a sweep, as arrays in the shape of the grid."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from minmax_jax.gan.base import json_text
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config.run import Best
from minmax_jax.gan.run import jsonl, run_folder
from minmax_jax.gan.sweeps.grid import Grid, SweepRun


@dataclasses.dataclass(frozen=True)
class Sweep:
    """A finished sweep.

    Attributes:
      folder: Folder of the sweep.
      grid: Optimizers, learning rates and seeds of the runs.
      runs: Runs in row-major order of the grid.
      outcomes: Summary of each run, in the same order. Its key `diverged_at` has the step at
        which the run diverged, or None.
      score: Metric by which the runs are compared, and whether higher or lower is better.
    """

    folder: Path
    grid: Grid
    runs: list[SweepRun]
    outcomes: list[dict[str, Any]]
    score: Best

    @property
    def diverged(self) -> np.ndarray:
        """Whether each run diverged, bool `(runs,)`."""
        return np.array([outcome["diverged_at"] is not None for outcome in self.outcomes])

    @property
    def scores(self) -> np.ndarray:
        """Score of each run, `(runs,)`; NaN if it diverged or has no score."""
        return self.final(self.score.name)

    def final(self, name: str) -> np.ndarray:
        """Returns a metric of the summaries, `(runs,)`.

        Values are NaN for runs that diverged or do not have the metric.

        Args:
          name: Name of the metric, such as `frechet_distance`.

        Raises:
          ConfigError: If no run has the metric.
        """
        if not any(name in outcome for outcome in self.outcomes) and not self.diverged.all():
            numbers = (int, float)
            names = {k for o in self.outcomes for k, v in o.items() if isinstance(v, numbers)}
            raise ConfigError(
                f"score={name!r} is not in the summaries of {self.folder}. Choose from "
                f"{', '.join(sorted(names))}."
            )
        values = [None if o["diverged_at"] is not None else o.get(name) for o in self.outcomes]
        return np.array(
            [value if json_text.is_number(value) else np.nan for value in values], float
        )

    def metric(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Returns the curves of a logged metric.

        Args:
          name: Name in `metrics.jsonl`, such as `loss_min`.

        Returns:
          Steps `(T,)` and values `(runs, T)`. Values are NaN where a run has no
          record or no finite value.
        """
        columns = [jsonl.column(run_folder.read_metrics(run.folder), name) for run in self.runs]
        steps = np.unique(np.concatenate([found for found, _ in columns]))
        values = np.full((len(columns), len(steps)), np.nan)
        for row, (found, curve) in zip(values, columns, strict=True):
            row[np.searchsorted(steps, found)] = curve
        return steps, values

    def shaped(self, values: np.ndarray) -> np.ndarray:
        """Reshapes `(runs, ...)` to the shape of the grid, `(*grid.shape, ...)`."""
        return values.reshape(*self.grid.shape, *values.shape[1:])

    @property
    def medians(self) -> np.ndarray:
        """Median score over seeds, `(optimizers, learning_rates_min, learning_rates_max)`.

        A diverged run counts as worse than any number. If at least half of the
        seeds diverged, the median is infinite, with the sign of the worse end.
        """
        worst = -np.inf if self.score.highest else np.inf
        scores = self.shaped(np.where(np.isnan(self.scores), worst, self.scores))
        ordered = np.sort(scores if self.score.highest else -scores, axis=-1)  # worst first
        count = ordered.shape[-1]
        low, high = ordered[..., (count - 1) // 2], ordered[..., count // 2]
        median = np.where(np.isinf(low), low, (low + high) / 2)
        return median if self.score.highest else -median

    def best(self, optimizer: str) -> list[SweepRun]:
        """Returns the runs of an optimizer at the learning rates with the best median score.

        Args:
          optimizer: Name of an optimizer in the grid.

        Returns:
          One run per seed.
        """
        index = self.grid.optimizers.index(optimizer)
        medians = self.medians[index]
        flat = np.argmax(medians) if self.score.highest else np.argmin(medians)
        cell = np.unravel_index(flat, medians.shape)
        numbers = self.shaped(np.arange(len(self.runs)))[(index, *cell)]
        return [self.runs[number] for number in numbers]
