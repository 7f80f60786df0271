"""Vector fields of zero-sum and general-sum games, with averaging over devices.

A payoff f(x, y), minimized over x and maximized over y, becomes the vector field
`F(z) = (grad_x f, -grad_y f)` at z = (x, y), the direction that both players *descend*. A
general-sum game, with one loss per player, becomes
`F(z) = (grad_x min_loss, grad_y max_loss)`. This file contains the only sign flip and the only
averages over devices.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_derivatives import linear_call

from minmax_jax._util import calls, checks, notes
from minmax_jax._util.types import Draw, Players, PyTree


@dataclasses.dataclass(frozen=True, eq=False)
class GameFunction:
    """Vector field or payoff of a game, as a function of `(players, draw=0)`.

    Instances compare by identity, so they can be static arguments of compiled functions.

    Attributes:
      evaluate: Function of `(players, draw)` that returns the value and the auxiliary output.
      name: Name used in error messages.
      has_aux: Whether calls return `(value, aux)`.
      axis_name: Mapped axis over which values are averaged, or None.
      general_sum: Whether this is the field of a general-sum game. Such a field does not
        contain the gradient of a player's loss with respect to the other player.
      stochastic: Whether the value may depend on `draw`.
    """

    evaluate: Callable[[Players, Any], tuple[Any, Any]]
    name: str
    has_aux: bool
    axis_name: str | None
    general_sum: bool = False
    stochastic: bool = True

    def __call__(self, players: Players, draw: Draw = 0) -> Any:
        """Checks the players, evaluates the function and averages over devices."""
        checks.check_players(self.name, "players", players)
        if self.axis_name is None or _axis_size(self.name, self.axis_name) == 1:
            value, aux = self.evaluate(players, draw)
        else:
            players = _mean_of_cotangents(players, self.axis_name)
            value, aux = _mean_of_values(self.evaluate(players, draw), self.axis_name)
        return (value, aux) if self.has_aux else value


def zero_sum(
    payoff: Callable[..., Any],
    *,
    stochastic: bool = False,
    has_aux: bool = False,
    axis_name: str | None = None,
) -> GameFunction:
    """Creates the vector field of a zero-sum game from its payoff.

    One backward pass computes the gradients of both players. XLA removes the part of a player
    that a method does not use.

    Args:
      payoff: Function `payoff(players) -> scalar`, or `payoff(players, draw) -> scalar` if
        `stochastic`. It is minimized over `players.min` and maximized over `players.max`.
      stochastic: Whether the payoff receives the sample index `draw`, the index of the
        evaluation within one update (or the PRNG key that `solve` makes from it).
      has_aux: Whether the payoff returns `(scalar, aux)`. If so, the field returns
        `(Players, aux)`.
      axis_name: Mapped axis (`pmap`, or `shard_map` with `check_vma=False`) over which the
        field and the float leaves of aux are averaged, so that F, J v and Jᵀ v refer to the
        whole batch. Other leaves of aux stay local to each device. Under `shard_map` with
        its default checks, autodiff already sums over devices: leave it None and divide by
        the axis size. Inside the mapped function, an averaged field does not support
        `jax.vmap`, because `jax.custom_derivatives.linear_call` does not.

    Returns:
      A function `field_fn(players, draw=0)` that returns the field, with the structure, shapes
      and dtypes of `players`.

    Raises:
      TypeError: If `payoff` is not callable. While tracing, if `players` is not a `Players` of
        floating-point trees or the payoff returns a tuple of the wrong form.
      ValueError: While tracing, if the payoff is not a real scalar or a player has no leaves.

    Examples:
      >>> import minmax_jax as mm
      >>> field_fn = mm.zero_sum(lambda z: z.min * z.max)
      >>> field = field_fn(mm.Players(2.0, 3.0))
      >>> print(field.min, field.max)
      3.0 -2.0
    """
    value_fn = scalar_function("zero_sum", "payoff", payoff, stochastic, has_aux)

    def evaluate(players: Players, draw: Draw) -> tuple[Players, Any]:
        gradient, aux = jax.grad(value_fn, has_aux=True)(players, draw)
        return Players(gradient.min, jax.tree.map(jnp.negative, gradient.max)), aux

    return GameFunction(evaluate, "zero_sum", has_aux, axis_name, stochastic=stochastic)


def general_sum(
    min_loss: Callable[..., Any],
    max_loss: Callable[..., Any],
    *,
    stochastic: bool = False,
    has_aux: bool = False,
    axis_name: str | None = None,
) -> GameFunction:
    """Creates the vector field of a game in which each player minimizes its own loss.

    Args:
      min_loss: Function `min_loss(players) -> scalar`, minimized over `players.min`.
      max_loss: Function `max_loss(players) -> scalar`, *minimized* over `players.max` (for
        example, the cross-entropy of a discriminator). No sign is flipped.
      stochastic: Whether both losses receive the sample index `draw`, as in `zero_sum`.
      has_aux: Whether both losses return `(scalar, aux)`. If so, the field returns
        `(Players, Players)`, where the second holds the aux of both losses.
      axis_name: Mapped axis over which the field and the float leaves of aux are averaged, as
        in `zero_sum`.

    Returns:
      A function `field_fn(players, draw=0)` that returns
      `(grad_x min_loss, grad_y max_loss)`.

    Raises:
      TypeError: If a loss is not callable. While tracing, if `players` is not a `Players` of
        floating-point trees or a loss returns a tuple of the wrong form.
      ValueError: While tracing, if a loss is not a real scalar or a player has no leaves.

    Examples:
      >>> import minmax_jax as mm
      >>> field_fn = mm.general_sum(lambda z: z.min * z.max, lambda z: z.max**2)
      >>> field = field_fn(mm.Players(2.0, 3.0))
      >>> print(field.min, field.max)
      3.0 6.0
    """
    x_loss = scalar_function("general_sum", "min_loss", min_loss, stochastic, has_aux)
    y_loss = scalar_function("general_sum", "max_loss", max_loss, stochastic, has_aux)

    def evaluate(z: Players, draw: Draw) -> tuple[Players, Any]:
        grad_x, aux_x = jax.grad(lambda x: x_loss(Players(x, z.max), draw), has_aux=True)(z.min)
        grad_y, aux_y = jax.grad(lambda y: y_loss(Players(z.min, y), draw), has_aux=True)(z.max)
        return Players(grad_x, grad_y), Players(aux_x, aux_y)

    return GameFunction(
        evaluate, "general_sum", has_aux, axis_name, general_sum=True, stochastic=stochastic
    )


def payoff(
    payoff: Callable[..., Any],
    *,
    stochastic: bool = False,
    has_aux: bool = False,
    axis_name: str | None = None,
) -> GameFunction:
    """Creates a payoff function that is averaged over devices.

    Methods that compare payoffs (accept or reject) take it as `payoff_fn`, as does `solve`.

    Args:
      payoff: Function `payoff(players) -> scalar`, or `payoff(players, draw) -> scalar` if
        `stochastic`.
      stochastic: Whether the payoff receives the sample index `draw`, as in `zero_sum`.
      has_aux: Whether the payoff returns `(scalar, aux)`. If so, the result does too.
      axis_name: Mapped axis over which the value and the float leaves of aux are averaged, as
        in `zero_sum`.

    Returns:
      A function `payoff_fn(players, draw=0)` that returns the payoff as a scalar.

    Raises:
      TypeError: If `payoff` is not callable. While tracing, if `players` is not a `Players` of
        floating-point trees or the payoff returns a tuple of the wrong form.
      ValueError: While tracing, if the payoff is not a real scalar or a player has no leaves.

    Examples:
      >>> import minmax_jax as mm
      >>> payoff_fn = mm.payoff(lambda z: z.min * z.max)
      >>> print(payoff_fn(mm.Players(2.0, 3.0)))
      6.0
    """
    value_fn = scalar_function("payoff", "payoff", payoff, stochastic, has_aux)
    return GameFunction(value_fn, "payoff", has_aux, axis_name, stochastic=stochastic)


def scalar_function(
    function: str,
    argument: str,
    loss: Callable[..., Any],
    stochastic: bool,
    has_aux: bool,
    of: str = "players",
) -> Callable[[Any, Any], tuple[jax.Array, Any]]:
    """Returns `loss` as a function of `(players, draw)` that returns a checked `(scalar, aux)`.

    `of` is the name of its first argument in error messages.
    """
    for name, flag in (("stochastic", stochastic), ("has_aux", has_aux)):
        checks.check_choice(function, name, flag, (True, False))
    names = (of, "draw") if stochastic else (of,)
    remedy = f"Pass stochastic={not stochastic}, or change its arguments."
    if of == "players":
        remedy += " The players are in one argument: players.min and players.max."
    checks.check_signature(function, argument, loss, names, remedy)

    def value_fn(players: Any, draw: Draw) -> tuple[jax.Array, Any]:
        if stochastic:
            out = calls.call_with_draw(function, argument, loss, players, draw, of)
        else:
            with notes.naming(function, argument, **{of: players}):
                out = loss(players)
        if has_aux and not (isinstance(out, tuple) and len(out) == 2):
            raise TypeError(
                f"{function}: with has_aux=True, {argument} must return (scalar, aux), "
                f"got {type(out).__name__}."
            )
        value, aux = out if has_aux else (out, None)
        if isinstance(value, tuple):
            raise TypeError(
                f"{function}: {argument} must return a scalar, got a tuple. "
                "Pass has_aux=True if it returns (scalar, aux)."
            )
        if not checks.is_real_scalar(value):
            raise ValueError(
                f"{function}: {argument} must return a real scalar, got "
                f"{checks.described(value)}. {checks.scalar_remedy(value)}"
            )
        return jnp.asarray(value), aux

    return value_fn


def _axis_size(name: str, axis_name: str) -> int:
    """Returns the size of an axis, or raises ValueError if no function is mapped over it here."""
    try:
        return lax.axis_size(axis_name)
    except NameError:
        raise ValueError(
            f"{name}: axis_name must be an axis that is mapped here, got {axis_name!r}. Call it "
            "inside jax.pmap or jax.shard_map over this axis, or leave axis_name out."
        ) from None


def _mean_of_cotangents(tree: PyTree, axis_name: str) -> PyTree:
    """Returns `tree` unchanged, and averages its cotangents over devices.

    Without it, `jax.vjp` through an averaged field returns each device's own Jᵀ v. It is
    applied leaf by leaf, because `linear_call` does not support a tangent that is zero in
    some leaves only (a derivative along one player). XLA fuses the all-reduces into one.
    """

    def mean(_: Any, cotangent: Any) -> Any:
        return lax.pmean(cotangent, axis_name)

    return jax.tree.map(lambda leaf: linear_call(lambda _, x: x, mean, (), leaf), tree)


def _mean_of_values(tree: PyTree, axis_name: str) -> PyTree:
    """Returns `tree` with every float leaf replaced by its mean over devices.

    Cotangents pass through unchanged, because all devices receive the same cotangent for an
    averaged value.
    """

    def mean(_: Any, value: Any) -> Any:
        return lax.pmean(value, axis_name)

    def average(leaf: Any) -> Any:
        if not jnp.issubdtype(jnp.result_type(leaf), jnp.inexact):
            return leaf
        return linear_call(mean, lambda _, cotangent: cotangent, (), jnp.asarray(leaf))

    return jax.tree.map(average, tree)
