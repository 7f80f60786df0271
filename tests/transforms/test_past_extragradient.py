"""Past extragradient: its lookahead points are optimistic gradient descent–ascent."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from tests import problems


def players(optimizer, problem, num_steps):
    def run(start):
        return mm.solve(
            optimizer, problem.field_fn, start, num_steps, record=lambda step, z, u, s: z
        ).records

    seen = jax.jit(run)(problem.start)
    return jax.tree.map(lambda z, all: jnp.concatenate([z[None], all]), problem.start, seen)


def test_past_extragradient_lookahead_is_optimistic_gda(strict_promotion):
    with jax.enable_x64(True):
        problem = problems.curved._replace(
            start=jax.tree.map(lambda x: x.astype("float64"), problems.curved.start)
        )
        seen = players(mm.past_extragradient(0.1), problem, 30)
        lookahead = players(mm.optimistic_gda(0.1, previous="zero"), problem, 30)
        fields = jax.vmap(problem.field_fn)(lookahead)
        # z_k = z̄_k + η F(z̄_{k−1}), shifted by one.
        expected = jax.tree.map(lambda w, f: w[1:] + 0.1 * f[:-1], lookahead, fields)
        later = jax.tree.map(lambda z: z[1:], seen)
        chex.assert_trees_all_close(later, expected, atol=1e-13)


@pytest.mark.parametrize("learning_rate", [0.1, 0.4])
def test_past_extragradient_shrinks_at_rate_of_optimism(learning_rate):
    with jax.enable_x64(True):
        seen = np.abs(problems.orbit(mm.past_extragradient(learning_rate), 400))
    expected = np.sqrt((1 + np.sqrt(1 - 4 * learning_rate**2)) / 2)
    np.testing.assert_allclose(seen[400] / seen[399], expected, rtol=1e-9)


def test_past_extragradient_two_steps_by_hand(strict_promotion):
    seen = problems.orbit(mm.past_extragradient(0.3), 2, start=1.0 + 0.0j)
    first = 1 + 0.3j  # z̄_0 = z_0
    ahead = first + 0.3j * 1  # z̄_1 = z_1 − η F(z̄_0)
    np.testing.assert_allclose(seen, [1, first, first + 0.3j * ahead], rtol=1e-6)


def test_past_extragradient_first_update_moves_moments_once():
    rule = mm.adam_gda(0.1, b1=0.5)
    seen = problems.orbit(mm.extrapolate_from_past(rule), 1)
    np.testing.assert_allclose(seen, problems.orbit(rule, 1), rtol=1e-6)
    for moments, counts in (("twice", [1, 3, 5]), ("once", [1, 2, 3])):
        tx, z = mm.extrapolate_from_past(rule, moments), problems.bilinear.start
        field_fn, state, counted = problems.bilinear.field_fn, None, []
        state = tx.init(z)
        for _ in range(3):
            u, state = tx.update(field_fn(z), state, z, field_fn=field_fn)
            z = optax.apply_updates(z, u)
            counted.append(int(optax.tree.get(state.tx.min, "count")))
        assert counted == counts


def test_past_extragradient_names_invalid_arguments():
    with pytest.raises(ValueError, match="extrapolate_from_past: moments must be"):
        mm.extrapolate_from_past(optax.sgd(0.1), "never")
    with pytest.raises(TypeError, match="extrapolate_from_past: tx must be"):
        mm.extrapolate_from_past(None)
