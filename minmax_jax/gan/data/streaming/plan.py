"""Batches that a process reads during a run."""

import dataclasses
from typing import Any, NamedTuple

import numpy as np

from minmax_jax.gan.data.dataset import LazyExamples
from minmax_jax.gan.data.streaming import order
from minmax_jax.gan.data.streaming.layout import Draws, Layout

_MAX_STEPS = 50
_MAX_BYTES = 64 * 2**20
"""Largest size of a window in one process. Up to five windows are in memory at once."""


class Plan(NamedTuple):
    """Batches that one process reads during a run.

    Attributes:
      images: Training examples.
      labels: Their classes, or None if the run does not use them.
      layout: Order of the batches within a window.
      indices: Positions in the global batch that belong to the devices of this process.
      seed: Seed of the run.
      start: First step.
      end: Last step.
      wide: Whether JAX's default integers have 64 bits (`jax_enable_x64`).
    """

    images: LazyExamples
    labels: np.ndarray | None
    layout: Layout
    indices: range
    seed: int
    start: int
    end: int
    wide: bool = False

    @property
    def batch_bytes(self) -> int:
        """Size of the part of one batch that this process reads."""
        return len(self.indices) * int(np.prod(self.images.shape[1:])) * self.images.dtype.itemsize

    @property
    def num_windows(self) -> int:
        """Number of windows, of which the last one contains the step after the last update."""
        return -(-(self.end + 1 - self.start) // self.layout.steps)


def plan(
    images: LazyExamples,
    labels: np.ndarray | None,
    draws: Draws,
    indices: range,
    *,
    seed: int,
    start: int,
    end: int,
    wide: bool = False,
) -> Plan:
    """Chooses the number of steps per window: up to 50 steps, in at most 64 MiB.

    Args:
      images: Training examples.
      labels: Their classes, or None if the run does not use them.
      draws: Batches per step.
      indices: Positions in the global batch that belong to the devices of this process.
      seed: Seed of the run.
      start: First step.
      end: Last step.
      wide: Whether JAX's default integers have 64 bits (`jax_enable_x64`).
    """
    whole = Plan(images, labels, Layout(1, draws), indices, seed, start, end, wide)
    fitting = _MAX_BYTES // (whole.batch_bytes * whole.layout.num_slots)
    steps = max(1, min(_MAX_STEPS, fitting, end + 1 - start))
    return whole._replace(layout=Layout(steps, draws))


class Batch(NamedTuple):
    """One batch of a window, as a worker returns it.

    Attributes:
      images: Examples `(batch, *sample_shape)`, or None if the run does not use the batch.
      labels: Classes, int32 `(batch,)`, or None.
      first: First step of the window.
    """

    images: Any
    labels: Any
    first: int


@dataclasses.dataclass(frozen=True)
class BatchSource:
    """Random access to all batches of a plan, in the order in which the run uses them."""

    plan: Plan

    def __len__(self) -> int:
        return self.plan.num_windows * self.plan.layout.num_slots

    def __getitem__(self, index: Any) -> Batch:
        """Reads the batch with this number. It depends only on the plan and the number."""
        images, labels, layout, indices, seed, start, end, wide = self.plan
        window, place = divmod(int(index), layout.num_slots)
        first = start + window * layout.steps
        slot = layout.slot(first, place, end)
        if not slot.is_used:
            return Batch(None, None, first)
        rows = order.batch_rows(
            seed,
            slot.step,
            slot.draw,
            np.arange(indices.start, indices.stop),
            len(images),
            penalty=slot.penalty,
            wide=wide,
        )
        return Batch(images[rows], None if labels is None else labels[rows], first)
