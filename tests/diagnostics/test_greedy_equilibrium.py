"""Tests of greedy equilibria and of the exact binomial interval."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy import stats

import minmax_jax as mm

pytestmark = pytest.mark.usefixtures("strict_promotion")
NOISE = optax.chain(optax.set_to_zero(), mm.add_noise(0.5))


def equilibrium(payoff, x, y, **options):
    options = {
        "proposal": NOISE,
        "ascent": optax.sgd(0.25),
        "key": jax.random.key(1),
        "num_samples": 2000,
        "max_ascent_steps": 60,
        "gradient_tolerance": 1e-4,
        "min_improvement": 0.1,
        **options,
    }
    players = mm.Players(jnp.asarray(x), jnp.asarray(y))

    def found(players):
        field_fn, payoff_fn = mm.zero_sum(payoff), mm.payoff(payoff)
        return mm.diagnostics.greedy_equilibrium(field_fn, payoff_fn, players, **options)

    return jax.jit(found)(players)


def planar(z):
    """Returns f = −3x² − y² + 4xy, for which max_y f = x² at y = 2x."""
    return -3 * z.min**2 - z.max**2 + 4 * z.min * z.max


@pytest.mark.parametrize("x", [0.0, 0.3, 0.5, 2.0])
def test_omega_matches_closed_form(x):
    """A proposal x + σξ improves by δ if |x + σξ| ≤ √(x² − δ)."""
    found = equilibrium(planar, x, 2 * x)
    reach = np.sqrt(max(x**2 - 0.1, 0))
    omega = 0.0
    if x**2 > 0.1:
        omega = stats.norm.cdf((reach - x) / 0.5) - stats.norm.cdf((-reach - x) / 0.5)
    assert float(found.low) - 0.01 <= omega <= float(found.high) + 0.01
    assert abs(float(found.omega) - omega) < 4.5 * np.sqrt(0.25 / 2000)
    assert float(found.gradient_norm) < 1e-5 and float(found.unbounded) == 0


def test_gradient_norm_is_max_players_norm_at_point():
    assert abs(float(equilibrium(planar, 1.0, 0.0).gradient_norm) - 4) < 1e-5


def test_diverged_ascents_count_as_unbounded():
    found = equilibrium(lambda z: z.max**2 + z.min, 0.0, 1.0, max_ascent_steps=1000)
    assert float(found.omega) == 0 and float(found.unbounded) == 1


@pytest.mark.parametrize("trials", [1, 20, 500])
@pytest.mark.parametrize("confidence", [0.9, 0.99])
def test_binomial_interval_matches_scipy(trials, confidence):
    successes = np.unique(np.array([0, 1, trials // 3, trials - 1, trials]))
    low, high = mm.diagnostics.binomial_interval(successes, trials, confidence)
    for k, a, b in zip(successes, low, high, strict=True):
        wanted = stats.binomtest(int(k), trials).proportion_ci(confidence)
        np.testing.assert_allclose([a, b], wanted, atol=2e-5)


def test_binomial_interval_without_success_has_closed_form():
    high = mm.diagnostics.binomial_interval(0, 100, 0.95)[1]
    assert abs(float(high) - (1 - 0.025**0.01)) < 1e-5


def test_greedy_equilibrium_raises_for_invalid_arguments():
    with pytest.raises(ValueError, match=r"^greedy_equilibrium: num_samples must be at least 1"):
        equilibrium(planar, 0.0, 0.0, num_samples=0)
    with pytest.raises(ValueError, match=r"^greedy_equilibrium: confidence must be betw"):
        equilibrium(planar, 0.0, 0.0, confidence=95.0)
