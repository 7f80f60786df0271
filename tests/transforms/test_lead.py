"""LEAD: its closed form on f = xy, dense linear algebra, and its special cases."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from tests import dense, problems

pytestmark = pytest.mark.usefixtures("strict_promotion")


def test_lead_on_bilinear_game_has_closed_form():
    """On f = xy, the field of w = x + iy is −iw, and J° is the multiplication by −i."""
    eta, weight, beta = 0.2, 1.5, 0.3
    alpha = eta * weight
    with jax.enable_x64(True):
        seen = problems.orbit(mm.lead(eta, weight=weight, momentum=beta), 40)
    previous = now = seen[0]
    wanted = [now]
    for _ in range(40):
        step = (1 + beta + 1j * (eta + alpha)) * now - (beta + 1j * alpha) * previous
        previous, now = now, step
        wanted.append(now)
    np.testing.assert_allclose(seen, wanted, rtol=1e-12)


@pytest.mark.parametrize("zero_sum", [True, False])
def test_lead_equals_dense_linear_algebra(zero_sum):
    game = dense.game(3, zero_sum=zero_sum)
    tx = mm.add_lead(0.7)
    _, state = dense.one_update(tx, game.field_fn)
    z = jax.tree.map(lambda leaf: leaf - 0.1 * jnp.cos(leaf), dense.START)
    direction, _ = dense.one_update(tx, game.field_fn, z, state)
    moved = dense.flat(z) - dense.flat(dense.START)
    wanted = game.matrix @ dense.flat(z) + 0.7 * dense.off_diagonal(game.matrix) @ moved
    np.testing.assert_allclose(direction, wanted, rtol=1e-5, atol=1e-5)


def test_lead_equals_optimism_on_bilinear_games_only():
    def ends(problem):
        options = (mm.lead(0.1, momentum=0.0), mm.optimistic_gda(0.1))
        run = jax.jit(lambda z: [mm.solve(tx, problem.field_fn, z, 20).players for tx in options])
        return [dense.flat(end) for end in run(problem.start)]

    np.testing.assert_allclose(*ends(problems.bilinear), rtol=1e-5)
    lead, optimism = ends(problems.curved)
    assert np.abs(lead - optimism).max() > 1e-2


def test_lead_without_coupling_is_sgda_with_momentum():
    @jax.jit
    def ends(z):
        options = (mm.lead(0.05, weight=0.0, momentum=0.4), mm.sgda(0.05, momentum=0.4))
        return [mm.solve(tx, problems.curved.field_fn, z, 10).players for tx in options]

    chex.assert_trees_all_close(*ends(problems.curved.start), rtol=1e-6, atol=1e-7)


def test_lead_weight_schedule_counts_updates():
    def weight(count):
        return jnp.where(count == 2, 1.0, 0.0)

    seen = problems.orbit(mm.lead(0.5, weight=weight, momentum=0.0), 4)
    factors = seen[1:] / seen[:-1]
    np.testing.assert_allclose(factors[[0, 1, 3]], 1 + 0.5j, rtol=1e-5)
    # The term is −i (w_2 − w_1), so w_3 = (1 + i/2) w_2 + i/2 (w_2 − w_1).
    wanted = 1 + 0.5j + 0.5j * (1 - 1 / (1 + 0.5j))
    np.testing.assert_allclose(factors[2], wanted, rtol=1e-5)


def test_lead_transform_applies_to_whole_direction():
    game = dense.game(2, zero_sum=True)
    clipped = mm.lead(0.5, weight=2.0, momentum=0.0, transform=optax.clip(0.1))
    (direction, state), (_, clipping) = (
        dense.one_update(tx, game.field_fn) for tx in (mm.add_lead(2.0), clipped)
    )
    z = jax.tree.map(lambda leaf: 0.9 * leaf, dense.START)
    direction, _ = dense.one_update(mm.add_lead(2.0), game.field_fn, z, state)
    step, _ = dense.one_update(clipped, game.field_fn, z, clipping)
    np.testing.assert_allclose(step, -0.5 * np.clip(direction, -0.1, 0.1), rtol=1e-5)
