"""Anchoring, which adds a decaying pull towards the initial parameters."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import PyTree, transformation


class AnchorState(NamedTuple):
    """State of `anchor`.

    Attributes:
      count: Number of calls so far (int32 scalar).
      start: Parameters z_0 that were passed to `init`.
    """

    count: jax.Array
    start: Any


def halpern(count: jax.Array) -> jax.Array:
    """Returns 1/(k + 2), the weight of Halpern's iteration and of EAG."""
    return 1.0 / (jnp.asarray(count).astype(float) + 2.0)


def anchor(weight: Any = halpern, *, name: str = "anchor") -> optax.GradientTransformationExtraArgs:
    """Adds a pull towards the initial parameters to a finished step.

    The step u_k becomes `u_k + β_k (z_0 − z_k)`. Place `anchor` after the learning rate and
    before a projection. After a step T it yields Halpern's iteration
    `z_{k+1} = β_k z_0 + (1 − β_k) z_k + T`. In both steps of the extragradient method it yields
    EAG: `extra_anchored_gradient` is
    `extrapolate(optax.chain(optax.sgd(alpha), anchor()), moments="once")`. A method that calls
    `anchor` twice per update has to pass `update_count=` or use `moments="once"`, so that k
    counts updates.

    **Cost.** One copy of the parameters. No field evaluations.

    Args:
      weight: Weight β in [0, 1]: a number or a schedule of the update count. Defaults to
        1/(k + 2).
      name: Name used in error messages.

    Returns:
      An Optax transformation of any tree. Its `update` requires `params`.

    Raises:
      TypeError: If `weight` is not a number or a schedule.
      ValueError: If `weight` is not in [0, 1]. In `update`, if params is missing or has another
        tree structure than the updates.

    Examples:
      On f = xy, gradient descent–ascent diverges. Anchored gradient descent–ascent converges
      slowly if its learning rate decays too:

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
    weight = checks.check_number(name, "weight", weight, high=1.0)

    def init_fn(params: PyTree) -> AnchorState:
        checks.check_floats(name, "params", params)
        # Copy the leaves: params and state may both be donated to a compiled step.
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
        params = checks.check_params(name, params, "it pulls them towards the initial ones")
        checks.check_match(name, updates, params)
        checks.check_state(name, state, AnchorState, params, "start")
        beta = calls.value_at(weight, state.count if update_count is None else update_count)

        def pull(u: jax.Array, start: jax.Array, z: jax.Array) -> jax.Array:
            return u + (beta.astype(start.dtype) * (start - z)).astype(u.dtype)

        count = trees.increment(state.count)
        return jax.tree.map(pull, updates, state.start, params), state._replace(count=count)

    return transformation(init_fn, update_fn)
