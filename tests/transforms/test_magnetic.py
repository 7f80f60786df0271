"""Tests of magnetic mirror descent against its closed form and its fixed point."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import softmax

import minmax_jax as mm
from tests import matrix_game

ROWS, STRENGTH, ETA = matrix_game.ROWS, 0.3, 0.2


@pytest.fixture(scope="module")
def run():
    optimizer = mm.sgda(
        ETA / (1 + ETA * STRENGTH),
        transform=mm.magnetic(STRENGTH),
        projection=mm.exponentiate(),
    )
    return matrix_game.iterates(lambda _: optimizer, 2000)


def test_magnetic_step_is_the_published_one(run):
    for z, after in itertools.pairwise(run[:20]):
        halves = np.split(z * np.exp(-ETA * matrix_game.field(z)), [ROWS])
        for half, got in zip(halves, np.split(after, [ROWS]), strict=True):
            # The magnet is uniform, so it cancels in the normalization.
            wanted = half ** (1 / (1 + ETA * STRENGTH))
            np.testing.assert_allclose(got, wanted / wanted.sum(), rtol=1e-12)


def test_magnetic_converges_to_quantal_response_equilibrium(run):
    x, y = np.split(run[-1], [ROWS])
    np.testing.assert_allclose(x, softmax(-matrix_game.PAYOFFS @ y / STRENGTH), atol=1e-14)
    np.testing.assert_allclose(y, softmax(matrix_game.PAYOFFS.T @ x / STRENGTH), atol=1e-14)
    distances = np.linalg.norm(run[[100, 200, 300]] - run[-1], axis=1)
    assert distances[2] / distances[1] == pytest.approx(distances[1] / distances[0], rel=0.2)


def test_magnetic_with_zero_field_approaches_the_magnet():
    magnet = mm.Players(jnp.array([0.7, 0.2, 0.1]), jnp.array([0.1, 0.3, 0.6]))
    game = mm.games.matrix(np.zeros((3, 3)))
    optimizer = mm.sgda(
        0.2,
        transform=mm.Players(*(mm.magnetic(0.3, magnet=side) for side in magnet)),
        projection=mm.exponentiate(),
    )
    z = jax.jit(lambda z: mm.solve(optimizer, game.field_fn, z, 400).players)(game.start)
    for side, wanted in zip(z, magnet, strict=True):
        np.testing.assert_allclose(side, wanted, atol=1e-6)


def test_lower_strength_gives_lower_exploitability():
    game, parents = mm.games.kuhn_poker(), mm.games.KUHN_POKER_PARENTS
    step = mm.Players(*(mm.exponentiate(side) for side in parents))
    found = []
    for strength in (0.5, 0.1):
        pull = mm.Players(*(mm.magnetic(strength, parents=side) for side in parents))
        optimizer = mm.sgda(0.1, transform=pull, projection=step)
        z = jax.jit(lambda z, tx=optimizer: mm.solve(tx, game.field_fn, z, 2000))(game.start)
        found.append(mm.diagnostics.exploitability(game.field_fn, z.players, parents=parents))
    assert found[1] < 0.5 * found[0] < 0.15


def test_magnetic_raises_for_magnet_of_another_tree():
    with pytest.raises(ValueError, match="magnetic: magnet and params must have the same tree"):
        mm.magnetic(0.1, magnet=jnp.ones(2)).init(jnp.ones(3))
