"""Parts of golden ratio methods: steps from a running average."""

from minmax_jax.transforms.golden_ratio.adaptive import adaptive_step_from_average
from minmax_jax.transforms.golden_ratio.average import step_from_average

__all__ = ["adaptive_step_from_average", "step_from_average"]
