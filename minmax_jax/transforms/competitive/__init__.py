"""Competitive gradient descent."""

from minmax_jax.transforms.competitive.adaptation import AdaptiveLearningRates
from minmax_jax.transforms.competitive.competitive import (
    CompetitiveState,
    step_to_equilibrium,
)

__all__ = ["AdaptiveLearningRates", "CompetitiveState", "step_to_equilibrium"]
