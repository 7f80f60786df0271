"""The duality gap, which is the sum of the players' gains from best responses."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax import lax

from minmax_jax._util import checks, trees
from minmax_jax._util.types import FieldFn, PayoffFn, Players

Responses = Callable[[Players], Players]
"""Best responses: each player's best parameters against the other's current ones."""


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
    """Computes the duality gap `max_y' f(x, y') − min_x' f(x', y)`.

    The gap is zero at an equilibrium and positive elsewhere. With `best_responses` it is
    exact. Otherwise each player searches for a better response with the same budget:
    `num_steps` of `tx` on its side of the field, while the other player is fixed. It
    searches from its current parameters and from its side of each of `starts`, and the
    best payoff visited counts. The starting points count too, so the result is never
    negative. It is a lower bound of the gap that grows with the budget. Compare points only
    with the same budget and the same starts.

    Payoffs are compared at sample index 0. Step i of a search evaluates the field at
    sample index i, starting with 1.

    **Cost.** 2 (s + 1) `num_steps` field evaluations and as many payoff evaluations for s
    starts; two payoff evaluations with best responses.

    Args:
      payoff_fn: Payoff f, for example from `minmax_jax.payoff`.
      players: Point (x, y).
      best_responses: Function `players -> Players(min=argmin f(·, y), max=argmax f(x, ·))`,
        for example `best_vertices(field_fn)` for matrix games.
      field_fn: Vector field of the game, for the search.
      tx: Optimizer for the search, or `Players` of two optimizers. In a constrained game
        it must contain `minmax_jax.project`.
      num_steps: Number of steps of each search.
      starts: Further points at which to start a search.

    Returns:
      A scalar of the payoff's dtype. It is inf if a search diverges to an infinite payoff.
      Points with a NaN payoff are ignored.

    Raises:
      TypeError: If `players` or a start is not `Players` of floating-point trees, `tx` is
        not an Optax gradient transformation, or `num_steps` is not an int.
      ValueError: If neither `best_responses` nor all of `field_fn`, `tx` and `num_steps`
        are given, or a start has another tree structure than `players`.

    Examples:
      If the min player always plays rock and the max player mixes evenly, only the max player
      can gain, by 1 with paper:

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
    payoff_fn = checks.check_game_function("duality_gap", "payoff_fn", payoff_fn)
    if best_responses is not None:
        best = best_responses(players)
        worst_for_x = payoff_fn(Players(players.min, best.max), 0)
        return worst_for_x - payoff_fn(Players(best.min, players.max), 0)
    if field_fn is None or tx is None or num_steps is None:
        raise ValueError(
            "duality_gap: pass best_responses= for the exact gap, or field_fn=, tx= and "
            "num_steps= for a search."
        )
    checked_field: FieldFn = checks.check_game_function("duality_gap", "field_fn", field_fn)
    num_steps = checks.check_count("duality_gap", "num_steps", num_steps, at_least=0)
    txs = trees.by_side(tx)
    min_tx = checks.check_transformation("duality_gap", "tx (min)", txs.min)
    max_tx = checks.check_transformation("duality_gap", "tx (max)", txs.max)
    for start in starts:
        checks.check_players("duality_gap", "starts", start)
        checks.check_same_structure(
            "duality_gap",
            {"starts": start, "players": players},
            "Pass starts with the tree structure of players.",
        )
    begins = [trees.strongly_typed(point) for point in (players, *starts)]
    players = begins[0]
    highest, lowest = [], []
    for begin in begins:
        highest.append(_search(payoff_fn, checked_field, players, begin, "max", max_tx, num_steps))
        lowest.append(_search(payoff_fn, checked_field, players, begin, "min", min_tx, num_steps))
    own = payoff_fn(players, 0)
    return jnp.fmax(own, jnp.stack(highest).max()) - jnp.fmin(own, jnp.stack(lowest).min())


def best_vertices(field_fn: FieldFn) -> Responses:
    """Returns the best responses of a game that is bilinear on two simplices.

    A linear payoff on a simplex is extremal at a vertex: the coordinate in which the
    player's side of the field is smallest. Ties are broken by the first coordinate.

    Args:
      field_fn: Vector field, for example of `games.matrix`. Each player must be one vector.

    Returns:
      A function `players -> Players` that returns two one-hot vectors, for `duality_gap`.

    Examples:
      In rock–paper–scissors, paper is each player's best response to mostly rock:

      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> game = mm.games.matrix()
      >>> x = jnp.array([0.5, 0.3, 0.2])
      >>> best = mm.diagnostics.best_vertices(game.field_fn)(mm.Players(x, x))
      >>> print(best.min, best.max)
      [0. 1. 0.] [0. 1. 0.]
    """
    field_fn = checks.check_game_function("best_vertices", "field_fn", field_fn)

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
    tx: Any,
    num_steps: int,
) -> jax.Array:
    """Returns the best payoff in one player's search, with the other player fixed.

    The best payoff is the highest if `side` is "max" and the lowest if it is "min". The search
    starts from that player's parameters in `begin`; the payoff there is included.
    """
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
