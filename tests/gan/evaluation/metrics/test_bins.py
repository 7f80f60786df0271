"""Statistically different bins, with known proportions."""

import numpy as np
import pytest
import scipy.stats

from minmax_jax.gan.evaluation import metrics

CENTRES = np.array([[0.0], [10.0], [20.0], [30.0]])


def at(*counts):
    return np.repeat(CENTRES, counts, axis=0)


def test_shares_different_bins_and_divergence_by_hand():
    found = metrics.different_bins(at(250, 250, 250, 250), at(0, 250, 260, 490), CENTRES)
    np.testing.assert_allclose(found.reference_shares, 0.25)
    np.testing.assert_allclose(found.sample_shares, [0, 0.25, 0.26, 0.49])
    assert (found.different, found.num_bins) == (2, 4)  # the empty one and the doubled one
    p, q = found.reference_shares, found.sample_shares
    expected = (
        scipy.stats.entropy((p + q) / 2) - (scipy.stats.entropy(p) + scipy.stats.entropy(q)) / 2
    )
    np.testing.assert_allclose(found.divergence, expected)


def test_disjoint_sets_diverge_by_log_two():
    found = metrics.different_bins(at(50, 50, 0, 0), at(0, 0, 50, 50), CENTRES)
    assert found.different == 4
    np.testing.assert_allclose(found.divergence, np.log(2))


def test_the_border_of_significance_is_that_of_the_chi_squared_test():
    # The pooled z-test of two proportions is the chi-squared test of the 2 × 2 table.
    for extra in range(0, 60, 3):
        counts = np.array([100, 900]), np.array([100 + extra, 900 - extra])
        table = np.stack(counts)
        p_value = scipy.stats.chi2_contingency(table, correction=False).pvalue
        assert metrics.different_proportions(*counts)[0] == (p_value < 0.05)


def test_alike_sets_differ_in_about_one_bin_of_twenty():
    random = np.random.default_rng(0)
    points = random.normal(size=(6000, 2))
    centres = metrics.bin_centres(points[:2000], 50)
    assert centres.shape == (50, 2)
    found = metrics.different_bins(points[2000:4000], points[4000:], centres)
    assert found.different <= scipy.stats.binom.ppf(0.999, 50, 0.05)
    missing = points[4000:][points[4000:, 0] > 0]  # half of the plane is gone
    assert metrics.different_bins(points[2000:4000], missing, centres).different > 35


def test_more_bins_than_rows_are_refused():
    with pytest.raises(ValueError, match="num_bins=5 with 4 rows"):
        metrics.bin_centres(CENTRES, 5)


def test_bins_are_the_clusters_where_there_are_some():
    random = np.random.default_rng(1)
    points = np.repeat(CENTRES, 50, axis=0) + random.uniform(-1, 1, size=(200, 1))
    found = np.sort(metrics.bin_centres(points, 4, seed=3), axis=0)
    expected = points.reshape(4, 50).mean(axis=1)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-12)


def test_more_bins_than_different_rows_leave_some_empty():
    centres = metrics.bin_centres(at(5, 5, 0, 0), 3)
    assert sorted(set(centres[:, 0])) == [0.0, 10.0]
    assert metrics.different_bins(at(5, 5, 0, 0), at(5, 5, 0, 0), centres).different == 0
