"""What a game of this folder consists of."""

from collections.abc import Callable
from typing import NamedTuple

from minmax_jax._util.types import FieldFn, PayoffFn, Players, PyTree


class Game(NamedTuple):
    """A small game to try methods on; what it does not have is None.

    Attributes:
      field_fn: the field, `F(z) = (grad_x f, -grad_y f)`, or that of two losses.
      payoff_fn: the payoff f of a zero-sum game; None where each player has its own loss.
      start: where runs are commonly started.
      solution: the equilibrium, where it is known and unique: in general the min-max point.
      projection: the constraints, as `projection(players) -> players`; it takes the two
        players, or either one alone, so that `mm.project(projection)` serves any method.
      source: where the game comes from.
    """

    field_fn: FieldFn
    payoff_fn: PayoffFn | None = None
    start: Players | None = None
    solution: Players | None = None
    projection: Callable[[PyTree], PyTree] | None = None
    source: str | None = None
