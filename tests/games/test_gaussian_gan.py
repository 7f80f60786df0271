"""Tests of the GAN on a mixture of Gaussians: data, networks and samples."""

import re

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from minmax_jax import games
from tests.tolerance import product_tolerance

SMALL = {"batch_size": 16, "latent_dim": 4, "width": 8}


@pytest.mark.parametrize("layout", ["ring", "four"])
def test_points_have_documented_weights_and_deviation(layout):
    centers, weights, stddev = games.gaussian_modes(layout)
    points = np.asarray(games.gaussian_points(jax.random.key(0), 20_000, layout))
    distances = np.linalg.norm(points[:, None] - centers, axis=-1)
    shares = np.bincount(distances.argmin(1), minlength=len(centers)) / len(points)
    np.testing.assert_allclose(shares, weights, atol=0.015)
    assert np.sqrt((distances.min(1) ** 2).mean() / 2) == pytest.approx(stddev, rel=0.02)
    assert weights.sum() == pytest.approx(1)


def test_first_of_four_modes_has_largest_weight():
    centers, weights, _ = games.gaussian_modes("four")
    assert tuple(centers[weights.argmax()]) == (0.0, 1.0)


def test_ring_has_eight_modes_of_radius_two():
    centers, _, _ = games.gaussian_modes("ring")
    np.testing.assert_allclose(np.linalg.norm(centers, axis=1), np.full(8, 2.0))


def test_payoff_matches_hand_written_payoff():
    game = games.gaussian_gan(jax.random.key(1), **SMALL)
    key = jax.random.key(5)
    x_key, z_key = jax.random.split(key)
    real = games.gaussian_points(x_key, 16, "ring")
    fake = games.gaussian_generate(game.start.min, jax.random.normal(z_key, (16, 4)))

    def probability(points):
        for layer in game.start.max[:-1]:
            points = np.maximum(points @ layer["w"] + layer["b"], 0)
        return 1 / (1 + np.exp(-(points @ game.start.max[-1]["w"] + game.start.max[-1]["b"])))

    wanted = np.log(probability(real)).mean() + np.log(1 - probability(fake)).mean()
    tolerance = product_tolerance(1e-5, rounded=1e-2)
    assert game.payoff_fn(game.start, key) == pytest.approx(wanted, rel=tolerance)


def test_initial_weights_are_orthogonal_with_gain():
    game = games.gaussian_gan(jax.random.key(1), width=32)
    square = np.asarray(game.start.min[1]["w"], np.float64)
    np.testing.assert_allclose(square @ square.T, 0.64 * np.eye(32), atol=1e-6)


def test_equal_draws_give_equal_samples():
    game = games.gaussian_gan(jax.random.key(1), **SMALL)
    values = [game.payoff_fn(game.start, draw) for draw in (0, 0, 1)]
    assert values[0] == values[1] != values[2]


def test_non_saturating_loss_changes_generator_field_only():
    fields = [
        games.gaussian_gan(jax.random.key(1), loss=loss, **SMALL).field_fn
        for loss in ("saturating", "non-saturating")
    ]
    start = games.gaussian_gan(jax.random.key(1), **SMALL).start
    one, other = (field_fn(start, 0) for field_fn in fields)
    chex.assert_trees_all_close(one.max, other.max, atol=product_tolerance(1e-6, rounded=1e-3))
    assert not np.allclose(one.min[0]["w"], other.min[0]["w"], rtol=1e-2)


def test_run_reaches_ring():
    game = games.gaussian_gan(jax.random.key(0), batch_size=64, latent_dim=8, width=32)
    run = jax.jit(lambda key: mm.solve(mm.adam_gda(1e-3), game.field_fn, game.start, 500, key=key))
    end = run(jax.random.key(1)).players
    points = games.gaussian_generate(end.min, jax.random.normal(jax.random.key(2), (200, 8)))
    before = games.gaussian_generate(game.start.min, jax.random.normal(jax.random.key(2), (200, 8)))
    radii = [float(jnp.linalg.norm(p, axis=1).mean()) for p in (before, points)]
    assert abs(radii[1] - 2) < abs(radii[0] - 2)


def test_gaussian_gan_raises_for_invalid_arguments():
    with pytest.raises(ValueError, match="gaussian_gan: layout must be 'ring' or 'four'"):
        games.gaussian_gan(jax.random.key(0), layout="grid")
    with pytest.raises(ValueError, match="gaussian_gan: width must be at least 1"):
        games.gaussian_gan(jax.random.key(0), width=0)


def test_initialization_under_vmap_matches_loop():
    # Two simultaneous batches of QR decompositions can deadlock on a CPU with two cores.
    start = lambda key: mm.games.gaussian_gan(key, latent_dim=8, width=16).start  # noqa: E731
    keys = jax.random.split(jax.random.key(0), 3)
    together = jax.vmap(start)(keys)
    for i, key in enumerate(keys):
        jax.tree.map(
            lambda ours, one, i=i: np.testing.assert_array_equal(ours[i], one), together, start(key)
        )
    program = str(jax.make_jaxpr(jax.vmap(start))(keys))
    factorised = re.findall(r"f32\[([\d,]+)\] = qr\[", program)
    assert factorised and all(shape.count(",") == 1 for shape in factorised)
