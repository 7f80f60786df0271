"""Tests of the comparison of scores of different kinds in one run."""

import pytest

from minmax_jax.gan.config.run import Best
from minmax_jax.gan.run import evaluations, retention


def scored(step, num_samples, value):
    return {"step": step, "extractor": "pixels", "num_samples": num_samples, "distance": value}


RECORDS = [
    scored(1, 5000, 4.0),
    scored(2, 5000, 3.0),  # The best one with 5,000 samples.
    {"step": 3, "loss_min": 0.1},
    scored(3, 100, 9.0),  # The run resumed with fewer samples: larger distances.
    scored(4, 100, 8.0),
    scored(5, 100, 8.5),
]


@pytest.mark.parametrize(("records", "step"), [(RECORDS[:3], 2), (RECORDS, 4), (RECORDS[::-1], 2)])
def test_best_step_compares_scores_of_one_count(records, step):
    best = Best("distance", highest=False)
    assert retention.best_step([1, 2, 3, 4, 5], records, best)[0] == step


def test_retained_keeps_the_best_checkpoint_of_each_count():
    assert retention.retained([1, 2, 3, 4, 5], 1, RECORDS, Best("distance", False)) == {2, 4, 5}
    assert retention.retained([1, 2, 3, 4, 5], 1, RECORDS, Best("other", False)) == {5}
    assert retention.retained([1, 2, 3, 4, 5], 1, RECORDS, None) == {5}


def test_curve_contains_evaluations_of_one_kind():
    def record(step, num_samples, accuracy=0.9):
        counts = {"num_samples": num_samples, "num_reference": 50}
        facts = {"test_accuracy": accuracy}
        return {"step": step, "extractor": "c", "facts": facts, **counts, "scores": {"s": step}}

    records = [record(1, 20), record(2, 9), record(3, 20, accuracy=0.8), record(4, 20)]
    steps, values = evaluations.curve(records, "c", "s")
    assert steps.tolist() == [1, 4] and values.tolist() == [1, 4]
