"""Tseng's method, a projected step that a second field evaluation corrects."""

from typing import Any, NamedTuple

import jax
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import FieldFn, Players, transformation


class ForwardBackwardForwardState(NamedTuple):
    """State of `correct_forward_step`.

    Attributes:
      count: Number of updates so far (int32 scalar).
      scale: State of `scale_tx`.
      projection: State of `projection_tx`.
      transform: State of `transform`.
    """

    count: jax.Array
    scale: Any
    projection: Any
    transform: Any


def correct_forward_step(
    scale_tx: optax.GradientTransformation,
    projection_tx: optax.GradientTransformation,
    *,
    transform: optax.GradientTransformation | None = None,
    feasible: bool = True,
    name: str = "correct_forward_step",
) -> optax.GradientTransformationExtraArgs:
    """Creates Tseng's forward–backward–forward method from its parts.

    Let S(F) = −η F be the step of `scale_tx`, and P the projection of `projection_tx`:

        w = P(z + S(F(z)))
        z⁺ = w + S(F(w)) − S(F(z))     # projected too if `feasible`

    **Cost.** Two field evaluations per update: the field passed in, and the field at w with
    sample index 1.

    Args:
      scale_tx: Multiplication of a field by minus the learning rate. It must be linear.
      projection_tx: Transformation of a step, for example `project` or the identity.
      transform: Transformation applied to each field. As `params`, it receives the point at which
        the field was evaluated.
      feasible: Whether z⁺ is projected.
      name: Name used in error messages.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If a transformation is not an Optax gradient transformation.
      ValueError: If `feasible` is not a bool. In `update`, if params or field_fn is missing, or
        `optax.masked` hides parameters.
    """
    scale = checks.check_transformation(name, "scale_tx", scale_tx)
    project = checks.check_transformation(name, "projection_tx", projection_tx)
    on_field = calls.on_field(name, transform)
    checks.check_choice(name, "feasible", feasible, (True, False))

    def init_fn(params: Players) -> ForwardBackwardForwardState:
        checks.check_whole_players(name, "params", params)
        return ForwardBackwardForwardState(
            count=trees.new_count(),
            scale=scale.init(params),
            projection=project.init(params),
            transform=on_field.init(params),
        )

    def update_fn(
        updates: Players,
        state: ForwardBackwardForwardState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        **extra: Any,
    ) -> tuple[Players, ForwardBackwardForwardState]:
        z, field_fn = checks.check_field_fn(name, updates, params, field_fn)
        checks.check_state(name, state, ForwardBackwardForwardState)
        inner = [calls.inner_call(extra, i, update_count=state.count) for i in range(6)]
        field, field_state = on_field.update(updates, state.transform, z, **inner[0])
        forward, scale_state = scale.update(field, state.scale, z, **inner[1])
        step, projected = project.update(forward, state.projection, z, **inner[2])
        ahead = Players(*map(optax.apply_updates, z, step))
        field, field_state = on_field.update(field_fn(ahead, 1), field_state, ahead, **inner[3])
        corrected, _ = scale.update(field, state.scale, z, **inner[4])
        # Without a projection, `step` is `forward`, so that exactly extragradient remains.
        step = jax.tree.map(lambda s, f, c: (s - f) + c, step, forward, corrected)
        if feasible:
            step, projected = project.update(step, projected, z, **inner[5])
        return step, ForwardBackwardForwardState(
            count=trees.increment(state.count),
            scale=scale_state,
            projection=projected,
            transform=field_state,
        )

    return transformation(init_fn, update_fn)
