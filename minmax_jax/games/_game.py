"""The type `Game`."""

from collections.abc import Callable
from typing import NamedTuple

from minmax_jax._util.types import FieldFn, PayoffFn, Players, PyTree


class Game(NamedTuple):
    """A small test game. Attributes that a game does not have are None.

    Attributes:
      field_fn: Vector field `F(z) = (grad_x f, -grad_y f)`, or the gradients of two losses.
      payoff_fn: Payoff f of a zero-sum game. None if each player has its own loss.
      start: Usual starting point.
      solution: Min-max point of a zero-sum game, or equilibrium of a general-sum game, if it is
        known and unique; otherwise None.
      projection: Projection onto the constraint set. It accepts `Players` or one player's
        parameters, so it can be passed as `projection` to every optimizer.
      source: Publication that the game comes from.
    """

    field_fn: FieldFn
    payoff_fn: PayoffFn | None
    start: Players
    solution: Players | None = None
    projection: Callable[[PyTree], PyTree] | None = None
    source: str | None = None
