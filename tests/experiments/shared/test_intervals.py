import pytest

from experiments._shared.means import format_mean, mean_interval
from experiments._shared.proportions import difference, format_proportion, proportion


def test_mean_interval_is_student_t():
    # The 97.5 % quantile of t with 4 degrees of freedom is 2.776; the deviation of 1…5 is √2.5.
    mean, low, high = mean_interval([1, 2, 3, 4, 5])
    assert mean == 3 and high - mean == pytest.approx(2.776 * (2.5 / 5) ** 0.5, rel=1e-3)
    assert mean - low == pytest.approx(high - mean)


def test_mean_interval_is_clipped_to_bounds():
    assert mean_interval([0.5, 1.0], bounds=(-1, 1)) == (0.75, -1, 1)
    assert mean_interval([0.5], bounds=(-1, 1)) == (0.5, -1, 1)


def test_format_mean_counts_diverged_runs():
    assert format_mean([1.0, None]) == "1 of 2 diverged" and "one run" in format_mean([1.0])


def test_proportion_has_wilson_interval():
    assert str(proportion(0, 16)) == "0/16 [0, 0.19]"
    assert proportion(16, 16).low == pytest.approx(0.8064, abs=1e-4)
    assert str(proportion(1, 2048)) == "1/2048 [9e-05, 0.003]"


def test_format_proportion_writes_leading_zero():
    values = [0, 0.003, 0.05, 0.5, 1]
    assert [format_proportion(x) for x in values] == ["0", "0.003", "0.05", "0.50", "1"]


def test_difference_has_newcombe_interval():
    # Example of Newcombe (1998), method 10 for unpaired proportions: 56/70 − 48/80.
    found = difference(proportion(56, 70), proportion(48, 80))
    assert found == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)
