"""Reflected gradient with an anchor (ARG)."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import FieldFn, Players, transformation


class AnchoredReflectionState(NamedTuple):
    """State of `reflect_anchored`.

    Attributes:
      count: Number of updates so far (int32 scalar).
      start: Parameters z_0 that were passed to `init`.
      previous: Parameters z_{k−1} before the last update. Initially, z_0.
      scale: State of `scale_tx`.
      projection: State of `projection_tx`.
      transform: State of `transform`.
    """

    count: jax.Array
    start: Any
    previous: Any
    scale: Any
    projection: Any
    transform: Any


def reflect_anchored(
    scale_tx: optax.GradientTransformation,
    projection_tx: optax.GradientTransformation,
    *,
    transform: optax.GradientTransformation | None = None,
    name: str = "reflect_anchored",
) -> optax.GradientTransformationExtraArgs:
    """Creates the anchored reflected gradient method from its parts.

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

    def init_fn(params: Players) -> AnchoredReflectionState:
        checks.check_whole_players(name, "params", params)
        return AnchoredReflectionState(
            count=trees.new_count(),
            # Copy the leaves: params and state may both be donated to a compiled step.
            start=jax.tree.map(jnp.array, params),
            previous=jax.tree.map(jnp.array, params),
            scale=scale.init(params),
            projection=project.init(params),
            transform=on_field.init(params),
        )

    def update_fn(
        updates: Players,
        state: AnchoredReflectionState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        **extra: Any,
    ) -> tuple[Players, AnchoredReflectionState]:
        z, field_fn = checks.check_field_fn(name, updates, params, field_fn)
        checks.check_state(name, state, AnchoredReflectionState, updates, "start", "previous")
        inner = [calls.inner_call(extra, i, update_count=state.count) for i in range(3)]
        k = state.count.astype(float)
        now = 1 / (k + 1)
        last = 1 / jnp.maximum(k, 1)  # At k = 0, it is multiplied by zero.

        def ahead_of(x: jax.Array, start: jax.Array, before: jax.Array) -> jax.Array:
            pulls = [w.astype(start.dtype) * (start - p) for w, p in ((now, x), (last, before))]
            return (x + (x - before) + (pulls[0] - pulls[1])).astype(before.dtype)

        ahead = jax.tree.map(ahead_of, z, state.start, state.previous)
        field, field_state = on_field.update(field_fn(ahead, 1), state.transform, ahead, **inner[0])
        step, scale_state = scale.update(field, state.scale, z, **inner[1])

        def pull(u: jax.Array, start: jax.Array, x: jax.Array) -> jax.Array:
            return u + (now.astype(start.dtype) * (start - x)).astype(u.dtype)

        step = jax.tree.map(pull, step, state.start, z)
        step, projected = project.update(step, state.projection, z, **inner[2])
        return step, AnchoredReflectionState(
            count=trees.increment(state.count),
            start=state.start,
            previous=trees.cast_like(z, state.previous),
            scale=scale_state,
            projection=projected,
            transform=field_state,
        )

    return transformation(init_fn, update_fn)
