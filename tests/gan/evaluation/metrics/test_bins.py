"""Tests of statistically different bins, with known proportions."""

import numpy as np
import pytest
import scipy.stats

from minmax_jax.gan.evaluation import metrics

CENTERS = np.array([[0.0], [10.0], [20.0], [30.0]])


def at(*counts):
    return np.repeat(CENTERS, counts, axis=0)


def test_different_bins_matches_hand_calculation():
    found = metrics.different_bins(at(250, 250, 250, 250), at(0, 250, 260, 490), CENTERS)
    np.testing.assert_allclose(found.reference_shares, 0.25)
    np.testing.assert_allclose(found.sample_shares, [0, 0.25, 0.26, 0.49])
    assert (found.different, found.num_bins) == (2, 4)  # The empty bin and the doubled bin differ.
    p, q = found.reference_shares, found.sample_shares
    expected = (
        scipy.stats.entropy((p + q) / 2) - (scipy.stats.entropy(p) + scipy.stats.entropy(q)) / 2
    )
    np.testing.assert_allclose(found.divergence, expected)


def test_divergence_of_disjoint_sets_is_log_two():
    found = metrics.different_bins(at(50, 50, 0, 0), at(0, 0, 50, 50), CENTERS)
    assert found.different == 4
    np.testing.assert_allclose(found.divergence, np.log(2))


def test_significance_matches_the_chi_squared_test():
    # The pooled z-test of two proportions equals the chi-squared test of the 2 × 2 table.
    for extra in range(0, 60, 3):
        counts = np.array([100, 900]), np.array([100 + extra, 900 - extra])
        table = np.stack(counts)
        p_value = scipy.stats.chi2_contingency(table, correction=False).pvalue
        assert metrics.different_proportions(*counts)[0] == (p_value < 0.05)


def test_sets_of_one_distribution_differ_in_few_bins():
    random = np.random.default_rng(0)
    points = random.normal(size=(6000, 2))
    centers = metrics.bin_centers(points[:2000], 50)
    assert centers.shape == (50, 2)
    found = metrics.different_bins(points[2000:4000], points[4000:], centers)
    assert found.different <= scipy.stats.binom.ppf(0.999, 50, 0.05)
    missing = points[4000:][points[4000:, 0] > 0]  # Half of the plane is missing.
    assert metrics.different_bins(points[2000:4000], missing, centers).different > 35


def test_bin_centers_rejects_more_bins_than_rows():
    with pytest.raises(ValueError, match=r"num_bins must be between 1 and the 4 rows .*, got 5"):
        metrics.bin_centers(CENTERS, 5)


def test_bin_centers_are_the_means_of_separated_clusters():
    random = np.random.default_rng(1)
    points = np.repeat(CENTERS, 50, axis=0) + random.uniform(-1, 1, size=(200, 1))
    found = np.sort(metrics.bin_centers(points, 4, seed=3), axis=0)
    expected = points.reshape(4, 50).mean(axis=1)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-12)


def test_bin_centers_allows_fewer_distinct_rows_than_bins():
    centers = metrics.bin_centers(at(5, 5, 0, 0), 3)
    assert sorted(set(centers[:, 0])) == [0.0, 10.0]
    assert metrics.different_bins(at(5, 5, 0, 0), at(5, 5, 0, 0), centers).different == 0
