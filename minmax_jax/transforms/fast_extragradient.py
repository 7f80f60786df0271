"""The fast extragradient method, anchored and with two different steps."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import FieldFn, Players, PyTree, transformation


class FastExtragradientState(NamedTuple):
    """State of `extrapolate_anchored`.

    Attributes:
      count: Number of updates so far (int32 scalar).
      start: Parameters z_0 that were passed to `init`.
      scale: State of `scale_tx`.
      projection: State of `projection_tx`.
      transform: State of `transform`.
    """

    count: jax.Array
    start: Any
    scale: Any
    projection: Any
    transform: Any


def extrapolate_anchored(
    scale_tx: optax.GradientTransformation,
    projection_tx: optax.GradientTransformation,
    comonotonicity: Any,
    *,
    transform: optax.GradientTransformation | None = None,
    name: str = "extrapolate_anchored",
) -> optax.GradientTransformationExtraArgs:
    """Creates the fast extragradient method from its parts.

    See `fast_extragradient` for the update and the arguments.

    Args:
      scale_tx: Multiplication of a field by minus the learning rate.
      projection_tx: Transformation of a step, for example `project` or the identity.
      comonotonicity: Constant ρ.
      transform: Transformation applied to each field. As `params`, it receives the point at which
        the field was evaluated.
      name: Name used in error messages.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If a transformation is not an Optax gradient transformation.
      ValueError: In `update`, if params or field_fn is missing, or `optax.masked` hides
        parameters.
    """
    scale = checks.check_transformation(name, "scale_tx", scale_tx)
    project = checks.check_transformation(name, "projection_tx", projection_tx)
    on_field = calls.on_field(name, transform)

    def init_fn(params: Players) -> FastExtragradientState:
        checks.check_whole_players(name, "params", params)
        return FastExtragradientState(
            count=trees.new_count(),
            # Copy the leaves: params and state may both be donated to a compiled step.
            start=jax.tree.map(jnp.array, params),
            scale=scale.init(params),
            projection=project.init(params),
            transform=on_field.init(params),
        )

    def update_fn(
        updates: Players,
        state: FastExtragradientState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        **extra: Any,
    ) -> tuple[Players, FastExtragradientState]:
        z, field_fn = checks.check_field_fn(name, updates, params, field_fn)
        checks.check_state(name, state, FastExtragradientState, updates, "start")
        inner = [calls.inner_call(extra, i, update_count=state.count) for i in range(6)]
        weight = 1 / (state.count.astype(float) + 1)
        pull = jax.tree.map(
            lambda start, x: weight.astype(start.dtype) * (start - x), state.start, z
        )
        field, field_state = on_field.update(updates, state.transform, z, **inner[0])
        step, scale_state = scale.update(field, state.scale, z, **inner[1])
        # The share of F(z_k) that both steps contain.
        kept = _times((1 - weight) * 2 * comonotonicity, field)
        first = _sum(pull, _times(1 - weight, step), kept)
        first, projected = project.update(first, state.projection, z, **inner[2])
        ahead = Players(*map(optax.apply_updates, z, first))
        field, field_state = on_field.update(field_fn(ahead, 1), field_state, ahead, **inner[3])
        step, _ = scale.update(field, state.scale, z, **inner[4])
        step, projected = project.update(_sum(pull, step, kept), projected, z, **inner[5])
        return step, FastExtragradientState(
            count=trees.increment(state.count),
            start=state.start,
            scale=scale_state,
            projection=projected,
            transform=field_state,
        )

    return transformation(init_fn, update_fn)


def _times(factor: jax.Array, tree: PyTree) -> PyTree:
    return jax.tree.map(lambda u: factor.astype(u.dtype) * u, tree)


def _sum(pull: PyTree, step: PyTree, kept: PyTree) -> PyTree:
    """Returns `pull + step − kept` in the dtypes of the step."""
    return jax.tree.map(lambda p, u, f: p.astype(u.dtype) + u - f, pull, step, kept)
