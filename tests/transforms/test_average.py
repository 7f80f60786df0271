"""Averages of the parameters, and reading them from a state."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from tests import problems


def run(tx, num_steps=10, problem=problems.curved):
    def whole(start):
        result = mm.solve(
            tx,
            problem.field_fn,
            start,
            num_steps,
            record=lambda step, z, u, state: (z, mm.averaged_players(state)),
        )
        return result.records

    return jax.jit(whole)(problem.start)


@pytest.mark.parametrize("begin", [0, 4])
def test_uniform_average_is_mean_of_iterates(begin, strict_promotion):
    seen, means = run(mm.average(mm.extragradient(0.1), begin=begin))

    def expected(z):
        z = np.asarray(z)
        return np.stack([z[min(begin, k) : k + 1].mean(0) for k in range(10)])

    chex.assert_trees_all_close(means, jax.tree.map(expected, seen), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("begin", [0, 4])
def test_exponential_average_satisfies_its_recursion(begin, strict_promotion):
    seen, means = run(mm.average(mm.sgda(0.1), "exponential", decay=0.7, begin=begin))

    def expected(start, z):
        mean, rows = np.asarray(start), []
        for k, now in enumerate(np.asarray(z)):
            mean = now if k < begin else 0.7 * mean + 0.3 * now
            rows.append(mean)
        return np.stack(rows)

    hand = jax.tree.map(expected, problems.curved.start, seen)
    chex.assert_trees_all_close(means, hand, rtol=1e-5, atol=1e-6)


def test_average_does_not_change_the_updates(strict_promotion):
    seen, _ = run(mm.average(mm.extragradient(0.1)))
    alone, _ = run(optax.chain(mm.average(mm.extragradient(0.1)), optax.identity()))
    chex.assert_trees_all_equal(seen, alone)
    bare = problems.orbit(mm.extragradient(0.1), 5)
    np.testing.assert_array_equal(problems.orbit(mm.average(mm.extragradient(0.1)), 5), bare)


def test_average_of_bfloat16_is_float32():
    tx = mm.average(mm.sgda(1.0), "exponential", decay=0.999)
    z = mm.Players(jnp.ones((), jnp.bfloat16), jnp.ones((), jnp.bfloat16))
    updates, state = tx.update(z, tx.init(z), z)
    assert updates.min.dtype == jnp.bfloat16
    mean = mm.averaged_players(state)
    assert mean.min.dtype == jnp.float32
    np.testing.assert_allclose(mean.min, 0.999, rtol=1e-6)


def test_average_before_first_update_is_the_start():
    z = problems.curved.start
    chex.assert_trees_all_equal(mm.averaged_players(mm.average(mm.sgda(0.1)).init(z)), z)


def test_averaged_players_finds_state_in_any_wrapper():
    z = problems.bilinear.start
    inner = mm.average(optax.sgd(0.1))
    for tx in (
        optax.chain(optax.clip(1.0), inner),
        mm.lookahead(mm.average(mm.sgda(0.1)), 5, 0.5),
        mm.extrapolate(optax.sgd(0.1), extrapolation_tx=inner),
        optax.apply_if_finite(inner, 3),
    ):
        chex.assert_trees_all_equal(mm.averaged_players(tx.init(z)), z)
    states = jax.vmap(lambda x: inner.init(mm.Players(x, x)))(jnp.arange(3.0))
    assert mm.averaged_players(states).min.shape == (3,)


def test_averaged_players_raises_unless_exactly_one():
    z = problems.bilinear.start
    with pytest.raises(ValueError, match=r"got 0\. Wrap the optimizer in mm\.average"):
        mm.averaged_players(mm.sgda(0.1).init(z))
    two = mm.average(mm.sgda(0.1)).init(z)
    with pytest.raises(ValueError, match=r"got 2\. Pass the state of one"):
        mm.averaged_players((two, two))


def test_average_names_invalid_arguments():
    with pytest.raises(ValueError, match="average: scheme must be 'uniform' or 'linear' or 'exp"):
        mm.average(mm.sgda(0.1), "geometric")
    with pytest.raises(ValueError, match="average: decay must be between 0 and 1"):
        mm.average(mm.sgda(0.1), "exponential", decay=1.1)
    with pytest.raises(TypeError, match="average: begin must be a Python int"):
        mm.average(mm.sgda(0.1), begin=0.5)


def test_average_is_kept_at_largest_count():
    tx, z = mm.average(mm.sgda(1.0)), mm.Players(jnp.ones(2), jnp.ones(2))
    state = tx.init(z)._replace(count=jnp.int32(2**31 - 1))
    _, state = tx.update(z, state, z)
    chex.assert_trees_all_close(mm.averaged_players(state), z, atol=1e-6)
