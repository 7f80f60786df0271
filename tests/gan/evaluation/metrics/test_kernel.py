"""Tests of the kernel distance against its formula, and of its standard error."""

import itertools

import numpy as np
import pytest

from minmax_jax.gan.evaluation import metrics
from minmax_jax.gan.evaluation.metrics import _arrays


def brute_force(x, y):
    k = lambda a, b: (a @ b / len(a) + 1) ** 3  # noqa: E731
    within = [np.mean([k(a, b) for a, b in itertools.permutations(z, 2)]) for z in (x, y)]
    return sum(within) - 2 * np.mean([k(a, b) for a in x for b in y])


def test_kernel_distance_equals_mmd_formula_for_full_subset():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(12, 5)), random.normal(0.5, 1, size=(12, 5))
    found = metrics.kernel_distance(x, y, num_subsets=3, subset_size=12)
    np.testing.assert_allclose(found.value, brute_force(x, y), rtol=1e-12)
    np.testing.assert_allclose(found.deviation, 0, atol=1e-12)
    assert np.isnan(found.standard_error)  # A single subset has no spread.


def test_kernel_distance_does_not_depend_on_block_size(monkeypatch):
    random = np.random.default_rng(1)
    x, y = random.normal(size=(40, 5)), random.normal(0.5, 1, size=(50, 5))
    whole = metrics.kernel_distance(x, y, num_subsets=4)
    monkeypatch.setattr(_arrays, "BLOCK", 64)
    np.testing.assert_allclose(whole, metrics.kernel_distance(x, y, num_subsets=4), rtol=1e-12)


def test_kernel_distance_is_unbiased_for_two_gaussians():
    # In one dimension E k(x, y) = E(xy)³ + 3 E(xy)² + 3 E(xy) + 1, moments of N(0, 1), N(1, 1).
    moments = {0: (0, 1, 0), 1: (1, 2, 4)}  # mean -> first, second, third moment
    kernel = lambda a, b: sum(c * p * q for c, p, q in zip((3, 3, 1), a, b, strict=True))  # noqa: E731
    a, b = moments[0], moments[1]
    truth = kernel(a, a) + kernel(b, b) - 2 * kernel(a, b)
    random = np.random.default_rng(2)
    draw = lambda mean: random.normal(mean, 1, size=(100, 1))  # noqa: E731
    found = [metrics.kernel_distance(draw(0), draw(1), num_subsets=20) for _ in range(300)]
    values = np.array([each.value for each in found])
    spread = values.std() / np.sqrt(len(values))
    assert abs(values.mean() - truth) < 3 * spread < 0.15 * truth
    # The standard error estimates the distance of one value from the true value.
    errors = np.array([each.standard_error for each in found])
    assert 0.75 < np.sqrt(np.mean(errors**2)) / values.std() < 1.25


@pytest.mark.parametrize("size", [1, 11])
def test_kernel_distance_rejects_invalid_subset_size(size):
    with pytest.raises(ValueError, match=f"subset_size must be between 2 and 10, .*, got {size}"):
        metrics.kernel_distance(np.ones((10, 2)), np.ones((20, 2)), subset_size=size)
