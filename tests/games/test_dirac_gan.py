"""Tests of the Dirac-GAN against closed forms and hand-written fields."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from minmax_jax import games
from minmax_jax.games.dirac_gan import STRENGTHS


def players(theta, psi):
    return mm.Players({"theta": jnp.asarray(theta)}, {"psi": jnp.asarray(psi)})


def roots(half_trace, determinant):
    root = np.sqrt(complex(half_trace**2 - determinant))
    return sorted([half_trace + root, half_trace - root], key=lambda v: (v.real, v.imag))


EIGENVALUES = {
    "gan": roots(0, 0.25),
    "non-saturating": roots(0, 0.25),
    "wgan": roots(0, 1.0),
    "instance-noise": roots(0.49 / 4, 0.25),
    "gradient-penalty": roots(0.15, 0.25),
    "critical-gradient-penalty": roots(0.5, 0.25),
    "consensus": [0.25 - 0.5j, 0.25 + 0.5j],
}


@pytest.mark.parametrize("variant", EIGENVALUES)
def test_eigenvalues_at_solution_match_paper(variant):
    game = games.dirac_gan(variant)
    found = np.linalg.eigvals(mm.diagnostics.jacobian(game.field_fn, game.solution))
    found = sorted(found.tolist(), key=lambda v: (round(v.real, 4), v.imag))
    np.testing.assert_allclose(
        found, EIGENVALUES[variant], atol=2e-4
    )  # The critical variant has a double root.


def sigmoid(t):
    return 1 / (1 + np.exp(-t))


def by_hand(theta, psi):
    """Returns the hand-written fields, with f'(t) = σ(−t) and f''(t) = −σ(t)σ(−t)."""
    t = theta * psi
    slope, bend = sigmoid(-t), -sigmoid(t) * sigmoid(-t)
    square = theta**2 + psi**2
    return {
        "gan": (psi * slope, -theta * slope),
        "non-saturating": (psi * sigmoid(t), -theta * slope),
        "wgan": (psi, -theta),
        "wgan-gp": (psi, -theta + 0.7 * (abs(psi) - 1) * np.sign(psi)),
        "gradient-penalty": (psi * slope, -theta * slope + 0.3 * psi),
        "critical-gradient-penalty": (psi * slope, -theta * slope + psi),
        "consensus": (
            psi * slope + theta * slope**2 + psi * square * slope * bend,
            -theta * slope + psi * slope**2 + theta * square * slope * bend,
        ),
    }


@pytest.mark.parametrize("variant", by_hand(0.0, 0.0))
def test_field_matches_hand_written_field(variant, strict_promotion):
    field = games.dirac_gan(variant).field_fn(players(0.8, -0.6))
    found = (field.min["theta"], field.max["psi"])
    np.testing.assert_allclose(found, by_hand(0.8, -0.6)[variant], rtol=1e-5)


def test_instance_noise_matches_monte_carlo_mean():
    theta, psi, count = 0.8, -0.6, 400_000
    noise = 0.7 * jax.random.normal(jax.random.key(0), (2, count))
    values = jax.nn.log_sigmoid(psi * (theta + noise[0])) + jax.nn.log_sigmoid(-psi * noise[1])
    found = games.dirac_gan("instance-noise").payoff_fn(players(theta, psi))
    assert abs(found - values.mean()) < 4 * values.std() / count**0.5


def test_instance_noise_of_strength_zero_is_plain_game():
    z, plain = players(0.8, -0.6), games.dirac_gan("gan")
    quiet = games.dirac_gan("instance-noise", strength=0.0)
    assert abs(quiet.payoff_fn(z) - plain.payoff_fn(z)) < 1e-6


def end(variant, num_steps=1000):
    game = games.dirac_gan(variant)
    optimizer = mm.sgda(0.2, projection=game.projection)
    z = jax.jit(lambda z: mm.solve(optimizer, game.field_fn, z, num_steps).players)(game.start)
    return float(z.min["theta"]), float(z.max["psi"])


@pytest.mark.parametrize("variant", STRENGTHS)
def test_sgda_converges_for_variants_proved_in_paper(variant):
    converges = variant in (
        "instance-noise",
        "gradient-penalty",
        "critical-gradient-penalty",
        "consensus",
    )
    assert (np.hypot(*end(variant)) < 1e-3) == converges


def test_projection_clips_psi_only():
    projection = games.dirac_gan("wgan", strength=0.5).projection
    z = projection(players(3.0, -3.0))
    assert (z.min["theta"], z.max["psi"]) == (3.0, -0.5)
    assert projection(players(3.0, -3.0).max)["psi"] == -0.5


def test_wgan_gp_has_no_solution_for_positive_target():
    assert games.dirac_gan("wgan-gp").solution is None
    assert games.dirac_gan("wgan-gp", target=0.0).solution is not None


def test_dirac_gan_raises_for_invalid_arguments():
    with pytest.raises(ValueError, match="dirac_gan: variant must be 'gan' or"):
        games.dirac_gan("dragan")
    with pytest.raises(ValueError, match="dirac_gan: strength must be at least 0"):
        games.dirac_gan("wgan", strength=-1.0)
