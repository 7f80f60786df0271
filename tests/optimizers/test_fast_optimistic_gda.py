"""Fast optimistic gradient descent–ascent: formulas, and its rate on f = xy."""

import jax
import numpy as np
import pytest

import minmax_jax as mm
from tests import matrix_game, problems
from tests.matrix_game import field


@pytest.mark.parametrize("alpha", [2.1, 3.0])
def test_fast_ogda_follows_its_formulas(alpha):
    eta = 0.24 / matrix_game.LIPSCHITZ
    seen = matrix_game.iterates(lambda _: mm.fast_optimistic_gda(eta, alpha=alpha), 60)
    z = before = seen[0]
    past = np.zeros(z.size)
    for k, step in enumerate(seen[1:]):
        ahead = z + k / (k + alpha) * (z - before) - eta * alpha / (k + alpha) * past
        new = field(ahead)
        before, z = z, ahead - eta * (2 * k + alpha) / (k + alpha) * (new - past)
        past = new
        np.testing.assert_allclose(step, z, atol=1e-12)


def test_fast_ogda_is_faster_than_one_over_k_on_xy():
    with jax.enable_x64(True):
        seen = np.abs(problems.orbit(mm.fast_optimistic_gda(0.2), 2000))
    scaled = np.arange(2001) * seen / seen[0]
    np.testing.assert_allclose(scaled[[500, 1000, 2000]], [2.06417, 1.99390, 1.92600], rtol=1e-4)
