"""Extragradient with step sizes from the observed change of the field."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, norms, trees
from minmax_jax._util.types import FieldFn, Players, PyTree, transformation

VARIANTS = ("adaprox", "bach_levy")


class AdaptiveExtragradientState(NamedTuple):
    """State of `extrapolate_adaptively`.

    Attributes:
      count: Number of updates so far (int32 scalar).
      root: Square root of the sum in the denominator of the step size.
      scale: State of `scale_tx`.
      projection: State of `projection_tx`.
      transform: State of `transform`.
    """

    count: jax.Array
    root: jax.Array
    scale: Any
    projection: Any
    transform: Any


def extrapolate_adaptively(
    scale_tx: optax.GradientTransformation,
    projection_tx: optax.GradientTransformation,
    variant: str,
    diameter: Any,
    gradient_scale: Any,
    *,
    transform: optax.GradientTransformation | None = None,
    name: str = "extrapolate_adaptively",
) -> optax.GradientTransformationExtraArgs:
    """Creates the adaptive extragradient method from its parts.

    See `adaptive_extragradient` for the formulas and the arguments.

    Args:
      scale_tx: Multiplication of a field by minus the learning rate.
      projection_tx: Transformation of a step, for example `project` or the identity.
      variant: `"adaprox"` or `"bach_levy"`.
      diameter: Numerator D of the step size.
      gradient_scale: First term G_0 of the denominator.
      transform: Transformation applied to each field. As `params`, it receives the point at which
        the field was evaluated.
      name: Name used in error messages.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params` and the keyword
      argument `field_fn`.

    Raises:
      TypeError: If a transformation is not an Optax gradient transformation.
      ValueError: If `variant` is unknown. In `update`, if params or field_fn is missing, or
        `optax.masked` hides parameters.
    """
    scale = checks.check_transformation(name, "scale_tx", scale_tx)
    project = checks.check_transformation(name, "projection_tx", projection_tx)
    on_field = calls.on_field(name, transform)
    checks.check_choice(name, "variant", variant, VARIANTS)

    def init_fn(params: Players) -> AdaptiveExtragradientState:
        checks.check_whole_players(name, "params", params)
        return AdaptiveExtragradientState(
            count=trees.new_count(),
            root=jnp.array(gradient_scale, trees.wide_dtype(params)),
            scale=scale.init(params),
            projection=project.init(params),
            transform=on_field.init(params),
        )

    def update_fn(
        updates: Players,
        state: AdaptiveExtragradientState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        **extra: Any,
    ) -> tuple[Players, AdaptiveExtragradientState]:
        z, field_fn = checks.check_field_fn(name, updates, params, field_fn)
        checks.check_state(name, state, AdaptiveExtragradientState)
        inner = [calls.inner_call(extra, i, update_count=state.count) for i in range(6)]
        size = jnp.asarray(diameter).astype(state.root.dtype) / state.root
        field, field_state = on_field.update(updates, state.transform, z, **inner[0])
        step, scale_state = scale.update(_times(size, field), state.scale, z, **inner[1])
        first, projected = project.update(step, state.projection, z, **inner[2])
        ahead = Players(*map(optax.apply_updates, z, first))
        later, field_state = on_field.update(field_fn(ahead, 1), field_state, ahead, **inner[3])
        step, _ = scale.update(_times(size, later), state.scale, z, **inner[4])
        step, projected = project.update(step, projected, z, **inner[5])
        if variant == "adaprox":
            term = _distance(later, field, size.dtype)
        else:
            ends = norms.norm(first).astype(size.dtype), _distance(first, step, size.dtype)
            term = jnp.hypot(*ends) / (jnp.sqrt(jnp.asarray(5.0, size.dtype)) * size)
        return step, AdaptiveExtragradientState(
            count=trees.increment(state.count),
            # The sum of squares could overflow, but not its root.
            root=jnp.hypot(state.root, term),
            scale=scale_state,
            projection=projected,
            transform=field_state,
        )

    return transformation(init_fn, update_fn)


def _times(size: jax.Array, field: PyTree) -> PyTree:
    """Returns the product in the dtypes of the field, computed in float32 or wider."""
    wide = jax.tree.map(lambda f: size.astype(f.dtype) * f, trees.widen(field))
    return trees.cast_like(wide, field)


def _distance(a: PyTree, b: PyTree, dtype: Any) -> jax.Array:
    difference = jax.tree.map(lambda x, y: x - y, trees.widen(a), trees.widen(b))
    return norms.norm(difference).astype(dtype)
