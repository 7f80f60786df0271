"""TiAda's step sizes, which adapt to the time scales of both players."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax._util import checks, norms, trees
from minmax_jax._util.types import Players, PyTree, transformation

VARIANTS = ("coordinate", "scalar", "adam")


class TiAdaState(NamedTuple):
    """State of `scale_by_tiada`. Accumulators are float32 or wider.

    Attributes:
      count: Number of updates so far (int32 scalar).
      sums: Sums of squared gradients, or Adam's second moments. None for `"scalar"`.
      mu: Adam's first moments. None for the other variants.
      norms: Square roots of each player's sum of squared gradient norms, for `"scalar"`, or None.
    """

    count: jax.Array
    sums: Any
    mu: Any
    norms: Any


def scale_by_tiada(
    variant: str,
    powers: Players,
    *,
    b1: Any,
    b2: Any,
    eps: Any,
    eps_root: Any,
    name: str = "scale_by_tiada",
) -> optax.GradientTransformationExtraArgs:
    """Divides the field by powers of accumulated squares of both players.

    See `tiada` for the formulas and the arguments.

    Args:
      variant: `"coordinate"`, `"scalar"` or `"adam"`.
      powers: `Players` of the powers α and β.
      b1: Decay rate of Adam's first moment.
      b2: Decay rate of Adam's second moment.
      eps: Term added to the denominator.
      eps_root: Term added to the accumulators.
      name: Name used in error messages.

    Returns:
      A gradient transformation for `Players`.

    Raises:
      ValueError: If `variant` is unknown.
    """
    checks.check_choice(name, "variant", variant, VARIANTS)

    def init_fn(params: Players) -> TiAdaState:
        checks.check_whole_players(name, "params", params)
        wide, dtype = trees.widen(params), trees.wide_dtype(params)
        is_scalar = variant == "scalar"
        return TiAdaState(
            count=trees.new_count(),
            sums=None if is_scalar else optax.tree.zeros_like(wide),
            mu=optax.tree.zeros_like(wide) if variant == "adam" else None,
            norms=Players(jnp.zeros((), dtype), jnp.zeros((), dtype)) if is_scalar else None,
        )

    def update_fn(
        updates: Players, state: TiAdaState, params: Players | None = None, **extra: Any
    ) -> tuple[Players, TiAdaState]:
        del extra
        checks.check_whole_players(name, "updates", updates)
        checks.check_match(name, updates, params)
        checks.check_state(name, state, TiAdaState, updates, "sums", "mu")
        field, count = trees.widen(updates), trees.increment(state.count)
        if variant == "scalar":
            steps, lengths = _divided_by_norms(field, state.norms, powers, eps, eps_root)
            state = TiAdaState(count=count, sums=None, mu=None, norms=lengths)
            return trees.cast_like(steps, updates), state
        mu, first, second = None, 1.0, 1.0
        if variant == "adam":
            mu = optax.tree.update_moment(field, state.mu, b1, 1)
            sums = optax.tree.update_moment(field, state.sums, b2, 2)
            number = count.astype(float)  # Strict promotion of dtypes refuses an int.
            first, second = 1 - b1**number, jnp.sqrt(1 - b2**number)
        else:
            sums = jax.tree.map(lambda s, g: s + jnp.square(g), state.sums, field)
        direction = field if mu is None else mu
        totals = Players(*map(_total, sums))

        def side(direction: PyTree, sums: PyTree, power: Any, factor: Any) -> PyTree:
            def divided(m: jax.Array, s: jax.Array) -> jax.Array:
                root = _power(s + jnp.asarray(eps_root, s.dtype), power) / second
                root = root.astype(s.dtype) + jnp.asarray(eps, s.dtype)
                return m * (factor / first).astype(m.dtype) / root

            return jax.tree.map(divided, direction, sums)

        factors = (_ratio(totals, powers.min), jnp.ones(()))
        steps = Players(*map(side, direction, sums, powers, factors))
        state = TiAdaState(count=count, sums=sums, mu=mu, norms=None)
        return trees.cast_like(steps, updates), state

    return transformation(init_fn, update_fn)


def _divided_by_norms(
    field: Players, lengths: Players, powers: Players, eps: Any, eps_root: Any
) -> tuple[Players, Players]:
    """Returns the steps of the scalar variant and its new accumulators.

    An accumulator is the root of a sum of squares, which could overflow.
    """
    lengths = Players(
        *(jnp.hypot(v, norms.norm(g).astype(v.dtype)) for v, g in zip(lengths, field, strict=True))
    )
    sides = Players(jnp.maximum(*lengths), lengths.max)

    def side(field: PyTree, length: jax.Array, power: Any) -> PyTree:
        inside = jnp.hypot(length, jnp.sqrt(jnp.asarray(eps_root, length.dtype)))
        divisor = _power(inside, 2 * power) + jnp.asarray(eps, length.dtype)
        return jax.tree.map(lambda g: g / divisor.astype(g.dtype), field)

    return Players(*map(side, field, sides, powers)), lengths


def _ratio(totals: Players, power: Any) -> jax.Array:
    """Returns `x^α / max(x^α, y^α)` for the totals x and y, or 1 if both are zero.

    Both totals may be infinite. The unused branches have finite derivatives.
    """
    x, y = totals
    is_larger, is_zero = x >= y, x == 0
    quotient = jnp.where(is_larger | is_zero, 1, x / jnp.where(is_larger, 1, y))
    return jnp.where(is_larger, 1, jnp.where(is_zero, 0, _power(quotient, power)))


def _total(sums: PyTree) -> jax.Array:
    parts = [jnp.sum(leaf) for leaf in jax.tree.leaves(sums)]
    dtype = jnp.result_type(*parts)
    return functools.reduce(jnp.add, [part.astype(dtype) for part in parts])


def _power(base: jax.Array, exponent: Any) -> jax.Array:
    return jnp.power(base, jnp.asarray(exponent).astype(base.dtype))
