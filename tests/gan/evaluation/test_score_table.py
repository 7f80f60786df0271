"""Tests of the text table of an evaluation."""

import re

import pytest

from minmax_jax.gan.evaluation import score_table

RECORD = {
    "extractor": "pixels",
    "facts": {"size": "8x8x1"},
    "num_samples": 500,
    "num_reference": 300,
    "num_training": 1000,
    "num_held_out": 40,
    "better": {"frechet_distance": "lower", "classes_covered": "higher"},
    "scores": {"frechet_distance": 4.25, "classes_covered": 9, "num_classes": 10},
    "scores_at_equal_count": {"frechet_distance": 8.0, "classes_covered": 8, "num_classes": 10},
    "held_out": {"frechet_distance": 7.5, "classes_covered": 10, "num_classes": 10},
}


def test_table_shows_directions_and_equal_counts():
    assert score_table.text(RECORD, "> ").splitlines() == [
        "> pixels, size 8x8x1, against 300 of 1000 training examples",
        ">                       500 samples  40 samples  40 held-out real",
        ">   frechet_distance ↓         4.25           8               7.5",
        ">   classes_covered ↑       9 of 10     8 of 10          10 of 10",
        ">   ↓: lower is better. ↑: higher is better.",
        ">   Only 40 examples are held out. Scores depend on the count: compare real examples with "
        "the column of 40 samples.",
    ]


def without(*names, **fields):
    return {**{key: value for key, value in RECORD.items() if key not in names}, **fields}


@pytest.mark.parametrize(
    ("record", "last"),
    [
        (without("scores_at_equal_count", num_held_out=500), "↓: lower is better. ↑: higher"),
        (without("scores_at_equal_count"), "Only 40 .* so the columns cannot be compared"),
        (without("scores_at_equal_count", held_out={}, num_held_out=9), "9 held-out examples are"),
        (without("scores_at_equal_count", held_out={}, num_held_out=0), "No examples are held out"),
    ],
)
def test_table_says_whether_the_baseline_is_comparable(record, last):
    lines = score_table.text(record).splitlines()
    assert re.search(last, lines[-1])
    assert ("held-out real" in lines[1]) == bool(record["held_out"])


def test_table_of_records_without_directions_uses_the_registry():
    text = score_table.text(without("better", "num_training"))
    assert "frechet_distance ↓" in text and "against 300 training examples" in text


def test_table_states_the_protocol_in_full():
    parts = {
        "features": "2048 features of inception 6726825d",
        "resizing": "8-bit RGB, TensorFlow 1 bilinear to 299x299",
        "samples": "500 samples",
        "reference": "300 of 1000 training examples of noise, at random",
    }
    last = score_table.text({**RECORD, "protocol": parts}).splitlines()[-1]
    assert last.startswith("  Protocol: ") and all(part in last for part in parts.values())


@pytest.mark.parametrize(
    "fields",
    [
        {"protocol": "FID"},
        {"facts": {"test_accuracy": "high"}},
        {"num_held_out": "forty"},
        {"held_out": 3},
        {"scores_at_equal_count": None},
    ],
)
def test_records_of_wrong_types_are_not_complete(fields):
    assert score_table.is_complete(RECORD) and not score_table.is_complete({**RECORD, **fields})


def test_table_ignores_directions_of_the_wrong_type():
    text = score_table.text(without(better="lower", scores={"classes_covered": 3}))
    assert "classes_covered ↑" in text and "3 of ?" in text
