"""Tests of k-nearest-neighbor metrics on point sets on a line, counted by hand."""

import numpy as np
import pytest

from minmax_jax.gan.evaluation import metrics
from minmax_jax.gan.evaluation.metrics import _arrays


def line(*points):
    return np.array(points, float)[:, None]


REAL = line(0, 1, 10, 13)  # radii 1, 1, 3, 3: balls [-1, 1], [0, 2], [7, 13], [10, 16]
SAMPLES = line(0.5, 5, 11, 12)  # radii 4.5, 4.5, 1, 1: [-4, 5], [0.5, 9.5], [10, 12], [11, 13]


def test_precision_recall_matches_hand_count():
    # Samples 0.5, 11 and 12 lie in a real ball, 5 does not. All real points lie in closed balls.
    assert metrics.precision_recall(REAL, SAMPLES, 1) == (0.75, 1.0)
    # With the sets exchanged, precision and recall are exchanged.
    assert metrics.precision_recall(SAMPLES, REAL, 1) == (1.0, 0.75)


def test_density_coverage_matches_hand_count():
    # 0.5 lies in two balls, 5 in none, 11 and 12 in two each: 6 for 4 samples at k = 1.
    # The balls of 0 and 1 contain 0.5, those of 10 and 13 contain 11 and 12: all are covered.
    assert metrics.density_coverage(REAL, SAMPLES, 1) == (1.5, 1.0)
    # 16 lies on the border of an open ball; 100 is far from all balls.
    assert metrics.density_coverage(REAL, line(16, 100), 1) == (0.0, 0.0)
    # 9 lies only in [7, 13].
    assert metrics.density_coverage(REAL, line(9, 100), 1) == (0.5, 0.25)


def test_density_coverage_with_two_neighbors():
    # k = 2: radii 10, 9, 9, 12; balls [-10, 10], [-8, 10], [1, 19], [1, 25].
    found = metrics.density_coverage(REAL, line(5, -9), 2)
    assert found == ((4 + 1) / (2 * 2), 1.0)


def test_precision_counts_points_on_the_border():
    assert metrics.precision_recall(REAL, line(16, 2, 100), 1).precision == pytest.approx(2 / 3)


def test_scores_of_equal_sets_are_one():
    points = np.random.default_rng(0).normal(size=(200, 3))
    assert metrics.precision_recall(points, points) == (1.0, 1.0)
    assert metrics.density_coverage(points, points).coverage == 1.0


def test_collapsed_samples_have_low_recall_and_coverage():
    real = np.random.default_rng(1).normal(size=(200, 3))
    samples = np.repeat(real[:1], 50, axis=0)
    found = metrics.precision_recall(real, samples)
    assert found.precision == 1 and found.recall == 1 / 200
    assert metrics.density_coverage(real, samples).coverage < 0.1


def test_neighbor_metrics_do_not_depend_on_block_size(monkeypatch):
    random = np.random.default_rng(2)
    real, samples = random.normal(size=(90, 4)), random.normal(0.3, 1, size=(70, 4))
    both = lambda: metrics.precision_recall(real, samples) + metrics.density_coverage(real, samples)  # noqa: E731
    whole = both()
    monkeypatch.setattr(_arrays, "BLOCK", 100)
    assert both() == whole


@pytest.mark.parametrize("score", [metrics.precision_recall, metrics.density_coverage])
def test_neighbor_metrics_reject_too_few_points(score):
    with pytest.raises(ValueError, match=r"num_neighbors must be .*, got 4 with 4 real examples"):
        score(REAL, SAMPLES, 4)
