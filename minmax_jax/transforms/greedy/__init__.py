"""The greedy accept/reject method."""

from minmax_jax.transforms.greedy.ascent import AscentResult, ascend
from minmax_jax.transforms.greedy.greedy import greedy
from minmax_jax.transforms.greedy.state import GreedyState, GreedyStatus

__all__ = ["AscentResult", "GreedyState", "GreedyStatus", "ascend", "greedy"]
