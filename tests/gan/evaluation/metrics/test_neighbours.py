"""Precision, recall, density and coverage of point sets on a line, counted by hand."""

import numpy as np
import pytest

from minmax_jax.gan.evaluation import metrics
from minmax_jax.gan.evaluation.metrics import _arrays


def line(*points):
    return np.array(points, float)[:, None]


REAL = line(0, 1, 10, 13)  # radii 1, 1, 3, 3: balls [-1, 1], [0, 2], [7, 13], [10, 16]
SAMPLES = line(0.5, 5, 11, 12)  # radii 4.5, 4.5, 1, 1: [-4, 5], [.5, 9.5], [10, 12], [11, 13]


def test_precision_and_recall_by_hand():
    # Samples .5, 11 and 12 lie in a real ball, 5 does not. Real 0, 1, 10 and 13 (closed) all do.
    assert metrics.precision_recall(REAL, SAMPLES, 1) == (0.75, 1.0)
    # The other way: of the real points none is outside, of the samples one is.
    assert metrics.precision_recall(SAMPLES, REAL, 1) == (1.0, 0.75)


def test_density_and_coverage_by_hand():
    # .5 lies in two balls, 5 in none, 11 and 12 in two each: 6 of 4 samples at k = 1.
    # Real 0 and 1 have .5, 10 has 11 and 12, 13 has 11 and 12: all are covered.
    assert metrics.density_coverage(REAL, SAMPLES, 1) == (1.5, 1.0)
    # Samples 10 and 16 lie on borders, where open balls end; 100 is far.
    assert metrics.density_coverage(REAL, line(16, 100), 1) == (0.0, 0.0)
    # 9 lies in [7, 13] alone.
    assert metrics.density_coverage(REAL, line(9, 100), 1) == (0.5, 0.25)


def test_the_second_neighbour_reaches_further():
    # k = 2: radii 10, 9, 9, 12; balls [-10, 10], [-8, 10], [1, 19], [1, 25].
    found = metrics.density_coverage(REAL, line(5, -9), 2)
    assert found == ((4 + 1) / (2 * 2), 1.0)


def test_borders_count_for_precision():
    assert metrics.precision_recall(REAL, line(16, 2, 100), 1).precision == pytest.approx(2 / 3)


def test_a_set_within_itself_is_wholly_precise_and_covered():
    points = np.random.default_rng(0).normal(size=(200, 3))
    assert metrics.precision_recall(points, points) == (1.0, 1.0)
    assert metrics.density_coverage(points, points).coverage == 1.0


def test_a_collapsed_generator_is_precise_and_recalls_nothing():
    real = np.random.default_rng(1).normal(size=(200, 3))
    samples = np.repeat(real[:1], 50, axis=0)
    found = metrics.precision_recall(real, samples)
    assert found.precision == 1 and found.recall == 1 / 200
    assert metrics.density_coverage(real, samples).coverage < 0.1


def test_blocks_do_not_change_it(monkeypatch):
    random = np.random.default_rng(2)
    real, samples = random.normal(size=(90, 4)), random.normal(0.3, 1, size=(70, 4))
    both = lambda: metrics.precision_recall(real, samples) + metrics.density_coverage(real, samples)  # noqa: E731
    whole = both()
    monkeypatch.setattr(_arrays, "BLOCK", 100)
    assert both() == whole


@pytest.mark.parametrize("score", [metrics.precision_recall, metrics.density_coverage])
def test_too_few_points_for_a_neighbour_are_refused(score):
    with pytest.raises(ValueError, match="num_neighbours=4, but there are 4 real examples"):
        score(REAL, SAMPLES, 4)
