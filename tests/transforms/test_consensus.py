"""Consensus optimization: closed forms and dense linear algebra."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from tests import dense, problems

pytestmark = pytest.mark.usefixtures("strict_promotion")


def test_consensus_with_weight_zero_is_sgda():
    def end(optimizer):
        run = jax.jit(lambda z: mm.solve(optimizer, problems.curved.field_fn, z, 10).players)
        return run(problems.curved.start)

    chex.assert_trees_all_close(
        end(mm.consensus(0.05, weight=0.0)), end(mm.sgda(0.05)), rtol=1e-6, atol=1e-7
    )


@pytest.mark.parametrize("weight", [0.5, 1.0, 3.0])
def test_consensus_on_bilinear_game_has_closed_form(weight):
    """On f = xy, F = −i z and JᵀF = z, so z⁺ = (1 − ηγ + iη) z."""
    learning_rate = 0.3
    with jax.enable_x64(True):
        seen = problems.orbit(mm.consensus(learning_rate, weight=weight), 10)
    factor = 1 - learning_rate * weight + 1j * learning_rate
    np.testing.assert_allclose(seen, seen[0] * factor ** np.arange(11), rtol=1e-12)


def test_consensus_adds_gradient_of_half_squared_norm():
    field_fn, z = problems.curved.field_fn, problems.curved.start

    def half_square(z):
        return 0.5 * optax.tree.norm(field_fn(z), squared=True)

    wanted = dense.flat(field_fn(z)) + 0.7 * dense.flat(jax.grad(half_square)(z))
    direction, _ = dense.one_update(mm.add_consensus(0.7), field_fn, z)
    np.testing.assert_allclose(direction, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("zero_sum", [True, False])
def test_consensus_equals_dense_linear_algebra(zero_sum):
    game = dense.game(1, zero_sum=zero_sum)
    field = game.matrix @ dense.flat(dense.START)
    direction, _ = dense.one_update(mm.add_consensus(0.7), game.field_fn)
    np.testing.assert_allclose(direction, field + 0.7 * game.matrix.T @ field, rtol=1e-5, atol=1e-5)


def test_consensus_weight_schedule_counts_updates():
    def weight(count):
        return jnp.where(count == 1, 1.0, 0.0)

    seen = problems.orbit(mm.consensus(0.5, weight=weight), 3)
    factors = [1 + 0.5j, 0.5 + 0.5j, 1 + 0.5j]
    np.testing.assert_allclose(seen[1:] / seen[:-1], factors, rtol=1e-5)


def test_consensus_transform_applies_to_whole_direction():
    game = dense.game(2, zero_sum=True)
    direction, _ = dense.one_update(mm.add_consensus(2.0), game.field_fn)
    step, _ = dense.one_update(
        mm.consensus(0.5, weight=2.0, transform=optax.clip(0.1)), game.field_fn
    )
    np.testing.assert_allclose(step, -0.5 * np.clip(direction, -0.1, 0.1), rtol=1e-6)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: mm.add_consensus(-1.0), r"^add_consensus: weight must be at least 0"),
        (lambda: mm.consensus(0.1, weight="1"), r"^consensus: weight must be a number"),
        (lambda: mm.add_consensus(1.0).init((1.0, 2.0)), r"^add_consensus: params must be Players"),
    ],
)
def test_consensus_names_invalid_arguments(build, message):
    with pytest.raises((TypeError, ValueError), match=message):
        build()
