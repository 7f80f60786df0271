"""Refuses networks and batches that the memory of this machine cannot hold."""

import math
from collections.abc import Callable
from typing import Any

import jax

from minmax_jax.gan.base.memory import check_memory
from minmax_jax.gan.config import config as config_lib

_LARGE = 2**12  # Sizes up to this one fit into any machine, and are not estimated.


def check_size(
    config: config_lib.Config, shape: tuple[int, ...], build_params: Callable[[], Any]
) -> None:
    """Checks lower bounds of the memory before anything is allocated.

    Args:
      config: Configuration of the run.
      shape: Shape of one example.
      build_params: Function that builds the parameters of both networks. It is only traced.

    Raises:
      ConfigError: If a batch, the samples to evaluate, or the parameters with one gradient need
        more memory than there is.
    """
    chosen, num_samples = config.networks, config.evaluation.num_samples
    batch_size = config.training.batch_size
    example = 4 * (math.prod(shape) + chosen.latent_dim)  # float32
    check_memory("batch_size", batch_size, batch_size * example, "Set a smaller batch_size.")
    needed = 4 * num_samples * math.prod(shape)
    check_memory("evaluate", num_samples, needed, "Evaluate fewer samples.")
    largest = max(("width", "latent_dim"), key=lambda name: getattr(chosen, name))
    if max(chosen.width, chosen.latent_dim, math.prod(shape)) <= _LARGE:
        return
    leaves = jax.tree.leaves(jax.eval_shape(build_params))
    needed = 2 * sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in leaves)
    remedy = "Set a smaller width or latent_dim, or use smaller examples."
    check_memory(largest, getattr(chosen, largest), needed, remedy)
