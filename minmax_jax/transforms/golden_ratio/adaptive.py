"""Steps from a running average, whose size follows the local Lipschitz constant."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, norms, trees
from minmax_jax._util.types import Players, transformation
from minmax_jax.transforms.golden_ratio.average import averaged

PROBE = 1e-2
"""Length of the first step, relative to the norm of the parameters if that is above 1."""


class AdaptiveGoldenRatioState(NamedTuple):
    """State of `adaptive_step_from_average`.

    Attributes:
      count: Number of updates so far (int32 scalar).
      step_size: Step size s_{k−1} of the last update.
      theta: Ratio θ_{k−1}. Zero if the last update was a probing step.
      average: Running average c_{k−1} of the parameters.
      previous: Parameters z_{k−1} at the last update.
      previous_field: Transformed field at z_{k−1}.
      scale: State of `scale_tx`.
    """

    count: jax.Array
    step_size: jax.Array
    theta: jax.Array
    average: Any
    previous: Any
    previous_field: Any
    scale: Any


def adaptive_step_from_average(
    scale_tx: optax.GradientTransformation,
    phi: Any,
    initial_step_size: Any,
    max_step_size: Any,
    *,
    name: str = "adaptive_step_from_average",
) -> optax.GradientTransformationExtraArgs:
    """Creates the steps of the adaptive golden ratio algorithm, before their projection.

    See `adaptive_golden_ratio` for the update and the arguments.

    Args:
      scale_tx: Multiplication of a field by minus the learning rate.
      phi: Averaging constant φ ≥ 1.
      initial_step_size: First step size s_0, or None for a probing step.
      max_step_size: Largest step size.
      name: Name used in error messages.

    Returns:
      A gradient transformation for `Players`. Its `update` requires `params`.

    Raises:
      TypeError: If an argument is not a number.
      ValueError: If `phi` is less than 1, or a step size is negative.
    """
    scale = checks.check_transformation(name, "scale_tx", scale_tx)
    phi = checks.check_number(name, "phi", phi, low=1.0, schedule=False)
    probes = initial_step_size is None
    if not probes:
        checks.check_number(name, "initial_step_size", initial_step_size, schedule=False)
    checks.check_number(name, "max_step_size", max_step_size, schedule=False)

    def init_fn(params: Players) -> AdaptiveGoldenRatioState:
        checks.check_whole_players(name, "params", params)
        dtype = trees.wide_dtype(params)
        return AdaptiveGoldenRatioState(
            count=trees.new_count(),
            step_size=jnp.array(0.0 if probes else initial_step_size, dtype),
            theta=jnp.array(0.0 if probes else 1.0, dtype),
            # Copy the leaves: params and state may both be donated to a compiled step.
            average=jax.tree.map(jnp.array, params),
            previous=jax.tree.map(jnp.array, params),
            previous_field=optax.tree.zeros_like(params),
            scale=scale.init(params),
        )

    def update_fn(
        updates: Players,
        state: AdaptiveGoldenRatioState,
        params: Players | None = None,
        **extra: Any,
    ) -> tuple[Players, AdaptiveGoldenRatioState]:
        checks.check_whole_players(name, "updates", updates)
        z = checks.check_params(name, params, "it measures how the field changes between them")
        checks.check_match(name, updates, z)
        checks.check_state(
            name, state, AdaptiveGoldenRatioState, z, "average", "previous", "previous_field"
        )
        size, theta = _step_size(phi, max_step_size, state, z, updates)
        field = jax.tree.map(
            lambda f: (size.astype(_wide(f)) * f.astype(_wide(f))).astype(f.dtype), updates
        )
        step, scale_state = scale.update(
            field, state.scale, z, **calls.inner_call(extra, 0, update_count=state.count)
        )
        # Averaging begins after the probing steps.
        begins = (state.count == 0) | (state.theta == 0)
        mean = averaged(phi, z, state.average)
        average = trees.select(begins, trees.cast_like(z, mean), mean)
        step = jax.tree.map(lambda u, c, x: u + (c - x).astype(u.dtype), step, average, z)
        return step, AdaptiveGoldenRatioState(
            count=trees.increment(state.count),
            step_size=size,
            theta=theta,
            average=average,
            previous=trees.cast_like(z, state.previous),
            previous_field=trees.cast_like(updates, state.previous_field),
            scale=scale_state,
        )

    return transformation(init_fn, update_fn)


def _step_size(
    phi: Any, largest: Any, state: AdaptiveGoldenRatioState, z: Players, field: Players
) -> tuple[jax.Array, jax.Array]:
    """Returns the step size s_k and the ratio θ_k."""
    dtype = state.step_size.dtype
    phi, largest = (jnp.asarray(value).astype(dtype) for value in (phi, largest))
    moved, changed = (
        norms.norm(jax.tree.map(_difference, new, old)).astype(dtype)
        for new, old in ((z, state.previous), (field, state.previous_field))
    )
    # Without a movement, or without a change of the field, there is no estimate.
    is_known = (state.count > 0) & (moved > 0) & (changed > 0)
    inverse_lipschitz = moved / jnp.where(changed > 0, changed, 1)
    last = jnp.where(state.step_size > 0, state.step_size, 1)
    # The square could underflow in float32, but not the product in this order.
    estimate = phi * state.theta / 4 * (inverse_lipschitz / last) * inverse_lipschitz
    growth = (1 / phi + 1 / phi**2) * state.step_size
    grown = jnp.minimum(growth, jnp.where(is_known, estimate, jnp.inf))
    regular = jnp.minimum(jnp.where(state.count == 0, state.step_size, grown), largest)
    regular_theta = jnp.where(state.count == 0, 1.0, phi * regular / last)
    # In probing steps, the first estimate is the step size.
    length = PROBE * jnp.maximum(norms.norm(z).astype(dtype), 1)
    norm = norms.norm(field).astype(dtype)
    probe = jnp.where(norm == 0, 0, length / jnp.where(norm == 0, 1, norm))
    # A longer probing step follows one that rounding undid, as in bfloat16 with a small scale.
    probe = jnp.clip(growth, probe, 10 * probe)
    first = jnp.minimum(jnp.where(is_known, phi / 2 * inverse_lipschitz, probe), largest)
    is_probing = state.theta == 0
    size = jnp.where(is_probing, first, regular)
    theta = jnp.where(is_probing, is_known.astype(dtype), regular_theta.astype(dtype))
    return size, theta


def _difference(new: jax.Array, old: jax.Array) -> jax.Array:
    return jnp.asarray(new).astype(_wide(old)) - old.astype(_wide(old))


def _wide(leaf: jax.Array) -> Any:
    return trees.accumulator_dtype(leaf.dtype)
