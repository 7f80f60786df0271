"""Extragradient steps whose sizes follow the local curvature of the field."""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from minmax_jax._util import calls, checks, norms, trees
from minmax_jax._util.repeat import repeat_while
from minmax_jax._util.types import FieldFn, Players, PyTree, transformation

RELAXATION = 0.495
"""Constant −σ/γ of the published step, slightly below the limit 1/2 of the theory."""


class CurvatureState(NamedTuple):
    """State of `step_by_curvature`.

    Attributes:
      count: Number of updates so far (int32 scalar).
      direction: Approximation of the Jacobian's leading right singular vector, or zero, for which
        the field replaces it.
      step_size: Step size γ of the last update, for diagnostics.
      backtracks: Number of times that the last update reduced γ (int32 scalar).
      transform: State of `transform`.
    """

    count: jax.Array
    direction: Any
    step_size: jax.Array
    backtracks: jax.Array
    transform: Any


class _Trial(NamedTuple):
    """A trial of a step size.

    Attributes:
      step_size: Step size γ.
      move: Step w − z to the lookahead point.
      change: Difference F(w) − F(z).
      transform: State of `transform` after F(w).
      backtracks: Number of reductions of γ.
    """

    step_size: jax.Array
    move: Any
    change: Any
    transform: Any
    backtracks: jax.Array


def step_by_curvature(
    projection_tx: optax.GradientTransformation,
    *,
    shrink: Any,
    backtrack: Any,
    power_iterations: int,
    max_step_size: Any,
    transform: optax.GradientTransformation | None = None,
    name: str = "step_by_curvature",
) -> optax.GradientTransformationExtraArgs:
    """Creates the negative steps of `curvature_extragradient` before the learning rate.

    See `curvature_extragradient` for the update and the arguments.

    Args:
      projection_tx: Transformation of a step to the lookahead point, for example `project` or the
        identity.
      shrink: Factor ν of the step size.
      backtrack: Factor τ of each reduction of the step size.
      power_iterations: Number of power iterations per update.
      max_step_size: Largest step size.
      transform: Transformation applied to each field.
      name: Name used in error messages.

    Returns:
      A gradient transformation for `Players` that returns −αd. Its `update` requires `params` and
      the keyword argument `field_fn`.

    Raises:
      TypeError: If a number is not a number, or `transform` is not an Optax transformation.
      ValueError: If a number is out of range. In `update`, if params or field_fn is missing, or
        `optax.masked` hides parameters.
    """
    project = checks.check_transformation(name, "projection_tx", projection_tx)
    nu = checks.check_number(name, "shrink", shrink, high=1.0, schedule=False)
    tau = checks.check_number(name, "backtrack", backtrack, below=1.0, schedule=False)
    rounds = checks.check_count(name, "power_iterations", power_iterations)
    largest = checks.check_number(name, "max_step_size", max_step_size, schedule=False)
    on_field = calls.on_field(name, transform)

    def init_fn(params: Players) -> CurvatureState:
        checks.check_whole_players(name, "params", params)
        return CurvatureState(
            count=trees.new_count(),
            direction=optax.tree.zeros_like(params),
            step_size=jnp.zeros((), trees.wide_dtype(params)),
            backtracks=trees.new_count(),
            transform=on_field.init(params),
        )

    def update_fn(
        updates: Players,
        state: CurvatureState,
        params: Players | None = None,
        *,
        field_fn: FieldFn | None = None,
        **extra: Any,
    ) -> tuple[Players, CurvatureState]:
        players, field_fn = checks.check_field_fn(name, updates, params, field_fn)
        checks.check_state(name, state, CurvatureState, updates, "direction")
        z = jax.tree.map(jnp.asarray, players)
        dtype = state.step_size.dtype
        inner = [calls.inner_call(extra, i, update_count=state.count) for i in range(3)]
        field, norm, direction = _spectral_norm(field_fn, z, state.direction, rounds)
        field, field_state = on_field.update(field, state.transform, z, **inner[0])

        def attempt(size: jax.Array, backtracks: jax.Array) -> _Trial:
            step = jax.tree.map(lambda f, x: (-size * f.astype(dtype)).astype(x.dtype), field, z)
            step, _ = project.update(step, project.init(z), z, **inner[1])
            ahead = Players(*map(optax.apply_updates, z, step))
            # Sample index 0 again: the difference to F(z) must not contain noise.
            there, after = on_field.update(field_fn(ahead, 0), field_state, ahead, **inner[2])
            # The rounded step is the one that leads from z to w.
            move, change = (
                jax.tree.map(lambda a, b: a.astype(dtype) - b.astype(dtype), *pair)
                for pair in ((ahead, z), (there, field))
            )
            return _Trial(size, move, change, after, backtracks)

        def is_too_long(trial: _Trial) -> jax.Array:
            # In linear fields, both sides can be equal up to rounding.
            bound = (1 + 16 * jnp.finfo(dtype).eps) * jnp.asarray(nu).astype(dtype)
            bound = bound.astype(dtype) * norms.norm(trial.move)
            return trial.step_size * norms.norm(trial.change) > bound  # False for NaN.

        trial = repeat_while(
            is_too_long,
            lambda t: attempt(jnp.asarray(tau).astype(dtype) * t.step_size, t.backtracks + 1),
            attempt(_first_size(nu, norm, largest, dtype), trees.new_count()),
        )
        step = jax.tree.map(lambda d, x: -d.astype(x.dtype), _relaxed(trial), z)
        return step, CurvatureState(
            count=trees.increment(state.count),
            direction=trees.cast_like(direction, state.direction),
            step_size=trial.step_size,
            backtracks=trial.backtracks,
            transform=trial.transform,
        )

    return transformation(init_fn, update_fn)


def _first_size(nu: Any, norm: jax.Array, largest: Any, dtype: Any) -> jax.Array:
    """Returns the step size ν / ‖J‖, or the largest step size if that is smaller."""
    inverse = jnp.where(norm == 0, math.inf, 1 / jnp.where(norm == 0, 1, norm))
    size = jnp.asarray(nu).astype(dtype) * inverse.astype(dtype)
    return jnp.minimum(size, jnp.asarray(largest).astype(dtype))


def _relaxed(trial: _Trial) -> PyTree:
    """Returns α d, with d = w − z − γ (F(w) − F(z)) and α = ⟨w − z, d⟩ / ‖d‖² − 0.495."""
    d = jax.tree.map(lambda m, c: m - trial.step_size * c, trial.move, trial.change)
    # Unit vectors, because the squares of small steps underflow in float32.
    length, moved = norms.tree_norm(d), norms.tree_norm(trial.move)
    unit_d, unit_move = (
        jax.tree.map(lambda leaf: norms.unit(leaf, by), tree)  # noqa: B023
        for tree, by in ((d, length), (trial.move, moved))
    )
    cosine = trees.inner_product(unit_d, unit_move)
    ratio = norms.norm(trial.move) / jnp.where(length.value == 0, 1, norms.norm(d))
    alpha = jnp.where(length.value == 0, 0, ratio * cosine - RELAXATION)
    return jax.tree.map(lambda leaf: alpha.astype(leaf.dtype) * leaf, d)


def _spectral_norm(
    field_fn: FieldFn, z: Players, direction: PyTree, rounds: int
) -> tuple[Players, jax.Array, PyTree]:
    """Returns F(z), an estimate of ‖J(z)‖₂ that is not above it, and the new direction.

    Each power iteration multiplies the direction by JᵀJ. Without a direction, it starts at the
    field.
    """
    field, jvp = jax.linearize(lambda z: field_fn(z, 0), z)
    transposed = jax.linear_transpose(jvp, z)
    known = norms.norm(direction) > 0
    start = trees.select(known, trees.cast_like(direction, z), trees.cast_like(field, z))

    def unit(tree: PyTree) -> PyTree:
        by = norms.tree_norm(tree)
        return trees.cast_like(jax.tree.map(lambda leaf: norms.unit(leaf, by), tree), z)

    def multiply(_: Any, carry: tuple[jax.Array, PyTree]) -> tuple[jax.Array, PyTree]:
        _, v = carry
        image = jvp(v)
        (back,) = transposed(image)
        return norms.norm(image).astype(norm.dtype), unit(back)

    norm = jnp.zeros((), trees.wide_dtype(z))
    norm, direction = lax.fori_loop(0, rounds, multiply, (norm, unit(start)))
    return field, norm, direction
