"""Complete Newton: dense linear algebra, and exactness on quadratic games."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from tests import dense

pytestmark = pytest.mark.usefixtures("strict_promotion")


@pytest.mark.parametrize(
    ("zero_sum", "damping"), [(True, 0.0), (False, 0.5)], ids=["zero-sum", "damped general-sum"]
)
def test_newton_step_equals_dense_linear_algebra(zero_sum, damping):
    game = dense.game(5, zero_sum=zero_sum)
    tx = mm.complete_newton(mm.Players(0.5, 0.8), damping=damping)
    step, state = dense.one_update(tx, game.field_fn)
    xx, xy, yx, yy = (
        game.matrix[rows, columns]
        for rows in (dense.MIN, dense.MAX)
        for columns in (dense.MIN, dense.MAX)
    )
    yy = yy + damping * np.eye(4)
    z = dense.flat(dense.START)
    schur = xx - xy @ np.linalg.solve(yy, yx)
    first = -0.5 * np.linalg.solve(schur, (game.matrix @ z)[dense.MIN])
    moved = np.concatenate([z[dense.MIN] + first, z[dense.MAX]])
    second = -0.8 * np.linalg.solve(yy, (game.matrix @ moved)[dense.MAX])
    np.testing.assert_allclose(step, np.concatenate([first, second]), rtol=2e-3, atol=2e-4)
    assert float(state.residual) < 1e-4


@pytest.mark.parametrize("name", ["F1", "F2"])
def test_newton_solves_quadratic_games_in_two_updates(name):
    """The critical point of F2 is no min-max point, but it attracts Newton's method too."""
    with jax.enable_x64(True):
        tx = mm.complete_newton(tolerance=1e-14)
        field_fn = mm.games.keswani(name).field_fn

        @jax.jit
        def points(z):
            record = mm.solve(tx, field_fn, z, 2, record=lambda step, z, u, s: z).records
            return jnp.stack(record, 1)

        first, second = points(mm.Players(jnp.asarray(5.0), jnp.asarray(-3.0)))
        slope = 2.0 if name == "F1" else -2.0
        assert abs(first[1] - slope * first[0]) < 1e-12 < abs(first[0])  # It is on the ridge.
        np.testing.assert_allclose(second, 0, atol=1e-12)
        from_ridge, _ = points(mm.Players(jnp.asarray(1.0), jnp.asarray(slope)))
        np.testing.assert_allclose(from_ridge, 0, atol=1e-12)


def test_newton_squares_distance_in_two_updates():
    tx, field_fn = mm.complete_newton(tolerance=1e-14), mm.games.keswani("F3").field_fn
    with jax.enable_x64(True):
        z = mm.Players(jnp.asarray(0.1), jnp.asarray(0.3))
        run = jax.jit(lambda z: mm.solve(tx, field_fn, z, 5, record=lambda step, z, u, s: z))
        distances = np.hypot(*map(np.asarray, run(z).records))
    # An update to the ridge and one along it, on which x follows Newton's method for max_y f.
    assert (distances[2:] < 10 * distances[:-2] ** 2).all() and distances[-1] < 1e-12


def test_newton_needs_damping_on_bilinear_games():
    z = mm.Players(jnp.asarray(1.0), jnp.asarray(2.0))
    field_fn = mm.zero_sum(lambda z: z.min * z.max)

    @jax.jit
    def step(damping):
        tx = mm.complete_newton(damping=damping)
        return tx.update(field_fn(z), tx.init(z), z, field_fn=field_fn)[0]

    still, damped = step(0.0), step(0.5)
    assert still == (0, 0)
    # S = 1/δ = 2, so x⁺ = 1 − 2/2 = 0, where F_y = 0.
    np.testing.assert_allclose(damped, [-1, 0], atol=1e-6)
