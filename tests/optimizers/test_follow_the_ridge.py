"""Follow the ridge: dense linear algebra, quadratic games, stable points."""

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
def test_ridge_step_equals_dense_linear_algebra(zero_sum, damping):
    game = dense.game(4, zero_sum=zero_sum)
    tx = mm.follow_the_ridge(mm.Players(0.2, 0.3), damping=damping)
    step, state = dense.one_update(tx, game.field_fn)
    wanted = -np.array([0.2] * 3 + [0.3] * 4) * (game.matrix @ dense.flat(dense.START))
    block = game.matrix[dense.MAX, dense.MAX] + damping * np.eye(4)
    wanted[dense.MAX] -= np.linalg.solve(
        block, game.matrix[dense.MAX, dense.MIN] @ wanted[dense.MIN]
    )
    np.testing.assert_allclose(step, wanted, rtol=1e-4, atol=1e-5)
    assert 1 <= int(state[1].iterations) <= 4 and float(state[1].residual) < 1e-5


def test_ridge_start_on_it_follows_descent_on_maximum():
    """f = −3x² − y² + 4xy has the ridge y = 2x, and max_y f = x²."""
    with jax.enable_x64(True):
        z = mm.Players(jnp.asarray(1.5), jnp.asarray(3.0))
        tx = mm.follow_the_ridge(0.1)
        points = jax.jit(
            lambda z: (
                mm.solve(
                    tx, mm.games.keswani("F1").field_fn, z, 30, record=lambda step, z, u, s: z
                ).records
            )
        )(z)
        x, y = map(np.asarray, points)
    np.testing.assert_allclose(x, 1.5 * (1 - 0.2) ** np.arange(1, 31), rtol=1e-10)
    np.testing.assert_allclose(y, 2 * x, rtol=1e-10)


def test_ridge_attracts_min_max_points_and_repels_others():
    @jax.jit
    def ends(z):
        return [
            [
                jnp.hypot(*mm.solve(tx, mm.games.keswani(name).field_fn, z, steps).players)
                for tx in (mm.follow_the_ridge(0.05), mm.extragradient(0.05))
            ]
            for name, steps in (("F1", 200), ("F2", 200), ("F3", 1000))
        ]

    (ridge, plain), (other_ridge, other_plain), (third, cycle) = ends(mm.Players(5.0, 4.0))
    assert ridge < 1e-3 and plain > 1e3  # The origin is the min-max point of F1,
    assert other_ridge > 1e3 and other_plain < 1e-3  # not of F2, where max_y f is infinite,
    assert third < 1e-2 and cycle > 0.5  # and of F3.


def test_ridge_conjugate_gradients_stop_at_convex_directions():
    """F2 is convex in y, so that there is no correction and descent–ascent remains."""
    z = mm.Players(jnp.asarray(1.0), jnp.asarray(2.0))
    field_fn = mm.games.keswani("F2").field_fn
    tx = mm.follow_the_ridge(0.1, solver="cg")
    updates, state = jax.jit(lambda z: tx.update(field_fn(z), tx.init(z), z, field_fn=field_fn))(z)
    np.testing.assert_allclose(updates, [-0.1 * (6 + 8), 0.1 * (4 + 4)], rtol=1e-6)
    assert float(state[1].residual) == 1.0


def test_ridge_conjugate_gradients_equal_gmres_on_concave_games():
    field_fn, z = mm.games.keswani("F1").field_fn, mm.Players(jnp.asarray(1.0), jnp.asarray(0.5))
    options = (mm.follow_the_ridge(0.1), mm.follow_the_ridge(0.1, solver="cg"))

    @jax.jit
    def steps(z):
        return [tx.update(field_fn(z), tx.init(z), z, field_fn=field_fn)[0] for tx in options]

    np.testing.assert_allclose(*map(np.asarray, steps(z)), rtol=1e-5)
