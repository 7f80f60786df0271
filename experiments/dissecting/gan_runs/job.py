"""Description of one run."""

from collections.abc import Callable
from typing import NamedTuple

import optax

import minmax_jax as mm

Optimizer = Callable[[mm.Players, mm.Players], optax.GradientTransformationExtraArgs]
"""Function of learning rates and gradient-norm recorders that returns a two-player optimizer."""


class Job(NamedTuple):
    """One run.

    Attributes:
      name: Name of its folder.
      method: Name of its optimizer.
      rates: Learning rates (min, max).
      seed: Seed of the initial parameters and of all samples.
      steps: Number of updates.
      samples: Number of samples to evaluate at the end.
      metrics: Names of the evaluation metrics. Empty: all that suit the data.
    """

    name: str
    method: str
    rates: tuple[float, float]
    seed: int
    steps: int
    samples: int
    metrics: tuple[str, ...] = ()
