"""Smoothed gradient descent–ascent: its matrix on f = xy, and its limits."""

import jax
import numpy as np
import optax
import pytest

import minmax_jax as mm
from tests import problems

C, ALPHA, P, BETA = 0.2, 0.3, 1.0, 0.3


def smoothed(**options):
    rates = mm.Players(C, ALPHA)
    return mm.smoothed_gda(rates, strength=P, rate=BETA, **options)


@pytest.mark.parametrize("r", [0.0, 0.5])
def test_smoothed_gda_follows_its_matrix_on_xy(r):
    mu = 0.2
    # On (x, y, s, v), the update of one variable after the other.
    x = np.array([[1 - C * P, -C, C * P, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    y = np.array([[1, 0, 0, 0], [ALPHA, 1 - ALPHA * r, 0, ALPHA * r], [0, 0, 1, 0], [0, 0, 0, 1]])
    centers = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [BETA, 0, 1 - BETA, 0], [0, mu, 0, 1 - mu]])
    matrix = centers @ y @ x
    with jax.enable_x64(True):
        seen = problems.orbit(smoothed(max_strength=r, max_rate=mu), 50)
    state = np.array([1.0, 0.5, 1.0, 0.5])
    for point in seen[1:]:
        state = matrix @ state
        np.testing.assert_allclose([point.real, point.imag], state[:2], atol=1e-13)
    radius = np.max(np.abs(np.linalg.eigvals(matrix[:3, :3] if r == 0 else matrix)))
    assert radius < 1 and (r > 0 or abs(radius - 0.9796) < 1e-4)


def test_smoothed_gda_without_strength_is_alternating_descent():
    both = mm.smoothed_gda(0.3, strength=0.0), mm.smoothed_gda(0.3, strength=np.float32(0))
    plain = problems.orbit(mm.alternate(min=optax.sgd(0.3), max=optax.sgd(0.3), first="min"), 20)
    for optimizer in both:
        np.testing.assert_array_equal(problems.orbit(optimizer, 20), plain)
