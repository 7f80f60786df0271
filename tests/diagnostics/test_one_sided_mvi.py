"""Tests of the one-sided MVI measurements and of the block bootstrap."""

import gc
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from tests import garbage

one_sided_mvi = mm.diagnostics.one_sided_mvi
bootstrap_interval = mm.diagnostics.bootstrap_interval


def test_one_sided_mvi_matches_hand_computation():
    field_fn = mm.zero_sum(lambda z: jnp.sum(z.min["a"] * z.max) + z.min["b"] ** 2)
    run = [
        mm.Players({"a": jnp.array([1.0, 0.0]), "b": jnp.array(2.0)}, jnp.array([3.0, -1.0])),
        mm.Players({"a": jnp.array([0.0, 1.0]), "b": jnp.array(0.0)}, jnp.array([3.0, -1.0])),
    ]
    reference = {"a": jnp.zeros(2), "b": jnp.array(1.0)}
    seen = one_sided_mvi(field_fn, run, reference)
    # The gradients are (3, −1, 4) and (3, −1, 0); the lines are (1, 0, 1) and (0, 1, −1).
    np.testing.assert_allclose(seen.inner, [7.0, -1.0], rtol=1e-6)
    np.testing.assert_allclose(seen.distance, [2**0.5, 2**0.5], rtol=1e-6)
    np.testing.assert_allclose(seen.cosine, [7 / (26 * 2) ** 0.5, -1 / (10 * 2) ** 0.5], rtol=1e-6)
    assert seen.share.mean == 0.5
    np.testing.assert_allclose(seen.mean_cosine.mean, seen.cosine.mean(), rtol=1e-6)


def test_one_sided_mvi_ignores_checkpoints_at_reference():
    run = [mm.Players(x, 1.0) for x in (-1.0, -0.5, 0.0)]
    seen = one_sided_mvi(mm.zero_sum(lambda z: z.min * z.max), run, 0.0)
    np.testing.assert_allclose(seen.inner, [-1.0, -0.5, 0.0])
    assert seen.share.mean == 0.0
    assert seen.cosine[-1] == 0.0


def test_one_sided_mvi_does_not_count_nan_gradients():
    run = [mm.Players(x, 1.0) for x in (1.0, jnp.nan)]
    seen = one_sided_mvi(mm.zero_sum(lambda z: z.min * z.max), run, 0.0)
    assert seen.share.mean == 0.5
    assert np.isnan(seen.inner[1]) and np.isnan(seen.mean_cosine.mean)


def test_one_sided_mvi_averages_fresh_samples_per_checkpoint():
    table = jnp.array([1.0, 3.0, 2.0, 6.0])
    field_fn = mm.zero_sum(lambda z, draw: table[draw] * z.min + 0 * z.max, stochastic=True)
    seen = one_sided_mvi(field_fn, [mm.Players(2.0, 0.0)] * 2, 0.0, num_draws=2)
    np.testing.assert_allclose(seen.inner, [4.0, 8.0])
    np.testing.assert_allclose(seen.stderr, [2.0, 4.0], rtol=1e-6)
    assert np.isnan(one_sided_mvi(field_fn, [mm.Players(2.0, 0.0)], 0.0).stderr).all()


def test_one_sided_mvi_passes_keys_to_field():
    def payoff(z, key):
        return z.min * (1 + jax.random.normal(key)) + 0 * z.max

    run = [mm.Players(2.0, 0.0)] * 30
    seen = one_sided_mvi(
        mm.zero_sum(payoff, stochastic=True), run, 0.0, num_draws=100, key=jax.random.key(3)
    )
    assert len(set(seen.inner)) == 30
    np.testing.assert_allclose(seen.stderr, 0.2, rtol=0.3)
    np.testing.assert_allclose(seen.inner.mean(), 2.0, atol=4 * 0.2 / 30**0.5)


def test_one_sided_mvi_frees_checkpoints_of_an_iterator():
    alive, most = [], []

    def run():
        for t in range(12):
            players = mm.Players({"a": jnp.full((50, 50), 1.0 + t)}, jnp.full(3, float(t)))
            alive.extend(weakref.ref(leaf) for leaf in jax.tree.leaves(players))
            yield players
            del players
            gc.collect()
            most.append(sum(ref() is not None for ref in alive))

    with garbage.collected():
        seen = one_sided_mvi(
            mm.zero_sum(lambda z: jnp.sum(z.min["a"] ** 2) - jnp.sum(z.max**2)),
            run(),
            {"a": jnp.zeros((50, 50))},
        )
    assert len(seen.inner) == 12
    assert len(alive) == 24
    assert max(most) <= 2  # A checkpoint has two leaves, and at most one is alive.


@pytest.mark.parametrize("reference", [jnp.zeros(3), {"a": jnp.zeros(2)}])
def test_one_sided_mvi_raises_for_mismatched_reference(reference):
    run = [mm.Players(jnp.zeros(2), jnp.zeros(2))]
    with pytest.raises(ValueError, match="one_sided_mvi: reference must be a tree like"):
        one_sided_mvi(mm.zero_sum(lambda z: jnp.sum(z.min * z.max)), run, reference)


@pytest.mark.parametrize("run", [[], [mm.Players(1.0, 1.0)]])
def test_one_sided_mvi_raises_when_run_stays_at_reference(run):
    with pytest.raises(
        ValueError, match="players_along_run must have a checkpoint away from the reference"
    ):
        one_sided_mvi(mm.zero_sum(lambda z: z.min * z.max), run, 1.0)


def test_bootstrap_interval_covers_mean_of_independent_values():
    keys = jax.random.split(jax.random.key(0), 300)
    values = jax.vmap(lambda k: jax.random.normal(k, (40,)))(keys)

    @jax.jit
    @jax.vmap
    def interval(key, series):
        return bootstrap_interval(series, key=key, block_size=1, num_resamples=400)

    seen = interval(keys, values)
    assert 0.88 < np.mean((seen.low <= 0) & (seen.high >= 0)) < 0.98


def test_bootstrap_blocks_improve_coverage_of_dependent_series():
    keys = jax.random.split(jax.random.key(0), 300)

    def series(key):
        """Returns an AR(1) series with coefficient 0.8."""
        noise = jax.random.normal(key, (300,))
        return jax.lax.scan(lambda x, e: (0.8 * x + e,) * 2, 0.0, noise)[1][100:]

    values = jax.vmap(series)(keys)

    def covered(block_size):
        seen = jax.jit(
            jax.vmap(
                lambda k, v: bootstrap_interval(v, key=k, block_size=block_size, num_resamples=200)
            )
        )(keys, values)
        return np.mean((seen.low <= 0) & (seen.high >= 0))

    assert covered(1) < 0.6
    assert covered(20) > 0.8


def test_bootstrap_interval_raises_for_invalid_series():
    with pytest.raises(ValueError, match="bootstrap_interval: values must be a series"):
        bootstrap_interval(jnp.ones((2, 2)), key=jax.random.key(0))
    with pytest.raises(ValueError, match="block_size"):
        bootstrap_interval(jnp.ones(2), key=jax.random.key(0), block_size=0)
