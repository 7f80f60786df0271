"""Tests that scores do not depend on how a machine rounds matrix products."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minmax_jax.gan import networks
from minmax_jax.gan.evaluation import metrics
from minmax_jax.gan.evaluation.features import pretrained, trained
from minmax_jax.gan.evaluation.metrics import _arrays
from tests.precision import FULL, precisions_of
from tests.test_imports import names

FILES = sorted(Path(metrics.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_metric_computes_on_the_host(path):
    imported = {module.split(".")[0] for module, _ in names(path)}
    assert not imported & {"jax", "flax", "torch"}


def test_metrics_compute_in_float64():
    rows = np.ones((3, 2), np.float32)
    assert [array.dtype for array in _arrays.check_features("f", rows, rows)] == ["float64"] * 2


@pytest.mark.parametrize("module", [trained, pretrained])
def test_features_have_full_precision(module):
    def apply(params, stats, images, *, train):
        features = jnp.mean(images, (1, 2)) @ params
        return (features, features @ features.T), stats

    network = networks.Network(apply, jnp.eye(3), {})
    images = jnp.zeros((2, 4, 4, 3), jnp.uint8)
    with jax.default_matmul_precision("bfloat16"):
        found = precisions_of(
            lambda images: module.forward(network, (network.params, {}), images), images
        )
    assert len(found) >= 2 and set(found) == {FULL}
