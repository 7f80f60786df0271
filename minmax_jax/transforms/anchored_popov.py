"""Past extragradient with an anchor and decreasing step sizes (anchored Popov)."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import FieldFn, Players, PyTree, transformation


class AnchoredPopovState(NamedTuple):
    """State of `extrapolate_from_past_anchored`.

    Attributes:
      count: Number of updates so far (int32 scalar).
      ratio: Ratio s_k / s_0 of the step sizes.
      start: Parameters z_0 that were passed to `init`.
      previous_field: Transformed field at w_{k−1}. Initially zero.
      scale: State of `scale_tx`.
      projection: State of `projection_tx`.
      transform: State of `transform`.
    """

    count: jax.Array
    ratio: jax.Array
    start: Any
    previous_field: Any
    scale: Any
    projection: Any
    transform: Any


def extrapolate_from_past_anchored(
    scale_tx: optax.GradientTransformation,
    projection_tx: optax.GradientTransformation,
    *,
    transform: optax.GradientTransformation | None = None,
    name: str = "extrapolate_from_past_anchored",
) -> optax.GradientTransformationExtraArgs:
    """Creates the anchored Popov method from its parts.

    See `anchored_past_extragradient` for the update.

    Args:
      scale_tx: Multiplication of a field by minus the learning rate.
      projection_tx: Transformation of a step, for example `project` or the identity.
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

    def init_fn(params: Players) -> AnchoredPopovState:
        checks.check_whole_players(name, "params", params)
        return AnchoredPopovState(
            count=trees.new_count(),
            ratio=jnp.ones((), float),
            # Copy the leaves: params and state may both be donated to a compiled step.
            start=jax.tree.map(jnp.array, params),
            previous_field=optax.tree.zeros_like(params),
            scale=scale.init(params),
            projection=project.init(params),
            transform=on_field.init(params),
        )

    def update_fn(
        updates: Players,
        state: AnchoredPopovState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        **extra: Any,
    ) -> tuple[Players, AnchoredPopovState]:
        z, field_fn = checks.check_field_fn(name, updates, params, field_fn)
        checks.check_state(name, state, AnchoredPopovState, updates, "start", "previous_field")
        inner = [calls.inner_call(extra, i, update_count=state.count) for i in range(5)]
        weight = 1 / (state.count.astype(state.ratio.dtype) + 2)

        def anchored(step: PyTree, factor: jax.Array) -> PyTree:
            def pull(u: jax.Array, start: jax.Array, x: jax.Array) -> jax.Array:
                towards = weight.astype(start.dtype) * (start - x)
                return towards.astype(u.dtype) + factor.astype(u.dtype) * u

            return jax.tree.map(pull, step, state.start, z)

        step, _ = scale.update(state.previous_field, state.scale, z, **inner[0])
        step = anchored(step, (1 - weight) * state.ratio)
        step, projected = project.update(step, state.projection, z, **inner[1])
        ahead = Players(*map(optax.apply_updates, z, step))
        field, field_state = on_field.update(field_fn(ahead, 1), state.transform, ahead, **inner[2])
        step, scale_state = scale.update(field, state.scale, z, **inner[3])
        step = anchored(step, state.ratio)
        step, projected = project.update(step, projected, z, **inner[4])
        return step, AnchoredPopovState(
            count=trees.increment(state.count),
            ratio=_next_ratio(state.ratio, weight),
            start=state.start,
            previous_field=trees.cast_like(field, state.previous_field),
            scale=scale_state,
            projection=projected,
            transform=field_state,
        )

    return transformation(init_fn, update_fn)


def _next_ratio(ratio: jax.Array, weight: jax.Array) -> jax.Array:
    """Returns s_{k+1} / s_0, where 4 L² s_0² = 1/3."""
    square = jnp.square(ratio) / 3
    next_weight = 1 / (1 / weight + 1)
    shrunk = (1 - jnp.square(weight) - square) * next_weight
    return ratio * shrunk / ((1 - square) * (1 - weight) * weight)
