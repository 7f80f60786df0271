"""Passes over the parameters in the updates of an H100."""

import math
from typing import Any

import jax
import optax

from tests.gpu_ahead import compiling, counting


def count_passes(optimizer: Any, side: int, dtype: Any = "float32") -> float:
    """Returns the bytes of an update, relative to the size of its parameters.

    Args:
      optimizer: Optimizer to compile.
      side: The parameters are a matrix of `side` rows and columns, and a vector of `side` elements.
      dtype: Dtype of the parameters.
    """
    shapes = ((side, side), (side,))
    tree = [jax.ShapeDtypeStruct(shape, dtype) for shape in shapes]

    def update(gradients: Any, state: Any, params: Any) -> Any:
        updates, state = optimizer.update(gradients, state, params)
        return state, optax.apply_updates(params, updates)

    state = jax.eval_shape(optimizer.init, tree)
    program = compiling.compile_for_h100(update, tree, state, tree, donate_argnums=(1, 2))
    size = sum(map(math.prod, shapes)) * jax.numpy.dtype(dtype).itemsize
    return 1e6 * counting.count(program.as_text()).megabytes / size
