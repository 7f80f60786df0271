"""Tests of the gradient norms along runs."""

import numpy as np
import pytest

import minmax_jax as mm
from experiments.one_sided.norms import figure
from experiments.one_sided.norms import run as norms
from experiments.one_sided.trajectories.config import make_problem


def test_norms_of_deterministic_game_match_its_field(small, measured):
    found = measured[0]["runs"]["adam_gda, constant"]
    problem = make_problem(small)
    for seed in range(2):
        field = mm.diagnostics.player_norms(problem.descended(problem.start(seed)))
        for side in ("min", "max"):
            seen = found["descended"][side]
            np.testing.assert_allclose(
                seen["corrected"][seed][0], getattr(field, side) ** 2, rtol=1e-3
            )
            np.testing.assert_allclose(seen["corrected"][seed], seen["raw"][seed], rtol=1e-2)


def test_slope_of_power_law_is_its_exponent():
    steps = list(range(0, 1001, 50))
    square = np.array([[np.nan if t == 0 else 3.0 * t**-1.0 for t in steps]] * 3)
    square[:, 0] = 1.0
    zero = mm.Players(np.zeros_like(square), np.zeros_like(square))
    floor = mm.diagnostics.NoiseFloor(zero, mm.Players(square, square**0.5), zero, zero)
    found = norms.slopes(steps, floor)
    for name, expected in (("min", -0.5), ("max", -0.25), ("difference", 0.25)):
        seen = found[name]
        np.testing.assert_allclose((seen["mean"], seen["low"], seen["high"]), expected, atol=1e-6)
    assert norms.t_interval([1.0, 2.0, 3.0])[1] == pytest.approx(2 - 4.3027 / 3**0.5, abs=1e-3)


def test_legend_names_raw_norms_only_if_they_are_visible(measured):
    result = measured[0]
    assert not figure.has_noise(result)  # The Dirac-GAN has no minibatches.
    recorded = {"corrected": [[1.0, 1.0]], "stderr": [[0.1, 0.1]], "raw": [[1.0, 1.1]]}
    noisy = {"descended": {"min": recorded, "max": recorded}}
    assert figure.has_noise({"runs": {**result["runs"], "noisy": noisy}})
