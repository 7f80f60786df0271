"""Extragradient whose lookahead point keeps the average over past samples."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import FieldFn, Players, transformation


class BiasCorrectionState(NamedTuple):
    """State of `extrapolate_with_bias_correction`.

    Attributes:
      count: Number of updates so far (int32 scalar).
      previous: Parameters z_{k−1} before the last update. Initially, z_0.
      extrapolation: Last extrapolation step w_{k−1} − z_{k−1}. Zero before the first update.
      scale: State of `scale_tx`.
      projection: State of `projection_tx`.
      transform: State of `transform`.
    """

    count: jax.Array
    previous: Any
    extrapolation: Any
    scale: Any
    projection: Any
    transform: Any


def extrapolate_with_bias_correction(
    scale_tx: optax.GradientTransformation,
    projection_tx: optax.GradientTransformation,
    relaxation: Any,
    *,
    transform: optax.GradientTransformation | None = None,
    name: str = "extrapolate_with_bias_correction",
) -> optax.GradientTransformationExtraArgs:
    """Creates bias-corrected extragradient from its parts.

    See `bias_corrected_extragradient` for the update and the arguments.

    Args:
      scale_tx: Multiplication of a field by −γ. It must be linear.
      projection_tx: Transformation of a step, for example `project` or the identity.
      relaxation: Factor α of the update step: a number or a schedule of the update count.
      transform: Transformation applied to each field. As `params`, it receives the point at which
        the field was evaluated.
      name: Name used in error messages.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If a transformation is not an Optax gradient transformation, or `relaxation` is
        not a number or schedule.
      ValueError: If `relaxation` is not in [0, 1]. In `update`, if params or field_fn is missing,
        or `optax.masked` hides parameters.
    """
    scale = checks.check_transformation(name, "scale_tx", scale_tx)
    project = checks.check_transformation(name, "projection_tx", projection_tx)
    relaxation = checks.check_number(name, "relaxation", relaxation, high=1.0)
    on_field = calls.on_field(name, transform)

    def init_fn(params: Players) -> BiasCorrectionState:
        checks.check_whole_players(name, "params", params)
        return BiasCorrectionState(
            count=trees.new_count(),
            # Copy the leaves: params and state may both be donated to a compiled step.
            previous=jax.tree.map(jnp.array, params),
            extrapolation=optax.tree.zeros_like(params),
            scale=scale.init(params),
            projection=project.init(params),
            transform=on_field.init(params),
        )

    def update_fn(
        updates: Players,
        state: BiasCorrectionState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        **extra: Any,
    ) -> tuple[Players, BiasCorrectionState]:
        z, field_fn = checks.check_field_fn(name, updates, params, field_fn)
        checks.check_state(name, state, BiasCorrectionState, updates, "previous", "extrapolation")
        inner = [calls.inner_call(extra, i, update_count=state.count) for i in range(5)]
        alpha = calls.value_at(relaxation, state.count)

        def scaled(field: Any) -> Any:
            return scale.update(field, state.scale, z, **inner[0])[0]

        field, field_state = on_field.update(updates, state.transform, z, **inner[1])
        # The same sample at the previous point shows the change of the mean field.
        past, _ = on_field.update(
            field_fn(state.previous, 0), state.transform, state.previous, **inner[1]
        )
        step, last = scaled(field), scaled(past)
        is_first = state.count == 0

        def extrapolation(u: jax.Array, kept: jax.Array, v: jax.Array) -> jax.Array:
            # −γF(z_{k−1}) is v, so the difference is w_{k−1} − z_{k−1} + γF(z_{k−1}).
            correction = (1 - alpha.astype(u.dtype)) * (kept.astype(u.dtype) - v)
            return u + jnp.where(is_first, 0, correction).astype(u.dtype)

        ahead_step = jax.tree.map(extrapolation, step, state.extrapolation, last)
        ahead_step, projected = project.update(ahead_step, state.projection, z, **inner[2])
        ahead = Players(*map(optax.apply_updates, z, ahead_step))
        field, field_state = on_field.update(field_fn(ahead, 1), field_state, ahead, **inner[3])
        step, scale_state = scale.update(field, state.scale, z, **inner[0])
        step = jax.tree.map(lambda u: alpha.astype(u.dtype) * u, step)
        step, projected = project.update(step, projected, z, **inner[4])
        return step, BiasCorrectionState(
            count=trees.increment(state.count),
            previous=trees.cast_like(z, state.previous),
            extrapolation=trees.cast_like(ahead_step, state.extrapolation),
            scale=scale_state,
            projection=projected,
            transform=field_state,
        )

    return transformation(init_fn, update_fn)
