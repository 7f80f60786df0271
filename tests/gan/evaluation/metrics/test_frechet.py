"""Tests of the Fréchet distance against closed forms and the matrix square root."""

import numpy as np
import pytest
import scipy.linalg

from minmax_jax.gan.evaluation import metrics


def test_frechet_distance_of_diagonal_gaussians_is_exact():
    random = np.random.default_rng(0)
    base = random.normal(size=(2000, 5))
    base = (base - base.mean(0)) @ np.linalg.inv(
        np.linalg.cholesky(np.cov(base.T)).T
    )  # exactly white
    scales, shift = np.array([1.0, 2.0, 0.5, 3.0, 1.0]), np.array([1.0, 0.0, -2.0, 0.0, 0.5])
    distance = metrics.frechet_distance(base, base * scales + shift)
    np.testing.assert_allclose(distance, (shift**2).sum() + ((scales - 1) ** 2).sum(), rtol=1e-8)


def test_frechet_distance_matches_the_matrix_square_root():
    random = np.random.default_rng(1)
    first = random.normal(size=(300, 8)) @ random.normal(size=(8, 8))
    second = random.normal(size=(400, 8)) @ random.normal(size=(8, 8)) + 1
    s1, s2 = np.cov(first.T), np.cov(second.T)
    root = scipy.linalg.sqrtm(s1 @ s2)
    shift = first.mean(0) - second.mean(0)
    expected = shift @ shift + np.trace(s1 + s2 - 2 * root.real)
    np.testing.assert_allclose(metrics.frechet_distance(first, second), expected, rtol=1e-6)


def test_frechet_distance_is_symmetric_and_zero_for_equal_sets():
    random = np.random.default_rng(2)
    first, second = (
        random.normal(size=(50, 60)),
        random.normal(size=(40, 60)),
    )  # singular
    forward, backward = (
        metrics.frechet_distance(*pair) for pair in ((first, second), (second, first))
    )
    np.testing.assert_allclose(forward, backward, rtol=1e-6)
    assert metrics.frechet_distance(first, first) < 1e-6 * forward


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (
            np.ones((5, 3)),
            np.ones((5, 4)),
            r"with the same dimension, got \(5, 3\)",
        ),
        (np.ones(5), np.ones(5), r"\(n, dimension\)"),
        (np.ones((1, 3)), np.ones((5, 3)), "at least 2 rows, got 1 and 5"),
        (np.full((5, 3), np.nan), np.ones((5, 3)), "must be finite"),
    ],
)
def test_frechet_distance_rejects_invalid_sets(first, second, message):
    with pytest.raises(ValueError, match=message):
        metrics.frechet_distance(first, second)
