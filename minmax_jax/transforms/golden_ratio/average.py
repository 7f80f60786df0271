"""Steps that start at a running average of the parameters."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import checks, trees
from minmax_jax._util.types import PyTree, transformation


class StepFromAverageState(NamedTuple):
    """State of `step_from_average`.

    Attributes:
      average: Running average c_{k−1} of the parameters. Initially, the parameters z_0.
    """

    average: Any


def step_from_average(
    phi: Any, *, name: str = "step_from_average"
) -> optax.GradientTransformationExtraArgs:
    """Moves the start of a finished step from the parameters to their running average.

    With c_{−1} = z_0, the step u_k becomes

        c_k = ((φ − 1) z_k + c_{k−1}) / φ
        u_k + (c_k − z_k)

    so that z_{k+1} = c_k + u_k. Place it after the learning rate and before a projection.

    **Cost.** One copy of the parameters. No field evaluations.

    Args:
      phi: Averaging constant φ ≥ 1.
      name: Name used in error messages.

    Returns:
      An Optax transformation of any tree. Its `update` requires `params`.

    Raises:
      TypeError: If `phi` is not a number.
      ValueError: If `phi` is less than 1. In `update`, if params is missing or has another tree
        structure than the updates.
    """
    phi = checks.check_number(name, "phi", phi, low=1.0, schedule=False)

    def init_fn(params: PyTree) -> StepFromAverageState:
        checks.check_floats(name, "params", params, empty=True)
        # Copy the leaves: params and state may both be donated to a compiled step.
        return StepFromAverageState(average=jax.tree.map(jnp.array, params))

    def update_fn(
        updates: PyTree, state: StepFromAverageState, params: PyTree | None = None, **extra: Any
    ) -> tuple[PyTree, StepFromAverageState]:
        del extra
        z = checks.check_params(name, params, "its steps start at their running average")
        checks.check_match(name, updates, z)
        checks.check_state(name, state, StepFromAverageState, z, "average")
        average = averaged(phi, z, state.average)
        step = jax.tree.map(lambda u, c, x: u + (c - x).astype(u.dtype), updates, average, z)
        return step, StepFromAverageState(average=average)

    return transformation(init_fn, update_fn)


def averaged(phi: Any, params: PyTree, average: PyTree) -> PyTree:
    """Returns `((φ − 1) z + c) / φ` for the parameters z and their average c."""

    def mean(x: jax.Array, c: jax.Array) -> jax.Array:
        # At x = c, this form returns exactly x.
        return jnp.asarray(x, c.dtype) + (c - x) / jnp.asarray(phi).astype(c.dtype)

    return trees.cast_like(jax.tree.map(mean, params, average), average)
