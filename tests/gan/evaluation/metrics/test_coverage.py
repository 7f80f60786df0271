"""Tests of class and mode coverage, counted by hand."""

import numpy as np
import pytest

from minmax_jax.gan.evaluation import metrics


def test_class_coverage_counts_classes_above_min_share():
    predicted = np.array([0] * 50 + [1] * 48 + [2] * 2)
    found = metrics.class_coverage(predicted, 4, min_share=0.05)
    assert (found.covered, found.num_classes) == (2, 4)
    np.testing.assert_allclose(found.shares, [0.5, 0.48, 0.02, 0.0])
    even = metrics.class_coverage(np.arange(8) % 4, 4)
    assert even.covered == 4
    np.testing.assert_allclose(even.entropy, np.log(4))


def test_mode_coverage_counts_modes_above_min_share():
    centers = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    samples = np.array([[0.1, 0.0]] * 6 + [[10.0, 0.2]] * 3 + [[5.0, 5.0]] * 10 + [[np.nan, 0.0]])
    found = metrics.mode_coverage(samples, centers, radius=0.3, min_share=0.2)
    assert (found.covered, found.num_modes) == (1, 3)
    np.testing.assert_allclose(found.close_share, 9 / 20)
    np.testing.assert_allclose(found.shares, [0.3, 0.15, 0.0])


@pytest.mark.parametrize("count", [metrics.class_coverage, metrics.mode_coverage])
def test_coverage_rejects_empty_samples(count):
    with pytest.raises(ValueError, match="must contain at least one sample"):
        count(np.zeros((0, 2)), np.zeros((3, 2)), 1.0)
