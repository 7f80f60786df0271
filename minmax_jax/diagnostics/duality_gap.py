"""How much the two players together could gain by answering each other."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import lax

from minmax_jax._util import checks
from minmax_jax._util.types import FieldFn, PayoffFn, Players

Responses = Callable[[Players], Players]


def duality_gap(
    payoff_fn: PayoffFn,
    players: Players,
    *,
    best_responses: Responses | None = None,
    field_fn: FieldFn | None = None,
    tx: Any = None,
    num_steps: int | None = None,
    starts: Sequence[Players] = (),
) -> jax.Array:
    """Returns `max_y' f(x, y') − min_x' f(x', y)`: zero at an equilibrium, positive elsewhere.

    Exact with `best_responses`. Otherwise each player searches with the same stated budget:
    `num_steps` of `tx` on its own side of the field, the other held still, from where it is
    and from its side of each of `starts`. The best of all points visited counts, where it
    stands among them; so the figure is never negative, and is a lower bound of the gap that
    grows with the budget. Compare points by the same budget and the same starts only.

    Payoffs are compared at draw 0; step i of a search sees the field of draw i, from 1 on.
    Price, for s starts: 2 (s + 1) `num_steps` evaluations each of the field and of the
    payoff; with best responses, two payoffs.

    Args:
      payoff_fn: the payoff f, from `payoff`.
      players: the point (x, y).
      best_responses: `players -> Players(min=argmin f(·, y), max=argmax f(x, ·))`, such as
        `best_vertices(field_fn)` for matrix games.
      field_fn: the field, for the search.
      tx: an Optax transformation, for the search, or `Players` of two; a constrained game
        needs `mm.project` in it.
      num_steps: steps of each search.
      starts: further points to search from.

    Returns:
      A scalar, of the payoff's dtype. inf where a search finds no bound; points where the
      payoff is NaN do not count.

    Raises:
      TypeError, ValueError: unless there are best responses, or field_fn, tx and num_steps.

    Examples:
      The rock against an even mixture loses one game more than it wins, at worst:

      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> game = mm.games.matrix()
      >>> z = mm.Players(jnp.array([1.0, 0.0, 0.0]), jnp.ones(3) / 3)
      >>> best = mm.diagnostics.best_vertices(game.field_fn)
      >>> print(mm.diagnostics.duality_gap(game.payoff_fn, z, best_responses=best))
      1.0

    References:
      Grnarova et al., `A domain agnostic measure for monitoring and evaluating GANs
      <https://arxiv.org/abs/1811.05512>`_, 2019.
    """
    checks.check_players("duality_gap", "players", players)
    if best_responses is not None:
        best = best_responses(players)
        worst_for_x = payoff_fn(Players(players.min, best.max), 0)
        return worst_for_x - payoff_fn(Players(best.min, players.max), 0)
    if field_fn is None or tx is None or num_steps is None:
        raise ValueError(
            "duality_gap: pass best_responses=, which makes it exact, or the budget of a search: "
            "field_fn=, tx= and num_steps=."
        )
    checks.check_count("duality_gap", "num_steps", num_steps, at_least=0)
    rules = tx if isinstance(tx, Players) else Players(tx, tx)
    for side, rule in zip(Players._fields, rules, strict=True):
        checks.check_transformation("duality_gap", f"tx ({side})", rule)
    for start in starts:
        checks.check_players("duality_gap", "starts", start)
        checks.check_match("duality_gap", start, players)
    begins = [jax.tree.map(_strong, point) for point in (players, *starts)]
    players = begins[0]
    highest, lowest = [], []
    for begin in begins:
        highest.append(_search(payoff_fn, field_fn, players, begin, "max", rules.max, num_steps))
        lowest.append(_search(payoff_fn, field_fn, players, begin, "min", rules.min, num_steps))
    own = payoff_fn(players, 0)
    return jnp.fmax(own, jnp.stack(highest).max()) - jnp.fmin(own, jnp.stack(lowest).min())


def best_vertices(field_fn: FieldFn) -> Responses:
    """Returns the best responses of a game that is bilinear on two simplices.

    A linear payoff has its extremes at vertices: the coordinate in which the player's side
    of the field, which it descends, is smallest; the first of several.

    Args:
      field_fn: the field of `games.matrix`, say; each player is one vector.

    Returns:
      `players -> Players` of two one-hot vectors, for `duality_gap`.

    Examples:
      Mostly rock is best answered by paper, from either seat.

      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> game = mm.games.matrix()
      >>> x = jnp.array([0.5, 0.3, 0.2])
      >>> best = mm.diagnostics.best_vertices(game.field_fn)(mm.Players(x, x))
      >>> print(best.min, best.max)
      [0. 1. 0.] [0. 1. 0.]
    """

    def responses(players: Players) -> Players:
        field = field_fn(players, 0)
        return jax.tree.map(
            lambda side: jax.nn.one_hot(jnp.argmin(side), side.size, dtype=side.dtype), field
        )

    return responses


def _search(
    payoff_fn: PayoffFn,
    field_fn: FieldFn,
    players: Players,
    begin: Players,
    side: str,
    tx: optax.GradientTransformation,
    num_steps: int,
) -> jax.Array:
    """Returns the best payoff for `side` on its way from `begin`, the other held still."""
    tx = optax.with_extra_args_support(tx)
    better = jnp.fmax if side == "max" else jnp.fmin

    def at(own: Any) -> Players:
        return players._replace(**{side: own})

    def step_fn(carry: Any, draw: jax.Array) -> tuple[Any, None]:
        own, state, best = carry
        field = getattr(field_fn(at(own), draw), side)
        updates, state = tx.update(field, state, own)
        own = optax.apply_updates(own, updates)
        return (own, state, better(best, payoff_fn(at(own), 0))), None

    own = getattr(begin, side)
    carry = (own, tx.init(own), payoff_fn(at(own), 0))
    return lax.scan(step_fn, carry, jnp.arange(1, num_steps + 1))[0][2]


def _strong(leaf: Any) -> jax.Array:
    array = jnp.asarray(leaf)
    return lax.convert_element_type(array, array.dtype)
