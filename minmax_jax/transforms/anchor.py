"""Anchoring: every step is drawn back to the start, less and less."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import PyTree, transformation


class AnchorState(NamedTuple):
    """State of `anchor`.

    Attributes:
      count: int32 scalar, the number of calls so far.
      start: z_0, where `init` was called.
    """

    count: jax.Array
    start: Any


def halpern(count: jax.Array) -> jax.Array:
    """The weights 1/(k + 2) of Halpern's iteration, which EAG takes over."""
    return 1.0 / (jnp.asarray(count).astype(float) + 2.0)


def anchor(weight: Any = halpern, *, name: str = "anchor") -> optax.GradientTransformationExtraArgs:
    """Adds the pull of the start to a finished step: `u_k + β_k (z_0 − z_k)`.

    Placed after the learning rate, before a projection. After a step T it makes Halpern's
    iteration `z_{k+1} = β_k z_0 + (1 − β_k) z_k + T`; in both half-steps of extragradient it
    makes EAG: `extrapolate(optax.chain(optax.sgd(alpha), anchor()), moments="once")`, which
    is `extra_anchored_gradient`. A method that calls it twice in one update counts updates
    for it, by `moments="once"` or by passing `update_count=`. It keeps one copy of the
    players; no field evaluation of its own.

    Args:
      weight: β, a number in [0, 1] or a schedule of the update count; 1/(k + 2) by default.
      name: Name used in error messages.

    Returns:
      An Optax transformation of any tree; its `update` needs `params`.

    Raises:
      TypeError, ValueError: for a weight out of range; in `update`, if params is missing or
        has another tree structure.

    Examples:
      Anchored descent–ascent converges slowly on f = xy if its rates fall as well, where
      plain descent–ascent diverges:

      >>> import optax
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> tx = optax.chain(
      ...     mm.sgda(lambda k: 0.5 / (k + 1.0) ** 0.7), mm.anchor(lambda k: 1 / (k + 2.0) ** 0.8)
      ... )
      >>> result = mm.solve(tx, field_fn, mm.Players(1.0, 1.0), 20000)
      >>> bool(result.players.min ** 2 + result.players.max ** 2 < 1.0)
      True

    References:
      Halpern, Fixed points of nonexpanding maps, 1967.
      Yoon, Ryu, `Accelerated algorithms for smooth convex-concave minimax problems with
      O(1/k²) rate on squared gradient norm <https://arxiv.org/abs/2102.07922>`_, 2021.
      Ryu, Yuan, Yin, `ODE analysis of stochastic gradient methods with optimism and
      anchoring <https://arxiv.org/abs/1905.10899>`_, 2019 (anchored descent–ascent).
    """
    checks.check_number(name, "weight", weight, high=1.0)

    def init_fn(params: PyTree) -> AnchorState:
        checks.check_floats(name, "params", params)
        # A copy: params and state may both be donated to a compiled step.
        return AnchorState(count=trees.new_count(), start=jax.tree.map(jnp.array, params))

    def update_fn(
        updates: PyTree,
        state: AnchorState,
        params: PyTree | None = None,
        *,
        update_count: jax.Array | None = None,
        **extra: Any,
    ) -> tuple[PyTree, AnchorState]:
        del extra
        if params is None:
            raise ValueError(
                f"{name}: update needs params, the point that the step starts from: "
                "tx.update(updates, state, params)."
            )
        checks.check_match(name, updates, params)
        beta = calls.value_at(weight, state.count if update_count is None else update_count)

        def pull(u: jax.Array, start: jax.Array, z: jax.Array) -> jax.Array:
            return u + (beta.astype(start.dtype) * (start - z)).astype(u.dtype)

        count = trees.increment(state.count)
        return jax.tree.map(pull, updates, state.start, params), state._replace(count=count)

    return transformation(init_fn, update_fn)
