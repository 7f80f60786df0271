"""Fast optimistic gradient descent–ascent, with vanishing damping."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import FieldFn, Players, transformation


class FastOptimismState(NamedTuple):
    """State of `extrapolate_with_momentum`.

    Attributes:
      count: Number of updates so far (int32 scalar).
      previous: Parameters z_{k−1} before the last update. Initially, z_0.
      previous_field: Transformed field at w_{k−1}. Initially zero.
      scale: State of `scale_tx`.
      transform: State of `transform`.
    """

    count: jax.Array
    previous: Any
    previous_field: Any
    scale: Any
    transform: Any


def extrapolate_with_momentum(
    scale_tx: optax.GradientTransformation,
    alpha: Any,
    *,
    transform: optax.GradientTransformation | None = None,
    name: str = "extrapolate_with_momentum",
) -> optax.GradientTransformationExtraArgs:
    """Creates fast optimistic gradient descent–ascent from its parts.

    See `fast_optimistic_gda` for the update.

    Args:
      scale_tx: Multiplication of a field by minus the learning rate. It must be linear.
      alpha: Damping constant α.
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
    on_field = calls.on_field(name, transform)

    def init_fn(params: Players) -> FastOptimismState:
        checks.check_whole_players(name, "params", params)
        return FastOptimismState(
            count=trees.new_count(),
            # Copy the leaves: params and state may both be donated to a compiled step.
            previous=jax.tree.map(jnp.array, params),
            previous_field=optax.tree.zeros_like(params),
            scale=scale.init(params),
            transform=on_field.init(params),
        )

    def update_fn(
        updates: Players,
        state: FastOptimismState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        **extra: Any,
    ) -> tuple[Players, FastOptimismState]:
        z, field_fn = checks.check_field_fn(name, updates, params, field_fn)
        checks.check_state(name, state, FastOptimismState, updates, "previous", "previous_field")
        inner = [calls.inner_call(extra, i, update_count=state.count) for i in range(3)]
        k = state.count.astype(float)
        momentum = k / (k + alpha)

        def jump_of(u: jax.Array, x: jax.Array, before: jax.Array) -> jax.Array:
            carried = momentum.astype(before.dtype) * (x - before)
            return carried.astype(u.dtype) + (1 - momentum).astype(u.dtype) * u

        past, _ = scale.update(state.previous_field, state.scale, z, **inner[0])
        jump = jax.tree.map(jump_of, past, z, state.previous)
        ahead = Players(*map(optax.apply_updates, z, jump))
        field, field_state = on_field.update(field_fn(ahead, 1), state.transform, ahead, **inner[1])
        new, scale_state = scale.update(field, state.scale, z, **inner[2])
        # (2k + α)/(k + α) = 1 + k/(k + α).
        step = jax.tree.map(
            lambda j, u, last: j + (1 + momentum).astype(u.dtype) * (u - last), jump, new, past
        )
        return step, FastOptimismState(
            count=trees.increment(state.count),
            previous=trees.cast_like(z, state.previous),
            previous_field=trees.cast_like(field, state.previous_field),
            scale=scale_state,
            transform=field_state,
        )

    return transformation(init_fn, update_fn)
