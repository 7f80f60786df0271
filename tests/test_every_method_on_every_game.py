"""Tests that every optimizer runs on every game with the same code."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_diabetes

import minmax_jax as mm
from tests.cases import CASES


@functools.cache
def every_game():
    features, targets = load_diabetes(return_X_y=True)
    small = {"batch_size": 16, "latent_dim": 4, "width": 8}
    return {
        "bilinear": mm.games.bilinear(jnp.array([[1.0, 0.5], [0.0, 2.0]])),
        "quadratic": mm.games.quadratic(),
        "local saddle": mm.games.quadratic(6.0, 4.0, -2.0),
        "matrix": mm.games.matrix(),
        **{
            f"dirac_gan {variant}": mm.games.dirac_gan(variant)
            for variant in ("gan", "non-saturating", "wgan", "wgan-gp", "consensus")
        },
        **{name: mm.games.keswani(name) for name in ("F1", "F2", "F3")},
        "forsaken": mm.games.forsaken(),
        "polar": mm.games.polar(),
        "robust_least_squares": mm.games.robust_least_squares(
            jnp.asarray(features[:50]), jnp.asarray(targets[:50])
        ),
        "modes": mm.games.modes(jax.random.key(0), dimension=20),
        "gaussian_gan": mm.games.gaussian_gan(jax.random.key(0), **small),
    }


def run(name, game, learning_rate, key, num_steps=3):
    optimizer = mm.optimizers[name](learning_rate, projection=game.projection)
    return mm.solve(
        optimizer, game.field_fn, game.start, num_steps, payoff_fn=game.payoff_fn, key=key
    )


FAST = ("sgda", "ada_nsgda", "extragradient", "competitive", "greedy_adam")
each_optimizer = pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n not in FAST)) for n in mm.optimizers]
)


@each_optimizer
def test_optimizer_runs_on_every_game_in_one_program(name):
    key, games = jax.random.key(1), every_game()
    needs = {need for case in CASES if case.algorithm == name for need in case.needs}
    undefined = {label for case in CASES if case.algorithm == name for label in case.undefined}
    if "payoff_fn" in needs:  # Games with two losses have no payoff.
        games = {label: game for label, game in games.items() if game.payoff_fn is not None}

    @jax.jit
    def everywhere():
        return {label: run(name, game, 1e-3, key).players for label, game in games.items()}

    for label, players in everywhere().items():
        start = games[label].start
        assert jax.tree.structure(players) == jax.tree.structure(start), label
        leaves = zip(jax.tree.leaves(players), jax.tree.leaves(start), strict=True)
        finite_and_moved = [
            (bool(jnp.all(jnp.isfinite(a))), bool(jnp.any(a != b))) for a, b in leaves
        ]
        assert all(finite for finite, _ in finite_and_moved), label
        assert any(moved for _, moved in finite_and_moved) != (label in undefined), label


@each_optimizer
def test_sweep_over_seeds_and_learning_rates_is_one_program(name):
    game = mm.games.bilinear()

    def final(key, learning_rate):
        start = jax.tree.map(lambda x: x + jax.random.normal(key, jnp.shape(x)), game.start)
        return run(name, game._replace(start=start), learning_rate, key).players

    keys, learning_rates = jax.random.split(jax.random.key(0), 20), jnp.geomspace(1e-3, 0.1, 10)
    sweep = jax.jit(jax.vmap(jax.vmap(final, (None, 0)), (0, None)))
    players = sweep(keys, learning_rates)
    assert all(leaf.shape[:2] == (20, 10) for leaf in jax.tree.leaves(players))
    alone = jax.jit(final)(keys[3], learning_rates[7])
    for leaf, one in zip(jax.tree.leaves(players), jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(leaf[3, 7], one, rtol=1e-4, atol=1e-5)
