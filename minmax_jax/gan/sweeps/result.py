"""What came out of a sweep: scores and curves as arrays, in the shape of its grid."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config.run import Best
from minmax_jax.gan.run import jsonl, run_folder
from minmax_jax.gan.sweeps.grid import Grid, Member


@dataclasses.dataclass(frozen=True)
class Sweep:
    """A finished sweep.

    Attributes:
      folder: its folder.
      grid: what was swept.
      members: the runs, in the order of `grid.shape` flattened.
      outcomes: what each came to: its summary, and `diverged_at`, a step or None.
      score: the quantity that compares them.
    """

    folder: Path
    grid: Grid
    members: list[Member]
    outcomes: list[dict[str, Any]]
    score: Best

    @property
    def diverged(self) -> np.ndarray:
        """Whether a member diverged: bool `(members,)`."""
        return np.array([outcome["diverged_at"] is not None for outcome in self.outcomes])

    @property
    def scores(self) -> np.ndarray:
        """Each member's score `(members,)`, NaN where it diverged or has none."""
        return self.final(self.score.name)

    def final(self, name: str) -> np.ndarray:
        """Returns a quantity of the summaries, `frechet_distance` say: `(members,)`, NaN as above.

        Raises:
          ConfigError: no member has it.
        """
        if not any(name in outcome for outcome in self.outcomes) and not self.diverged.all():
            numbers = (int, float)
            names = {k for o in self.outcomes for k, v in o.items() if isinstance(v, numbers)}
            raise ConfigError(
                f"score={name!r} is in no summary of {self.folder}; there are "
                f"{', '.join(sorted(names))}"
            )
        values = [None if o["diverged_at"] is not None else o.get(name) for o in self.outcomes]
        return np.array([np.nan if value is None else value for value in values], float)

    def metric(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Returns a logged quantity over time: steps `(T,)` and values `(members, T)`.

        Values are NaN where a member has no such line, or no finite number in it.

        Args:
          name: a quantity of `metrics.jsonl`, `loss_min` or `update_norm_ratio` say.
        """
        columns = [jsonl.column(run_folder.read_metrics(m.folder), name) for m in self.members]
        steps = np.unique(np.concatenate([found for found, _ in columns]))
        values = np.full((len(columns), len(steps)), np.nan)
        for row, (found, numbers) in zip(values, columns, strict=True):
            row[np.searchsorted(steps, found)] = numbers
        return steps, values

    def shaped(self, values: np.ndarray) -> np.ndarray:
        """Returns `(members, ...)` as `(optimizers, rates_min, rates_max, seeds, ...)`."""
        return values.reshape(*self.grid.shape, *values.shape[1:])

    @property
    def medians(self) -> np.ndarray:
        """Median score over seeds `(optimizers, rates_min, rates_max)`.

        A member that diverged counts as worse than any number: where half of the seeds or
        more did, the median is infinite, with the sign of the worse end.
        """
        worst = -np.inf if self.score.highest else np.inf
        scores = self.shaped(np.where(np.isnan(self.scores), worst, self.scores))
        ordered = np.sort(scores if self.score.highest else -scores, axis=-1)  # worst first
        middle = ordered.shape[-1]
        low, high = ordered[..., (middle - 1) // 2], ordered[..., middle // 2]
        median = np.where(np.isinf(low), low, (low + high) / 2)
        return median if self.score.highest else -median

    def best(self, optimizer: str) -> list[Member]:
        """Returns the members, one a seed, at the rates with the best median of an optimizer."""
        index = self.grid.optimizers.index(optimizer)
        medians = self.medians[index]
        flat = np.argmax(medians) if self.score.highest else np.argmin(medians)
        cell = np.unravel_index(flat, medians.shape)
        numbers = self.shaped(np.arange(len(self.members)))[(index, *cell)]
        return [self.members[number] for number in numbers]
