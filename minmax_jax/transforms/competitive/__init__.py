"""Competitive gradient descent."""

from minmax_jax.transforms.competitive.competitive import CompetitiveState

__all__ = ["CompetitiveState"]
