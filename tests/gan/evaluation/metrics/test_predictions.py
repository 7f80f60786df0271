"""The inception-style score at its extremes and by hand."""

import numpy as np
import pytest

from minmax_jax.gan.evaluation import metrics


def test_sure_of_every_class_alike_is_the_number_of_classes():
    found = metrics.inception_score(np.eye(4)[np.arange(400) % 4], num_splits=1)
    np.testing.assert_allclose(found, (4.0, 0.0), rtol=1e-12)


def test_unsure_or_one_class_is_one():
    for p in (np.full((50, 4), 0.25), np.tile([1.0, 0, 0, 0], (50, 1))):
        np.testing.assert_allclose(metrics.inception_score(p, num_splits=5), (1.0, 0.0), atol=1e-12)


def test_two_images_by_hand():
    p = np.array([[0.9, 0.1], [0.2, 0.8]])
    q = p.mean(0)
    kl = (p * np.log(p / q)).sum(1).mean()
    np.testing.assert_allclose(metrics.inception_score(p, num_splits=1).value, np.exp(kl))


def test_splits_have_marginals_of_their_own():
    # Every split of one image is unsure of nothing: its marginal is itself.
    found = metrics.inception_score(np.eye(4), num_splits=4)
    np.testing.assert_allclose(found, (1.0, 0.0), atol=1e-12)


@pytest.mark.parametrize(
    ("p", "splits", "message"),
    [
        (np.ones((5, 3)), 1, "each row adding up to 1"),
        (np.array([[1.5, -0.5]]), 1, "each row adding up to 1"),
        (np.eye(3), 4, "num_splits=4 with 3 samples"),
    ],
)
def test_what_is_no_probability_is_refused(p, splits, message):
    with pytest.raises(ValueError, match=message):
        metrics.inception_score(p, num_splits=splits)
