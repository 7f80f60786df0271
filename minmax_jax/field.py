"""Games as fields: the one sign flip and the one averaging over devices.

A payoff f(x, y), which x minimises and y maximises, becomes the field
`F(z) = (grad_x f, -grad_y f)` at z = (x, y): the direction that both players
*descend*. A general-sum game, one loss per player, becomes
`F(z) = (grad_x min_loss, grad_y max_loss)`.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_derivatives import linear_call

from minmax_jax._util import checks
from minmax_jax._util.types import Draw, FieldFn, PayoffFn, Players, PyTree

Oracle = Callable[[Players, Draw], tuple[Any, Any]]


def zero_sum(
    payoff: Callable[..., Any],
    *,
    stochastic: bool = False,
    has_aux: bool = False,
    axis_name: str | None = None,
) -> FieldFn:
    """Makes the field of a zero-sum game from its payoff.

    Both players' gradients come from one backward pass; the part of a player that a
    method does not use is dead code, which XLA removes.

    Args:
      payoff: `payoff(players) -> scalar`, or `payoff(players, draw) -> scalar` if
        `stochastic`. `players.min` minimises it, `players.max` maximises it.
      stochastic: whether the payoff takes the draw, the index of the oracle call
        within one update (or the key that `solve` makes from it).
      has_aux: whether the payoff returns `(scalar, aux)`; then the field returns
        `(Players, aux)`.
      axis_name: the mapped axis (`pmap`, or `shard_map` with `check_vma=False`) over
        which the field and float leaves of aux are averaged, so that F, J v and Jᵀ v
        are those of the whole batch. Other leaves of aux stay each device's own. Under
        `shard_map` with its default checking, autodiff sums over devices already: leave
        it None there and divide by the axis size. A field averaged so has no rule for
        `jax.vmap` inside the mapped function (`jax.custom_derivatives.linear_call`).

    Returns:
      `field_fn(players, draw=0)`, with the structure, shapes and dtypes of `players`.

    Raises:
      TypeError, ValueError: while tracing, if players are no `Players` of float trees
        or the payoff is not a real scalar.

    Examples:
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> field = field_fn(mm.Players(2.0, 3.0))
      >>> print(field.min, field.max)
      3.0 -2.0
    """
    value_fn = _scalar("zero_sum", "payoff", payoff, stochastic, has_aux)

    def oracle(players: Players, draw: Draw) -> tuple[Players, Any]:
        gradient, aux = jax.grad(value_fn, has_aux=True)(players, draw)
        return Players(gradient.min, jax.tree.map(jnp.negative, gradient.max)), aux

    return _oracle("zero_sum", oracle, has_aux, axis_name)


def general_sum(
    min_loss: Callable[..., Any],
    max_loss: Callable[..., Any],
    *,
    stochastic: bool = False,
    has_aux: bool = False,
    axis_name: str | None = None,
) -> FieldFn:
    """Makes the field of a game in which each player minimises a loss of its own.

    Args:
      min_loss: `min_loss(players) -> scalar`, which `players.min` minimises.
      max_loss: likewise, which `players.max` *minimises* (a discriminator's
        cross-entropy, say): no sign is flipped here.
      stochastic: as in `zero_sum`, for both losses.
      has_aux: as in `zero_sum`; the field's aux is `Players` of the two losses' aux.
      axis_name: as in `zero_sum`.

    Returns:
      `field_fn(players, draw=0)`: `(grad_x min_loss, grad_y max_loss)`.

    Raises:
      TypeError, ValueError: as `zero_sum`.

    Examples:
      >>> import minmax_jax as mm
      >>> field_fn = mm.general_sum(lambda z: z.min * z.max, lambda z: z.max**2)
      >>> field = field_fn(mm.Players(2.0, 3.0))
      >>> print(field.min, field.max)
      3.0 6.0
    """
    x_loss = _scalar("general_sum", "min_loss", min_loss, stochastic, has_aux)
    y_loss = _scalar("general_sum", "max_loss", max_loss, stochastic, has_aux)

    def oracle(z: Players, draw: Draw) -> tuple[Players, Any]:
        grad_x, aux_x = jax.grad(lambda x: x_loss(Players(x, z.max), draw), has_aux=True)(z.min)
        grad_y, aux_y = jax.grad(lambda y: y_loss(Players(z.min, y), draw), has_aux=True)(z.max)
        return Players(grad_x, grad_y), Players(aux_x, aux_y)

    field_fn = _oracle("general_sum", oracle, has_aux, axis_name)
    field_fn.general_sum = True  # for methods that would have to know a loss as well (unrolled)
    return field_fn


def payoff(
    payoff: Callable[..., Any],
    *,
    stochastic: bool = False,
    has_aux: bool = False,
    axis_name: str | None = None,
) -> PayoffFn:
    """Makes `payoff_fn(players, draw=0) -> scalar`, averaged over devices.

    For methods that compare values (accept or reject) and for `solve(payoff_fn=)`.
    Arguments and errors as in `zero_sum`; with `has_aux` it returns `(scalar, aux)`.

    Examples:
      >>> import minmax_jax as mm
      >>> payoff_fn = mm.payoff(lambda z: z.min * z.max)
      >>> print(payoff_fn(mm.Players(2.0, 3.0)))
      6.0
    """
    return _oracle(
        "payoff", _scalar("payoff", "payoff", payoff, stochastic, has_aux), has_aux, axis_name
    )


def accumulate(
    oracle: Callable[..., Any],
    num_parts: int,
    *,
    has_aux: bool = False,
    axis_name: str | None = None,
) -> Callable[..., Any]:
    """Averages a field or payoff over the parts of a batch, one after another, then over devices.

    For batches that do not fit: the parts pass in one `lax.scan`, only one of them is in
    memory, and devices are averaged over once, after it. Whatever asks for the result (any
    method of the library) need not know. A derivative of it, J v or Jᵀ v, passes part by part
    too; for Jᵀ v each part is evaluated once more, so that none has to be kept.

    Args:
      oracle: what `zero_sum`, `general_sum` or `payoff` made with `stochastic=True` and
        without `axis_name`. Its payoffs get the pair `(draw, part)` in place of the draw, part
        an int32 in 0 … num_parts − 1 (the int 0 if there is only one).
      num_parts: parts of equal size.
      has_aux: as in `zero_sum`; the float leaves of aux are averaged, others the last part's.
      axis_name: as in `zero_sum`.

    Returns:
      A function of `(players, draw=0)`, like `oracle`.

    Raises:
      TypeError, ValueError: for an oracle that is no function, or num_parts below 1.

    Examples:
      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> rows = jnp.arange(6.0).reshape(3, 2)  # a batch of six in three parts
      >>> def payoff(z, draw):
      ...     return jnp.mean(rows[draw[1]]) * z.min * z.max
      >>> field_fn = mm.accumulate(mm.zero_sum(payoff, stochastic=True), 3)
      >>> field = field_fn(mm.Players(1.0, 2.0))
      >>> print(field.min, field.max)
      5.0 -2.5
    """
    checks.check_count("accumulate", "num_parts", num_parts)
    if not callable(oracle):
        raise TypeError(f"accumulate: oracle must be callable, got {oracle!r}.")

    def one(players: Players, draw: Draw, part: Any) -> tuple[Any, Any]:
        out = oracle(players, (draw, part))
        return out if has_aux else (out, None)

    def mean(players: Players, draw: Draw) -> tuple[Any, Any]:
        if num_parts == 1:
            return one(players, draw, 0)

        @jax.checkpoint
        def add(total: Any, part: jax.Array) -> tuple[Any, None]:
            return jax.tree.map(_add, total, one(players, draw, part)), None

        shapes = jax.eval_shape(one, players, draw, jnp.int32(0))
        total, _ = lax.scan(add, jax.tree.map(_zero, shapes), jnp.arange(num_parts))
        return jax.tree.map(lambda s, t: _share(t, num_parts).astype(s.dtype), shapes, total)

    averaged = _oracle("accumulate", mean, has_aux, axis_name)
    if getattr(oracle, "general_sum", False):
        averaged.general_sum = True
    return averaged


def _zero(shape: Any) -> jax.Array:
    """Where a sum begins: in float32 at least, so that many bfloat16 parts add up."""
    narrow = jnp.issubdtype(shape.dtype, jnp.floating) and jnp.finfo(shape.dtype).bits < 32
    return jnp.zeros(shape.shape, jnp.float32 if narrow else shape.dtype)


def _add(total: jax.Array, value: jax.Array) -> jax.Array:
    floating = jnp.issubdtype(total.dtype, jnp.inexact)
    return total + value.astype(total.dtype) if floating else value


def _share(total: jax.Array, num_parts: int) -> jax.Array:
    return total / num_parts if jnp.issubdtype(total.dtype, jnp.inexact) else total


def _scalar(
    function: str, argument: str, loss: Callable[..., Any], stochastic: bool, has_aux: bool
) -> Oracle:
    """Makes `(players, draw) -> (scalar, aux)` of whatever form `loss` has, and checks it."""
    if not callable(loss):
        raise TypeError(f"{function}: {argument} must be callable, got {loss!r}.")

    def value_fn(players: Players, draw: Draw) -> tuple[jax.Array, Any]:
        out = loss(players, draw) if stochastic else loss(players)
        if has_aux and not (isinstance(out, tuple) and len(out) == 2):
            raise TypeError(
                f"{function}: with has_aux=True {argument} must return (scalar, aux), "
                f"got {type(out).__name__}."
            )
        value, aux = out if has_aux else (out, None)
        if isinstance(value, tuple):
            raise TypeError(
                f"{function}: {argument} must return a scalar, got a tuple; "
                "pass has_aux=True if it returns (scalar, aux)."
            )
        shape, dtype = jnp.shape(value), jnp.result_type(value)
        if shape != () or not jnp.issubdtype(dtype, jnp.floating):
            raise ValueError(
                f"{function}: {argument} must return a real scalar, got shape {shape} and dtype "
                f"{dtype}; reduce it, for example with jnp.mean."
            )
        return jnp.asarray(value), aux

    return value_fn


def _oracle(function: str, oracle: Oracle, has_aux: bool, axis_name: str | None) -> Any:
    """Checks the players, averages over devices, and drops the aux that nobody asked for."""

    def oracle_fn(players: Players, draw: Draw = 0) -> Any:
        checks.check_players(function, "players", players)
        if axis_name is None:
            value, aux = oracle(players, draw)
        else:
            value, aux = _mean_out(oracle(_mean_back(players, axis_name), draw), axis_name)
        return (value, aux) if has_aux else value

    return oracle_fn


def _mean_back(tree: PyTree, axis_name: str) -> PyTree:
    """The way in: the identity, whose transpose is the mean over devices.

    Without it `jax.vjp` through an averaged field returns each device's own Jᵀ v. Leaf by
    leaf, because `linear_call` has no rule for a tangent that is zero in some leaves only
    (a derivative along one player); XLA fuses the all-reduces into one.
    """

    def mean(_: Any, cotangent: Any) -> Any:
        return lax.pmean(cotangent, axis_name)

    return jax.tree.map(lambda leaf: linear_call(lambda _, x: x, mean, (), leaf), tree)


def _mean_out(tree: PyTree, axis_name: str) -> PyTree:
    """The way out: the mean over devices of every float leaf.

    Its transpose is the identity: cotangents of an averaged value are alike everywhere.
    """

    def mean(_: Any, value: Any) -> Any:
        return lax.pmean(value, axis_name)

    def average(leaf: Any) -> Any:
        if not jnp.issubdtype(jnp.result_type(leaf), jnp.inexact):
            return leaf
        return linear_call(mean, lambda _, cotangent: cotangent, (), jnp.asarray(leaf))

    return jax.tree.map(average, tree)
