"""Tests that methods train a GAN on points, or are listed as unsuited.

The Fréchet distances to the data are those of the page docs/gan_trainer.md.
"""

import jax
import pytest

from minmax_jax import gan
from minmax_jax.gan.config.optimizer import NOT_FOR_NETWORKS

pytestmark = pytest.mark.slow  # 19 compilations

SMALL = {"width": 32, "batch_size": 64, "devices": 1, "steps": 400, "evaluate": 500}
METHODS = (
    "adaptive_extragradient",
    "adaptive_golden_ratio",
    "alternating_extrapolation",
    "anchored_past_extragradient",
    "bias_corrected_extragradient",
    "complete_newton",
    "curvature_extragradient",
    "extragradient",
    "fast_extragradient",
    "fast_optimistic_gda",
    "follow_the_ridge",
    "forward_backward_forward",
    "golden_ratio",
    "lead",
    "optimistic_gda",
    "primal_dual_hybrid_gradient",
    "sgda",
    "smoothed_gda",
    "tiada",
)


@pytest.mark.parametrize("optimizer", METHODS)
def test_method_reaches_gaussians_or_is_listed(optimizer, tmp_path, capfd):
    jax.clear_caches()  # Otherwise, the programs of all methods stay in memory.
    run = gan.train(gan.preset("gaussians", optimizer=optimizer, out=str(tmp_path), **SMALL))
    distance = run.summary["evaluation"]["scores"]["frechet_distance"]
    warns = f"optimizer={optimizer} is not made for networks: " in capfd.readouterr().err
    assert warns == (optimizer in NOT_FOR_NETWORKS)
    assert distance > 2 if warns else distance < 0.35, distance
