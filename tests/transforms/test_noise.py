"""Noise: independence, counts that are not restored, and exact scales."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm

pytestmark = pytest.mark.usefixtures("strict_promotion")
KEY = jax.random.key(5)


def draw(stddev, zeros, state=None, **extra):
    tx = mm.add_noise(stddev)
    return tx.update(zeros, tx.init(zeros) if state is None else state, **extra)


def correlation(a, b):
    return abs(float(jnp.corrcoef(a, b)[0, 1]))


def test_noise_is_independent_over_leaves_and_updates():
    zeros = mm.Players({"a": jnp.zeros(10000), "b": jnp.zeros(10000)}, {"a": jnp.zeros(10000)})
    first, state = draw(1.0, zeros, key=KEY)
    second, _ = draw(1.0, zeros, state, key=KEY)
    drawn = [*jax.tree.leaves(first), *jax.tree.leaves(second)]
    for i, a in enumerate(drawn):
        assert abs(float(jnp.mean(a))) < 0.05
        assert abs(float(jnp.std(a)) - 1) < 0.05
        assert all(correlation(a, b) < 0.05 for b in drawn[:i])


def test_noise_differs_after_restore_with_update_count():
    zeros = jnp.zeros(4)
    tx = mm.add_noise(1.0)
    before = tx.init(zeros)
    calls = [tx.update(zeros, before, key=KEY, update_count=jnp.asarray(i))[0] for i in (0, 1)]
    assert not np.allclose(*calls)
    chex.assert_trees_all_equal(calls[0], tx.update(zeros, before, key=KEY)[0])


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_noise_scales_with_a_schedule(dtype):
    zeros = jnp.zeros(8, dtype)
    unit, _ = draw(1.0, zeros, key=KEY)
    updates, _ = draw(lambda count: jnp.where(count == 0, 0.5, 7.0), zeros + 2, key=KEY)
    assert updates.dtype == dtype
    np.testing.assert_array_equal(updates, 2 + jnp.asarray(0.5, dtype) * unit)


def test_noise_is_independent_inside_per_player():
    zeros = mm.Players(jnp.zeros(3), jnp.zeros(3))
    tx = mm.per_player(min=mm.add_noise(1.0), max=mm.add_noise(1.0))
    updates, _ = tx.update(zeros, tx.init(zeros), key=KEY)
    assert not np.allclose(updates.min, updates.max)


def test_noise_keeps_masked_and_missing_leaves():
    tx = optax.masked(mm.add_noise(1.0), {"a": True, "b": False})
    tree = {"a": jnp.zeros(2), "b": jnp.zeros(2)}
    updates, _ = tx.update(tree, tx.init(tree), key=KEY)
    assert bool(jnp.all(updates["b"] == 0)) and not bool(jnp.any(updates["a"] == 0))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: mm.add_noise(-1.0), r"^add_noise: stddev must be at least 0"),
        (lambda: mm.add_noise("much"), r"^add_noise: stddev must be a number"),
        (lambda: draw(1.0, jnp.zeros(2)), r"^add_noise: update needs key="),
    ],
)
def test_noise_names_invalid_arguments(build, message):
    with pytest.raises((TypeError, ValueError), match=message):
        build()
