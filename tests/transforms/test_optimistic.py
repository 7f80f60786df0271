"""Optimistic gradient: closed forms on f = xy, and Optax's optimistic methods."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from tests import matrix_game, problems
from tests.matrix_game import field, project


@pytest.mark.parametrize("learning_rate", [0.1, 0.3, 0.45])
@pytest.mark.parametrize(("previous", "first"), [("first", 1), ("zero", 2)])
def test_optimism_on_bilinear_game_has_closed_form(
    learning_rate, previous, first, strict_promotion
):
    with jax.enable_x64(True):
        seen = problems.orbit(mm.optimistic_gda(learning_rate, previous=previous), 100)
    # w_{t+1} = (1 + 2iη) w_t − iη w_{t−1} has roots r; w_1 = (1 + iη) w_0 or (1 + 2iη) w_0.
    root = np.sqrt(1 - 4 * learning_rate**2)
    r, s = (1 + 2j * learning_rate + root) / 2, (1 + 2j * learning_rate - root) / 2
    c = (1 + first * 1j * learning_rate - s) / (r - s)
    times = np.arange(101)
    np.testing.assert_allclose(seen, seen[0] * (c * r**times + (1 - c) * s**times), atol=1e-12)
    np.testing.assert_allclose(abs(r) ** 2, (1 + root) / 2)  # The rate in the docstring.


def test_optimism_diverges_above_largest_learning_rate():
    # For η > 1/2, the root (2iη + i√(4η² − 1)) / 2 leaves the unit disc at η = 1/√3.
    assert abs(problems.orbit(mm.optimistic_gda(0.56), 1000)[-1]) < 1e-1
    assert abs(problems.orbit(mm.optimistic_gda(0.59), 1000)[-1]) > 10


def test_projected_optimism_is_forward_reflected_backward():
    eta = 0.45 / matrix_game.LIPSCHITZ
    seen = matrix_game.iterates(lambda p: mm.optimistic_gda(eta, projection=p), 1000)
    z, last = seen[0], field(seen[0])
    for step in seen[1:40]:
        z, last = project(z - eta * (2 * field(z) - last)), field(z)
        np.testing.assert_allclose(step, z, atol=1e-13)
    assert matrix_game.gap(seen[-1]) < 1e-6 < matrix_game.gap(seen[0])


def test_optimism_equals_reflection_for_affine_fields():
    with jax.enable_x64(True):
        reflected = problems.orbit(mm.reflect(mm.sgda(0.4)), 30)
        np.testing.assert_allclose(
            problems.orbit(mm.optimistic_gda(0.4), 30), reflected, rtol=1e-12
        )


def test_optimism_equals_optax_optimistic_gradient_descent():
    ours = problems.orbit(mm.optimistic_gda(0.3, weight=0.7), 20)
    theirs = problems.orbit(optax.optimistic_gradient_descent(0.3, beta=0.7), 20)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_optimistic_nesterov_equals_optax_adam_v2():
    ours = problems.orbit(mm.optimistic_adam(0.1, nesterov=True), 20)
    theirs = problems.orbit(optax.optimistic_adam_v2(0.1), 20)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_optimistic_adam_two_steps_by_hand():
    tx = mm.optimistic_adam(0.1, b1=0.5, b2=0.8, eps=0.0)
    z = mm.Players(jnp.zeros(()), jnp.zeros(()))
    state = tx.init(z)
    first, state = tx.update(mm.Players(jnp.array(2.0), jnp.array(-3.0)), state, z)
    chex.assert_trees_all_close(first, mm.Players(-0.1, 0.1), rtol=1e-6)  # A_0 = sign
    second, _ = tx.update(mm.Players(jnp.array(1.0), jnp.array(-3.0)), state, z)
    # m = 1, m̂ = 4/3; v = 0.8·0.8 + 0.2 = 0.84, v̂ = 0.84/0.36. The max player's ratio is −1.
    a = (4 / 3) / np.sqrt(0.84 / 0.36)
    chex.assert_trees_all_close(second, mm.Players(-0.1 * (2 * a - 1), 0.1), rtol=1e-6)


def test_optimism_with_weight_zero_is_identity(strict_promotion):
    sgda = problems.orbit(mm.sgda(0.2), 20)
    np.testing.assert_array_equal(problems.orbit(mm.optimistic_gda(0.2, weight=0.0), 20), sgda)


def test_optimism_weight_schedule_counts_updates():
    tx = mm.add_optimism(lambda count: 1.0 * count)
    state, seen = tx.init(jnp.zeros(())), []
    for g in (1.0, 2.0, 4.0):
        u, state = tx.update(jnp.asarray(g), state)
        seen.append(float(u))
    assert seen == [1.0, 2.0 + 1.0, 4.0 + 2 * 2.0]


def test_optimism_names_invalid_arguments():
    with pytest.raises(ValueError, match="optimistic_gda: previous must be 'first' or 'zero'"):
        mm.optimistic_gda(0.1, previous="last")
    with pytest.raises(ValueError, match="optimistic_gda: weight must be at least 0"):
        mm.optimistic_gda(0.1, weight=-1.0)
