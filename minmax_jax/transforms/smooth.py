"""Smoothing, a proximal term around a slowly moving center."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import PyTree, transformation


class SmoothState(NamedTuple):
    """State of `smooth`.

    Attributes:
      count: Number of updates so far (int32 scalar).
      center: Center s_k of the proximal term. Initially, the parameters passed to `init`.
      tx: State of `tx`.
    """

    count: jax.Array
    center: Any
    tx: Any


def smooth(
    tx: optax.GradientTransformation,
    strength: Any,
    rate: Any,
    *,
    name: str = "smooth",
) -> optax.GradientTransformationExtraArgs:
    """Adds a proximal term around a slowly moving center to the field of an optimizer.

    The term is the gradient of `p/2 ‖x − s‖²`, with p = `strength`. Let X be the step computed by
    `tx`, β = `rate`, and s_0 = x_0:

        x_{k+1} = x_k + X(F_x + p (x_k − s_k))
        s_{k+1} = s_k + β (x_{k+1} − s_k)

    A solution of the game stays a solution, because there x = s. If f is not convex in x, but
    p is larger than its negative curvature, the smoothed problem is convex. `smooth` wraps the
    optimizer of one player: the step of `tx` moves the center, so `tx` contains the learning
    rate and a projection. `smoothed_gda` uses it in alternating updates.

    **Cost.** One copy of the parameters. No field evaluations.

    **Verification.** The tests compare the iterates on f = xy with powers of the 3 × 3 matrix of
    (x, y, s).

    Args:
      tx: Optimizer of one tree or of both players, including the learning rate.
      strength: Weight p ≥ 0 of the proximal term: a number or a schedule of the update count.
      rate: Averaging rate β in [0, 1] of the center: a number or a schedule of the update count.
      name: Name used in error messages.

    Returns:
      An Optax transformation of any tree. Its `update` requires `params`.

    Raises:
      TypeError: If `tx` is not an Optax gradient transformation, or `strength` or `rate` is not
        a number or a schedule.
      ValueError: If `strength` is negative or `rate` is not in [0, 1]. In `update`, if params is
        missing or has another tree structure than the updates.

    Examples:
      On f = xy, alternating gradient descent–ascent circles around the solution. With a smoothed
      min player it converges:

      >>> import optax
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> min_tx = mm.smooth(optax.sgd(0.2), strength=1.0, rate=0.3)
      >>> tx = mm.alternate(min=min_tx, max=optax.sgd(0.3), first="min")
      >>> result = mm.solve(tx, field_fn, mm.Players(1.0, 1.0), 500)
      >>> bool(result.players.min**2 + result.players.max**2 < 1e-6)
      True

    References:
      Zhang, Xiao, Sun, Luo, `A single-loop smoothed gradient descent-ascent algorithm for
      nonconvex-concave min-max problems <https://arxiv.org/abs/2010.15768>`_, 2020, Algorithm 2
      (number not checked).
    """
    inner_tx = checks.check_transformation(name, "tx", tx)
    strength = checks.check_number(name, "strength", strength)
    rate = checks.check_number(name, "rate", rate, high=1.0)

    def init_fn(params: PyTree) -> SmoothState:
        checks.check_floats(name, "params", params)
        return SmoothState(
            count=trees.new_count(),
            # Copy the leaves: params and state may both be donated to a compiled step.
            center=jax.tree.map(jnp.array, params),
            tx=inner_tx.init(params),
        )

    def update_fn(
        updates: PyTree, state: SmoothState, params: PyTree | None = None, **extra: Any
    ) -> tuple[PyTree, SmoothState]:
        z = checks.check_params(name, params, "it adds the distance from the center")
        checks.check_match(name, updates, z)
        checks.check_state(name, state, SmoothState, z, "center")
        p, beta = (calls.value_at(value, state.count) for value in (strength, rate))

        def pulled(u: jax.Array, x: jax.Array, center: jax.Array) -> jax.Array:
            return u + (p.astype(center.dtype) * (x - center)).astype(u.dtype)

        def moved(center: jax.Array, x: jax.Array) -> jax.Array:
            return center + beta.astype(center.dtype) * (x - center).astype(center.dtype)

        field = jax.tree.map(pulled, updates, z, state.center)
        step, tx_state = inner_tx.update(field, state.tx, z, **extra)
        center = jax.tree.map(moved, state.center, optax.apply_updates(z, step))
        return step, SmoothState(count=trees.increment(state.count), center=center, tx=tx_state)

    return transformation(init_fn, update_fn)
