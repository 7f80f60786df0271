"""The greedy accept/reject method."""

from minmax_jax.transforms.greedy.greedy import greedy
from minmax_jax.transforms.greedy.state import GreedyState, GreedyStatus

__all__ = ["GreedyState", "GreedyStatus", "greedy"]
