"""Tests of the corrected p-values."""

import pytest
from scipy import stats

from experiments._shared import comparisons
from experiments._shared.means import mean_interval


def test_holm_multiplies_by_number_of_remaining_comparisons():
    # 0.01 · 4; 0.02 · 3; 0.03 · 2, which equals the one before it; 0.2 · 1.
    assert comparisons.holm([0.03, 0.01, 0.2, 0.02]) == pytest.approx([0.06, 0.04, 0.2, 0.06])


def test_holm_keeps_order_and_stays_below_one():
    # 0.04 · 2 = 0.08 is above 0.05 · 1, so the second one is raised to it.
    assert comparisons.holm([0.05, 0.04]) == pytest.approx([0.08, 0.08])
    assert comparisons.holm([0.7, 0.9]) == [1.0, 1.0]
    assert comparisons.holm([]) == []


def test_p_value_from_interval_equals_that_of_values():
    values = [0.3, -0.1, 0.5, 0.4]
    mean, low, high = mean_interval(values)
    expected = stats.ttest_1samp(values, 0.0).pvalue
    assert comparisons.from_interval(mean, low, high, 4) == pytest.approx(expected)
    assert comparisons.from_interval(mean, low, mean, 4) == pytest.approx(expected)  # clipped
    assert comparisons.paired(values) == pytest.approx(expected)


def test_fisher_of_tea_tasting_is_known():
    # 3 of 4 against 1 of 4: (16 + 1 + 16 + 1) / 70.
    assert comparisons.fisher((3, 4), (1, 4)) == pytest.approx(34 / 70)


def test_welch_of_equal_samples_is_one():
    assert comparisons.welch([1.0, 2.0], [1.0, 2.0]) == pytest.approx(1.0)


@pytest.mark.parametrize(("p", "text"), [(0.0237, "0.024"), (0.00002, "2e-05"), (1.0, "1")])
def test_format_p_keeps_two_digits(p, text):
    assert comparisons.format_p(p) == text
