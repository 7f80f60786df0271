"""Tests whose types pyright checks: common use needs no casts."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

import minmax_jax as mm
from minmax_jax.games import Game

KEY = jax.random.key(0)


def noisy_field(z: mm.Players, draw: int = 0) -> mm.Players:
    noise = jax.random.normal(jax.random.fold_in(KEY, draw))
    return mm.Players(z.max + noise, -z.min)


def noisy_payoff(z: mm.Players, draw: int = 0) -> jax.Array:
    return z.min * z.max + draw


def one_step(
    optimizer: optax.GradientTransformationExtraArgs,
    field_fn: mm.FieldFn,
    players: mm.Players,
    state: Any,
) -> tuple[mm.Players, Any]:
    updates, state = optimizer.update(field_fn(players), state, players, field_fn=field_fn)
    return mm.apply_updates(players, updates), state


def test_own_field_with_default_draw_is_a_field():
    optimizer = mm.extragradient(0.1)
    start = mm.Players(jnp.ones(()), jnp.ones(()))
    after, _ = one_step(optimizer, noisy_field, start, optimizer.init(start))
    result = mm.solve(optimizer, noisy_field, start, 1, payoff_fn=noisy_payoff)
    assert bool(after.min == result.players.min) and bool(after.max == result.players.max)


def test_game_has_a_start():
    game: Game = mm.games.bilinear()
    after = mm.apply_updates(game.start, game.field_fn(game.start))
    assert float(after.min + after.max) == 2.0
