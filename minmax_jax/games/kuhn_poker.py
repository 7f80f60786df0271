"""Kuhn's poker with three cards, in sequence form."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from minmax_jax._util import trees
from minmax_jax._util.products import FULL
from minmax_jax._util.types import Players, PyTree
from minmax_jax.field import payoff, zero_sum
from minmax_jax.games._game import Game

KUHN_POKER_PARENTS = Players(min={}, max={"after_bet": ("opening", 0)})
"""The decisions of `kuhn_poker` that follow an action of the same player, for `exponentiate`."""

SOURCE = "Kuhn, A simplified two-person poker, Contributions to the theory of games 1, 1950"


def kuhn_poker() -> Game:
    """Creates Kuhn's poker, the smallest poker game, in sequence form.

    Both players put one chip into the pot and receive one of three cards. The first player is the
    max player and passes or bets one chip. After a pass, the second player passes or bets; after a
    bet, a player folds or calls. The higher card wins the pot unless somebody folds. Strategies
    are weights of shape `(3, 2)`, with one row per own card, from the lowest to the highest:

        max: opening     pass, bet
             after_bet   fold, call after the own pass and a bet; the row sums to opening[:, 0]
        min: after_pass  pass, bet
             after_bet   fold, call

    The payoff is the expected gain of the max player and bilinear in the weights. The value of the
    game is −1/18. The max player has many optimal strategies.

    Pass `KUHN_POKER_PARENTS` to `diagnostics.exploitability`, and its two sides to `exponentiate`,
    `magnetic` or `regret_matching`. `game.projection` is the Euclidean projection.

    Returns:
      A `Game` that starts at uniform probabilities in every decision, without a unique solution.

    Examples:
      Mirror descent with optimism approaches an equilibrium:

      >>> import minmax_jax as mm
      >>> game, parents = mm.games.kuhn_poker(), mm.games.KUHN_POKER_PARENTS
      >>> step = mm.Players(*(mm.exponentiate(side) for side in parents))
      >>> z = mm.solve(
      ...     mm.optimistic_gda(2.0, projection=step), game.field_fn, game.start, 2000
      ... ).players
      >>> bool(mm.diagnostics.exploitability(game.field_fn, z, parents=parents) < 1e-3)
      True
      >>> print(f"{game.payoff_fn(z):.3f}")
      -0.056

    References:
      Kuhn, A simplified two-person poker, 1950.
      Koller, Megiddo, von Stengel, Fast algorithms for finding randomized strategies in game
      trees, 1994 (sequence form).
    """
    half, quarter = jnp.full((3, 2), 0.5), jnp.full((3, 2), 0.25)
    start = Players(
        min={"after_pass": half, "after_bet": half}, max={"opening": half, "after_bet": quarter}
    )
    return Game(zero_sum(_gain), payoff(_gain), start, None, _project, SOURCE)


def _gain(z: Players) -> jax.Array:
    """Returns the expected gain of the max player over the six deals of two different cards."""
    opening, after_bet = z.max["opening"], z.max["after_bet"]
    reply, answer = z.min["after_pass"], z.min["after_bet"]
    cards = np.arange(3)
    deal = jnp.asarray((cards[:, None] != cards) / 6.0, opening.dtype)
    wins = jnp.asarray(np.sign(cards[:, None] - cards) / 6.0, opening.dtype)

    def expected(first: jax.Array, second: jax.Array, gains: jax.Array) -> jax.Array:
        return jnp.einsum("i,ij,j", first, gains, second, precision=FULL)

    return (
        expected(opening[:, 0], reply[:, 0], wins)
        - expected(after_bet[:, 0], reply[:, 1], deal)
        + expected(after_bet[:, 1], reply[:, 1], 2 * wins)
        + expected(opening[:, 1], answer[:, 0], deal)
        + expected(opening[:, 1], answer[:, 1], 2 * wins)
    )


def _project(tree: PyTree) -> PyTree:
    """Projects both players, or one of them, onto the strategies in sequence form."""
    return trees.each_player(_project_player, tree)


def _project_player(tree: PyTree) -> PyTree:
    if "opening" not in tree:
        return jax.tree.map(jax.vmap(optax.projections.projection_simplex), tree)
    weights = jnp.concatenate([tree["opening"], tree["after_bet"]], axis=-1)
    projected = jax.vmap(_project_card)(weights)
    return {"opening": projected[:, :2], "after_bet": projected[:, 2:]}


def _project_card(weights: jax.Array) -> jax.Array:
    """Projects the weights (pass, bet, fold, call) of one card.

    The feasible weights are `(p, 1 − p, u, p − u)` with 0 ≤ u ≤ p ≤ 1. The squared distance,
    minimized over u, is convex in p. Its derivative is linear on both sides of p = |fold − call|,
    where u leaves the border.
    """
    passes, bets, folds, calls = weights
    apart = jnp.abs(folds - calls)
    inside = (2 + 2 * passes - 2 * bets + folds + calls) / 5
    border = (1 + passes - bets + jnp.maximum(folds, calls)) / 3
    p = jnp.clip(jnp.where(inside >= apart, inside, border), 0.0, 1.0)
    u = jnp.clip((p + folds - calls) / 2, 0.0, p)
    return jnp.stack([p, 1 - p, u, p - u])
