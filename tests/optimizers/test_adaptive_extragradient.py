"""Adaptive extragradient: formulas of both variants, and their range."""

import jax
import numpy as np
import pytest

import minmax_jax as mm
from tests import matrix_game, problems
from tests.matrix_game import field, project

DIAMETER, START = 1.5, 0.5


@pytest.mark.parametrize("variant", ["adaprox", "bach_levy"])
def test_adaptive_extragradient_follows_its_formulas(variant):
    options = {"variant": variant, "diameter": DIAMETER, "gradient_scale": START}
    seen = matrix_game.iterates(
        lambda projection: mm.adaptive_extragradient(projection=projection, **options), 500
    )
    z, total = seen[0], START**2
    for step in seen[1:60]:
        size = DIAMETER / np.sqrt(total)
        ahead = project(z - size * field(z))
        new = project(z - size * field(ahead))
        if variant == "adaprox":
            total += np.sum((field(z) - field(ahead)) ** 2)
        else:
            total += (np.sum((ahead - new) ** 2) + np.sum((ahead - z) ** 2)) / (5 * size**2)
        z = new
        np.testing.assert_allclose(step, z, atol=1e-12)
    assert variant == "bach_levy" or matrix_game.gap(seen[-1]) < 1e-6 < matrix_game.gap(seen[0])


def test_adaprox_shrinks_at_the_rate_of_its_step_sizes_on_xy():
    with jax.enable_x64(True):
        seen = np.abs(problems.orbit(mm.adaptive_extragradient(), 100))
    expected, total = [seen[0]], 1.0
    for _ in range(100):
        # Extragradient multiplies |z|² by 1 − s² + s⁴, and |F(z) − F(w)| = s |z|.
        square = 1 / total
        total += square * expected[-1] ** 2
        expected.append(expected[-1] * np.sqrt(1 - square + square**2))
    np.testing.assert_allclose(seen, expected, rtol=1e-11)
    assert seen[100] < 5e-5  # The sum stays bounded, so that the rate is linear.


def test_adaprox_sum_does_not_overflow():
    def end(scale):
        field_fn = mm.zero_sum(lambda z: scale * z.min * z.max)
        tx = mm.adaptive_extragradient(diameter=1.0, gradient_scale=scale)
        z = mm.solve(tx, field_fn, problems.bilinear.start, 40).players
        return z.min, z.max

    scales = np.array([2.0**-90, 1.0, 2.0**90], np.float32)
    small, plain, large = np.array(jax.jit(jax.vmap(end))(scales)).T
    np.testing.assert_allclose(small, plain, rtol=1e-4)
    np.testing.assert_allclose(large, plain, rtol=1e-4)
