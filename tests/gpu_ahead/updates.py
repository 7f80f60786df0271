"""Passes over the parameters in the updates of an H100."""

import functools
from typing import Any

import jax
import optax

from benchmarks import kernel_forms
from tests.gpu_ahead import compiling, counting


def count_passes(optimizer: Any, side: int, dtype: Any = "float32") -> float:
    """Returns the bytes of an update, relative to the size of its parameters.

    Args:
      optimizer: Optimizer to compile.
      side: The parameters are a matrix of `side` rows and columns, and a vector of `side` elements.
      dtype: Dtype of the parameters.
    """
    size = (side**2 + side) * jax.numpy.dtype(dtype).itemsize
    return 1e6 * count_update(optimizer, side, dtype).megabytes / size


def count_update(
    optimizer: Any, side: int, dtype: Any = "float32", *, pairs: int = 1
) -> counting.Counts:
    """Counts the kernels and bytes of an update of `pairs` matrices and as many vectors."""
    return counting.count(compile_update(optimizer, side, dtype, pairs=pairs))


def compile_update(optimizer: Any, side: int, dtype: Any = "float32", *, pairs: int = 1) -> str:
    """Returns the text of the compiled update of `pairs` matrices and as many vectors."""
    tree = [jax.ShapeDtypeStruct(shape, dtype) for shape in ((side, side), (side,)) * pairs]

    def update(gradients: Any, state: Any, params: Any) -> Any:
        updates, state = optimizer.update(gradients, state, params)
        return state, optax.apply_updates(params, updates)

    state = jax.eval_shape(optimizer.init, tree)
    program = compiling.compile_for_h100(update, tree, state, tree, donate_argnums=(1, 2))
    return program.as_text()


def count_form(name: str, side: int, row: int, dtype: Any = "float32") -> float:
    """Returns the bytes of a form of Ada-nSGDA's update, relative to the size of the leaf."""
    leaf = jax.ShapeDtypeStruct((side, side), dtype)
    update = functools.partial(kernel_forms.update, name, row)
    program = compiling.compile_for_h100(update, [leaf], [(leaf,) * 3], donate_argnums=(1,))
    counted = counting.count(program.as_text())
    return 1e6 * counted.megabytes / (side**2 * jax.numpy.dtype(dtype).itemsize)
