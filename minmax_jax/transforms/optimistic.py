"""Optimistic gradient, which extrapolates the next field from the last two."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import PyTree, transformation

STARTS = ("first", "zero")


class OptimismState(NamedTuple):
    """State of `add_optimism`.

    Attributes:
      count: Number of updates so far (int32 scalar).
      previous: Updates passed to the last call.
    """

    count: jax.Array
    previous: Any


def add_optimism(
    weight: Any = 1.0, *, previous: str = "first", name: str = "add_optimism"
) -> optax.GradientTransformationExtraArgs:
    """Adds the last change of the updates: `u_k = g_k + w (g_k − g_{k−1})`.

    With w = 1 it is the `2 g_k − g_{k−1}` of optimistic mirror descent. Place it before the
    learning rate. After `optax.scale_by_adam` it yields the paper's optimistic Adam, which
    extrapolates Adam's steps. Before `optax.scale_by_adam`, it extrapolates the gradients that
    Adam receives.

    Implementations differ in the first update. With `previous="first"`, g_{−1} = g_0, as in
    Optax, and the first update is unchanged. With `previous="zero"`, g_{−1} = 0, as in
    implementations that initialize their buffer with zeros. The first update is then
    multiplied by 1 + w. With w = 1, the iterates are then the lookahead points of
    `past_extragradient`.

    **Cost.** One copy of the updates. No field evaluations.

    Args:
      weight: Weight w: a nonnegative number or a schedule of the update count.
      previous: Value of g_{−1}, `"first"` or `"zero"`.
      name: Name used in error messages.

    Returns:
      An Optax transformation of any tree.

    Raises:
      TypeError: If `weight` is not a number or a schedule. In `init` and `update`, if a leaf is
        not floating-point.
      ValueError: If `weight` is negative or not finite, or `previous` is unknown. In `update`,
        if updates, params and state differ in structure or shapes.

    Examples:
      >>> import minmax_jax as mm
      >>> tx = mm.add_optimism()
      >>> state = tx.init(0.0)
      >>> for g in (1.0, 4.0):
      ...     u, state = tx.update(g, state)
      ...     print(u)
      1.0
      7.0

    References:
      Daskalakis, Ilyas, Syrgkanis, Zeng, `Training GANs with optimism
      <https://arxiv.org/abs/1711.00141>`_, 2018.
      Mokhtari, Ozdaglar, Pattathil, `A unified analysis of extra-gradient and optimistic
      gradient methods <https://arxiv.org/abs/1901.08511>`_, 2020 (general weights).
    """
    weight = checks.check_number(name, "weight", weight)
    checks.check_choice(name, "previous", previous, STARTS)

    def init_fn(params: PyTree) -> OptimismState:
        checks.check_floats(name, "params", params, empty=True)
        return OptimismState(count=trees.new_count(), previous=optax.tree.zeros_like(params))

    def update_fn(
        updates: PyTree, state: OptimismState, params: PyTree | None = None, **extra: Any
    ) -> tuple[PyTree, OptimismState]:
        del extra
        checks.check_floats(name, "updates", updates, empty=True)
        checks.check_match(name, updates, params)
        checks.check_state(name, state, OptimismState, updates, "previous")
        w = calls.value_at(weight, state.count)
        at_start = (state.count == 0) if previous == "first" else jnp.zeros((), bool)

        def extrapolate(g: jax.Array, last: jax.Array) -> jax.Array:
            change = g - jnp.where(at_start, g, last)
            return g + w.astype(change.dtype) * change

        return jax.tree.map(extrapolate, updates, state.previous), OptimismState(
            count=trees.increment(state.count),
            previous=jax.tree.map(
                lambda g, last: jnp.asarray(g).astype(last.dtype), updates, state.previous
            ),
        )

    return transformation(init_fn, update_fn)
