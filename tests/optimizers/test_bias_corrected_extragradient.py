"""BC-SEG+: its formulas in NumPy, EG+ without noise, and its average with noise."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from tests import problems

pytestmark = pytest.mark.usefixtures("strict_promotion")

EIGENVALUE = -0.1 - 1j * np.sqrt(0.99)
"""The field of w = x + iy is λw. It satisfies the weak Minty inequality with ρ = −0.1, L = 1."""


def run(optimizer, noise, start=1 + 0.5j):
    """Returns the points z and w after updates with the given noise.

    `noise[k, i]` is added to the field of update k with sample index i, in complex notation.
    """
    re, im = EIGENVALUE.real, EIGENVALUE.imag

    def step(carry, noise):
        z, state = carry

        def field_fn(z, draw=0):
            x, y = re * z.min - im * z.max, im * z.min + re * z.max
            return mm.Players(x + noise[draw, 0], y + noise[draw, 1])

        updates, state = optimizer.update(field_fn(z), state, z, field_fn=field_fn)
        ahead = jax.tree.map(jnp.add, state.previous, state.extrapolation)
        z = mm.apply_updates(z, updates)
        return (z, state), (z, ahead)

    with jax.enable_x64(True):
        z = mm.Players(jnp.asarray(start.real), jnp.asarray(start.imag))
        parts = jnp.stack([noise.real, noise.imag], -1)
        seen = jax.jit(lambda z: jax.lax.scan(step, (z, optimizer.init(z)), parts)[1])(z)
        return [np.asarray(point.min) + 1j * np.asarray(point.max) for point in seen]


def reference(noise, gamma, alpha, start=1 + 0.5j):
    z = last = start
    w, points = None, []
    for k, (first, second) in enumerate(noise):
        ahead = z - gamma * (EIGENVALUE * z + first)
        if w is not None:
            ahead = ahead + (1 - alpha(k)) * (w - last + gamma * (EIGENVALUE * last + first))
        w, last = ahead, z
        z = z - alpha(k) * gamma * (EIGENVALUE * w + second)
        points.append((z, w))
    return np.array(points).T


def noises(num_steps):
    parts = np.random.default_rng(0).normal(size=(2, num_steps, 2)) / np.sqrt(2)
    return parts[0] + 1j * parts[1]


def test_bias_correction_follows_its_formulas():
    noise = noises(50)
    tx = mm.bias_corrected_extragradient(
        0.8, relaxation=lambda k: 0.3 / (1 + jnp.asarray(k, float) / 20)
    )
    wanted = reference(noise, 0.8, lambda k: 0.3 / (1 + k / 20))
    np.testing.assert_allclose(run(tx, noise), wanted, rtol=1e-12)


def test_bias_correction_without_noise_is_eg_plus():
    corrected, eg_plus = (
        problems.orbit(tx, 20)
        for tx in (
            mm.bias_corrected_extragradient(0.7, relaxation=0.4),
            mm.extragradient(0.7, relaxation=0.4),
        )
    )
    np.testing.assert_allclose(corrected, eg_plus, rtol=1e-5)


def test_bias_correction_averages_noise_of_lookahead_point():
    tx = mm.bias_corrected_extragradient(1.0, relaxation=lambda k: 1 / (18 * (1 + k / 100)))
    _, ahead = run(tx, noises(3000))
    # Without the correction, w contains a fresh sample, so that the mean of ‖F(w)‖² is at least 1.
    assert np.mean(np.abs(EIGENVALUE * ahead[1500:]) ** 2) < 0.01


def test_bias_correction_with_full_steps_is_extragradient():
    full = problems.orbit(mm.bias_corrected_extragradient(0.5, relaxation=1.0), 10)
    np.testing.assert_allclose(full, problems.orbit(mm.extragradient(0.5), 10), rtol=1e-5)
