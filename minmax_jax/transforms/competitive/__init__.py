"""Competitive gradient descent."""

from minmax_jax.transforms.competitive.competitive import (
    Adapt,
    CompetitiveState,
    step_to_equilibrium,
)

__all__ = ["Adapt", "CompetitiveState", "step_to_equilibrium"]
