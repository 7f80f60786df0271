"""Lazy regularization as an optimizer step of its own."""

from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import optax
from jax import lax

from minmax_jax._util import calls, checks, trees
from minmax_jax._util.types import FieldFn, Players, PyTree, transformation


class LazyState(NamedTuple):
    """State of `regularize_lazily`.

    Attributes:
      count: Number of steps so far, without the additional ones (int32 scalar).
      inner: State of the optimizer.
    """

    count: jax.Array
    inner: Any


def regularize_lazily(
    tx: optax.GradientTransformation, *, every: int, player: str = "max"
) -> optax.GradientTransformationExtraArgs:
    """Adds a step along the field of a penalty after every k-th step of one player.

    Let F_y be the player's field without the penalty, P_y the field of the penalty, and Y the
    step computed by `tx`, of which both steps use the same state. With k = `every`, step number
    t = 0, 1, … of the player is

        y⁺ = y + Y(F_y(x, y))
        y⁺ = y⁺ + Y(P_y(x, y⁺))    if t is a multiple of k

    Since P is used in every k-th step only, give the penalty k times its weight. An optimizer
    with moments averages over k + 1 steps where it would average over k, so StyleGAN2 multiplies
    the learning rate by k / (k + 1) and raises b1 and b2 to this power.

    Use it for a player inside `alternate`. The optimizer's `update` receives the penalty as the
    keyword argument `penalty_field_fn`, a field function of both players; only this player's half
    is used. Its sample index is t.

    **Cost.** One evaluation of one player's half of the penalty's field per k steps. A
    conditional skips it in the other steps, except under `vmap`.

    Args:
      tx: Optimizer of the player, any Optax transformation.
      every: Number of steps k from one additional step to the next.
      player: Player that `tx` optimizes, `"max"` or `"min"`.

    Returns:
      A gradient transformation for the parameters of one player. Its `update` requires `params`
      and the keyword arguments `penalty_field_fn` and `players`, which `alternate` passes.

    Raises:
      TypeError: If `tx` is not an Optax gradient transformation, or `every` is not an int.
      ValueError: If `every` is less than 1 or `player` is unknown. In `update`, if params,
        players or penalty_field_fn is missing.

    Examples:
      On f = xy with the penalty y², alternating descent–ascent converges:

      >>> import jax
      >>> import optax
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> penalty_field_fn = mm.zero_sum(lambda z: -4 * z.max**2)
      >>> tx = mm.alternate(
      ...     min=optax.sgd(0.1), max=mm.regularize_lazily(optax.sgd(0.1), every=4)
      ... )
      >>> @jax.jit
      ... def step(z, state):
      ...     updates, state = tx.update(
      ...         field_fn(z), state, z, field_fn=field_fn, penalty_field_fn=penalty_field_fn
      ...     )
      ...     return mm.apply_updates(z, updates), state
      >>> z = mm.Players(1.0, 1.0)
      >>> state = tx.init(z)
      >>> for _ in range(200):
      ...     z, state = step(z, state)
      >>> bool(z.min**2 + z.max**2 < 1e-3)
      True

    References:
      Karras et al., `Analyzing and improving the image quality of StyleGAN
      <https://arxiv.org/abs/1912.04958>`_, 2020, appendix B.
    """
    name = "regularize_lazily"
    tx = checks.check_transformation(name, "tx", tx)
    every = checks.check_count(name, "every", every)
    checks.check_choice(name, "player", player, Players._fields)

    def init_fn(params: PyTree) -> LazyState:
        return LazyState(count=trees.new_count(), inner=tx.init(params))

    def update_fn(
        updates: PyTree,
        state: LazyState,
        params: PyTree | None = None,
        *,
        players: Players | None = None,
        penalty_field_fn: FieldFn | None = None,
        **extra: Any,
    ) -> tuple[PyTree, LazyState]:
        checks.check_state(name, state, LazyState)
        penalty_field_fn = _check_inputs(name, params, players, penalty_field_fn)
        main = calls.inner_call(extra, 0)
        step, inner = tx.update(updates, state.inner, params, **main)

        def regularized(step: PyTree, inner: Any) -> tuple[PyTree, Any]:
            now: Any = optax.apply_updates(cast(Any, params), step)
            both = players._replace(**{player: now})  # pyright: ignore[reportOptionalMemberAccess]
            field = getattr(penalty_field_fn(both, state.count), player)
            more, inner = tx.update(field, inner, now, **calls.inner_call(extra, 1))
            return trees.cast_like(optax.tree.add(step, more), step), inner

        if every == 1:
            step, inner = regularized(step, inner)
        else:
            due = state.count % every == 0
            step = jax.tree.map(jnp.asarray, step)
            step, inner = lax.cond(due, regularized, lambda *both: both, step, inner)
        return step, LazyState(count=trees.increment(state.count, every), inner=inner)

    return transformation(init_fn, update_fn)


def _check_inputs(name: str, params: Any, players: Any, penalty_field_fn: Any) -> FieldFn:
    """Returns the penalty's field with checked values, or raises an error if it cannot be used."""
    if penalty_field_fn is None:
        raise ValueError(
            f"{name}: update needs penalty_field_fn= as a keyword, the field of the penalty alone. "
            "Build it with mm.zero_sum or mm.general_sum."
        )
    if params is None or players is None:
        raise ValueError(
            f"{name}: update needs params and players=, the parameters of both players. Use it "
            "inside mm.alternate, which passes them."
        )
    return checks.check_game_function(name, "penalty_field_fn", penalty_field_fn)
