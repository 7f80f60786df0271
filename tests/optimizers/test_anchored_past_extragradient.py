"""Anchored Popov and anchored reflected gradient: formulas, and rates on f = xy."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

import minmax_jax as mm
from tests import matrix_game, problems
from tests.matrix_game import field, project


def test_anchored_popov_follows_its_formulas():
    lipschitz = matrix_game.LIPSCHITZ
    eta = 1 / (2 * np.sqrt(3) * lipschitz)
    seen = matrix_game.iterates(lambda _: mm.anchored_past_extragradient(eta), 60)
    z, size, past = seen[0], eta, np.zeros(seen.shape[1])
    for k, step in enumerate(seen[1:]):
        b, pull = 1 / (k + 2), (seen[0] - z) / (k + 2)
        past = field(z + pull - (1 - b) * size * past)
        z = z + pull - size * past
        square = 4 * (lipschitz * size) ** 2
        size *= (1 - b**2 - square) / (k + 3) / ((1 - square) * (1 - b) * b)
        np.testing.assert_allclose(step, z, atol=1e-12)


def test_anchored_reflection_follows_its_formulas_on_simplices():
    eta = 0.2 / matrix_game.LIPSCHITZ
    seen = matrix_game.iterates(
        lambda projection: mm.anchored_past_extragradient(
            eta, variant="reflected", projection=projection
        ),
        3000,
    )
    start, (before, z) = seen[0], seen[:2]
    np.testing.assert_allclose(z, project(start - eta * field(start)), atol=1e-13)
    for k, step in enumerate(seen[2:60], start=1):
        ahead = 2 * z - before + (start - z) / (k + 1) - (start - before) / k
        before, z = z, project(z - eta * field(ahead) + (start - z) / (k + 1))
        np.testing.assert_allclose(step, z, atol=1e-12)
    gaps = [matrix_game.gap(z) for z in (start, seen[300], seen[3000])]
    assert gaps[0] > 0.5 and gaps[2] < gaps[1] / 8 < 0.002  # The order is 1/k.


def test_anchored_methods_reach_their_constants_on_xy():
    with jax.enable_x64(True):
        popov = np.abs(problems.orbit(mm.anchored_past_extragradient(1 / np.sqrt(12)), 3000))
        arg = problems.orbit(mm.anchored_past_extragradient(1 / 12, variant="reflected"), 3000)
    assert np.isclose(np.max(np.arange(1, 3002) * popov) / popov[0], 7.675, atol=1e-3)
    np.testing.assert_allclose(3000 * np.abs(arg[-1] / arg[0]), 12, rtol=1e-4)  # 1/η


def test_anchored_reflection_equals_anchored_extrapolation():
    def weight(count):
        return 1 / (jnp.asarray(count).astype(float) + 1)

    with jax.enable_x64(True):
        step = optax.chain(mm.sgda(0.2), mm.anchor(weight))
        composed = mm.extrapolate_from_past(step, "once")
        ours = mm.anchored_past_extragradient(0.2, variant="reflected")
        np.testing.assert_allclose(
            problems.orbit(ours, 30), problems.orbit(composed, 30), rtol=1e-12
        )
