"""Tests of noise-corrected norms against a known noise model."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm

NUM_DRAWS = 12
Z = mm.Players({"a": jnp.zeros((3, 2)), "b": jnp.zeros(())}, jnp.zeros(20))
SCALE = {"min": 0.7, "max": 2.0}


def noisy_field(signal):
    """Returns a field F_i = signal·(1, …, 1) + σ N(0, I), with E‖F_i‖² = n (signal² + σ²)."""

    def field_fn(players, key):
        keys = iter(jax.random.split(key, 3))

        def leaf(x, scale):
            return signal + scale * jax.random.normal(next(keys), x.shape)

        return mm.Players(
            jax.tree.map(lambda x: leaf(x, SCALE["min"]), players.min),
            leaf(players.max, SCALE["max"]),
        )

    return field_fn


@pytest.fixture(scope="module", params=[0.0, 0.5])
def repeated(request):
    """Returns 2000 independent estimates and the exact values."""
    field_fn = noisy_field(request.param)

    @jax.jit
    @jax.vmap
    def estimate(key):
        return mm.diagnostics.noise_floor(field_fn, Z, NUM_DRAWS, key=key)

    return request.param, estimate(jax.random.split(jax.random.key(1), 2000))


@pytest.mark.parametrize(("side", "size"), [("min", 7), ("max", 20)])
def test_noise_floor_is_unbiased(repeated, side, size):
    signal, seen = repeated
    noise = size * SCALE[side] ** 2
    for part, truth in (
        (seen.corrected, size * signal**2),
        (seen.floor, noise),
        (seen.raw, size * signal**2 + noise),
    ):
        values = np.asarray(getattr(part, side))
        np.testing.assert_allclose(values.mean(), truth, atol=4 * values.std() / 2000**0.5)


@pytest.mark.parametrize("side", ["min", "max"])
def test_noise_floor_standard_error_is_not_too_small(repeated, side):
    signal, seen = repeated
    size = {"min": 7, "max": 20}[side]
    corrected, stderr = (np.asarray(getattr(p, side)) for p in (seen.corrected, seen.stderr))
    ratio = np.mean(stderr**2) / corrected.var()
    # The ratio is about 2 without a signal, where the U-statistic is degenerate.
    assert 0.9 < ratio < (2.6 if signal == 0 else 1.6)
    # 2.2 is the 95 % quantile of Student's t with 11 degrees of freedom.
    covered = np.abs(corrected - size * signal**2) <= 2.2 * stderr
    assert covered.mean() > 0.9


def test_noise_floor_is_mean_inner_product_over_pairs():
    def field_fn(players, draw):
        table = jnp.array([[1.0, 2.0], [3.0, -1.0], [0.5, 4.0], [2.0, 2.0]])
        return mm.Players(table[draw], -2 * table[draw])

    seen = mm.diagnostics.noise_floor(field_fn, mm.Players(jnp.zeros(2), jnp.zeros(2)), 4)
    rows = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 4.0], [2.0, 2.0]])
    gram = rows @ rows.T

    def mean_over_pairs(g):
        return (g.sum() - np.trace(g)) / (len(g) * (len(g) - 1))

    np.testing.assert_allclose(seen.raw.min, np.trace(gram) / 4, rtol=1e-6)
    np.testing.assert_allclose(seen.corrected.min, mean_over_pairs(gram), rtol=1e-6)
    np.testing.assert_allclose(seen.corrected.max, 4 * mean_over_pairs(gram), rtol=1e-6)
    keep = [[j for j in range(4) if j != i] for i in range(4)]
    left_out = np.array([mean_over_pairs(gram[np.ix_(k, k)]) for k in keep])
    jackknife = np.sqrt(3 / 4 * np.sum((left_out - left_out.mean()) ** 2))
    np.testing.assert_allclose(seen.stderr.min, jackknife, rtol=1e-5)
    np.testing.assert_allclose(seen.floor.min, seen.raw.min - seen.corrected.min, rtol=1e-6)


def test_noise_floor_is_zero_for_deterministic_field():
    game = mm.games.keswani("F3")
    seen = mm.diagnostics.noise_floor(game.field_fn, game.start, 3)
    norms = mm.diagnostics.player_norms(game.field_fn(game.start))
    np.testing.assert_allclose(seen.corrected, np.square(norms), rtol=1e-5)
    np.testing.assert_allclose(seen.floor, 0, atol=1e-5 * max(seen.raw))
    np.testing.assert_allclose(seen.stderr, 0, atol=1e-5 * max(seen.raw))


def test_noise_floor_accumulates_bfloat16_in_float32(strict_promotion):
    z = mm.Players(jnp.full(1000, 0.1, jnp.bfloat16), jnp.ones((), jnp.bfloat16))
    seen = mm.diagnostics.noise_floor(lambda players, draw: players, z, 3)
    assert seen.corrected.min.dtype == jnp.float32
    np.testing.assert_allclose(seen.corrected.min, 1000 * float(jnp.bfloat16(0.1)) ** 2, rtol=1e-5)


@pytest.mark.parametrize(("players", "num_draws"), [(jnp.ones(2), 3), (Z, 2), (Z, 3.0)])
def test_noise_floor_raises_for_invalid_arguments(players, num_draws):
    with pytest.raises((TypeError, ValueError), match="noise_floor: "):
        mm.diagnostics.noise_floor(noisy_field(0.0), players, num_draws)


def test_scaled_norms_in_three_units():
    z = mm.Players({"a": jnp.full(3, 2.0), "b": jnp.array(2.0)}, jnp.zeros(9))
    seen = mm.diagnostics.scaled_norms(mm.Players(jnp.array(6.0), jnp.array(6.0)), z)
    assert (float(seen.raw.min), float(seen.raw.max)) == (6.0, 6.0)
    np.testing.assert_allclose(seen.per_root_size, (3.0, 2.0), rtol=1e-6)
    np.testing.assert_allclose(seen.relative, (1.5, np.inf), rtol=1e-6)
    with pytest.raises(TypeError, match="scaled_norms: players"):
        mm.diagnostics.scaled_norms(seen.raw, jnp.ones(2))
