"""Tests of the inception score at its extremes and by hand."""

import numpy as np
import pytest

from minmax_jax.gan.evaluation import metrics


def test_inception_score_of_certain_classes_is_their_number():
    found = metrics.inception_score(np.eye(4)[np.arange(400) % 4], num_splits=1)
    np.testing.assert_allclose(found, (4.0, 0.0), rtol=1e-12)


def test_inception_score_of_uncertain_or_equal_samples_is_one():
    for p in (np.full((50, 4), 0.25), np.tile([1.0, 0, 0, 0], (50, 1))):
        np.testing.assert_allclose(metrics.inception_score(p, num_splits=5), (1.0, 0.0), atol=1e-12)


def test_inception_score_of_two_images_matches_formula():
    p = np.array([[0.9, 0.1], [0.2, 0.8]])
    q = p.mean(0)
    kl = (p * np.log(p / q)).sum(1).mean()
    np.testing.assert_allclose(metrics.inception_score(p, num_splits=1).value, np.exp(kl))


def test_inception_score_uses_the_marginal_of_each_split():
    # In a split of one image the marginal equals the prediction, so the divergence is zero.
    found = metrics.inception_score(np.eye(4), num_splits=4)
    np.testing.assert_allclose(found, (1.0, 0.0), atol=1e-12)


@pytest.mark.parametrize(
    ("p", "splits", "message"),
    [
        (np.ones((5, 3)), 1, "rows that sum to 1"),
        (np.array([[1.5, -0.5]]), 1, "rows that sum to 1"),
        (np.eye(3), 4, "num_splits must be between 1 and the number of samples, 3, got 4"),
    ],
)
def test_inception_score_rejects_invalid_input(p, splits, message):
    with pytest.raises(ValueError, match=message):
        metrics.inception_score(p, num_splits=splits)
