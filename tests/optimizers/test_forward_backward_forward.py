"""Forward–backward–forward: its formulas, and the methods that it reduces to."""

import jax
import numpy as np
import pytest

import minmax_jax as mm
from tests import matrix_game, problems
from tests.matrix_game import field, project

ETA = 0.9 / matrix_game.LIPSCHITZ


@pytest.mark.parametrize("feasible", [True, False])
def test_fbf_follows_its_formulas_on_simplices(feasible):
    seen = matrix_game.iterates(
        lambda projection: mm.forward_backward_forward(
            ETA, feasible=feasible, projection=projection
        ),
        400,
    )
    z = seen[0]
    for step in seen[1:40]:
        ahead = project(z - ETA * field(z))
        z = ahead - ETA * (field(ahead) - field(z))
        z = project(z) if feasible else z
        np.testing.assert_allclose(step, z, atol=1e-13)
    lowest = np.min(seen)
    assert lowest >= 0 if feasible else lowest < -1e-3
    assert matrix_game.gap(project(seen[-1])) < 1e-6 < matrix_game.gap(seen[0])


def test_fbf_without_projection_is_extragradient():
    with jax.enable_x64(True):
        ours = problems.orbit(mm.forward_backward_forward(0.4), 30)
        np.testing.assert_array_equal(ours, problems.orbit(mm.extragradient(0.4), 30))
        # Each update multiplies the squared norm by 1 − η² + η⁴.
        np.testing.assert_allclose(
            np.abs(ours[1:] / ours[:-1]) ** 2, 1 - 0.4**2 + 0.4**4, rtol=1e-13
        )
