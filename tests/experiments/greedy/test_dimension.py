"""Tests of the experiment on the dimension."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from experiments.greedy.dimension import __main__ as command
from experiments.greedy.dimension.run import Config, game, run, start


@pytest.mark.parametrize("dimension", [3, 8])
def test_game_has_stated_maximum_over_y(dimension):
    played = game(dimension)
    x = jax.random.normal(jax.random.key(0), (dimension,))
    turned = jnp.where(jnp.arange(dimension) % 2 == 0, 1.0, -1.0) * jnp.roll(x, 1)
    best = mm.Players(x, 0.5 * turned)  # where ∇_y f = 0
    np.testing.assert_allclose(played.field_fn(best).max, np.zeros(dimension), atol=1e-6)
    square = float(jnp.sum(x**2))
    expected = 2 * (1 - np.exp(-square / 4)) + square / 8
    assert float(played.payoff_fn(best)) == pytest.approx(expected, rel=1e-5)


def test_start_is_at_distance_three_in_every_dimension():
    for dimension in (2, 50):
        for side in start(dimension, jax.random.key(1)):
            assert float(jnp.linalg.norm(side)) == pytest.approx(3, rel=1e-5)


def test_run_converges_in_every_dimension(tmp_path):
    result = run(Config(dimensions=(2, 5), seeds=2, proposals=400))
    for found in result["dimensions"].values():
        assert found["status"] == ["CONVERGED"] * 2
        assert all(a < p for a, p in zip(found["accepted"], found["proposals"], strict=True))
        assert max(found["min"]) < 1.5
    command.draw(result, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 5_000
    assert command.table(result).splitlines()[2].startswith("| 2 | 2/2 [0.34, 1] |")
