import json

import pytest

from minmax_jax.gan.run import evaluations

RECORD = {
    "step": 4,
    "extractor": "pixels",
    "facts": {"network": "1f0c9a7e"},
    "num_samples": 50,
    "num_reference": 100,
    "scores": {"frechet_distance": 12.5, "precision": None},
    "held_out": {"frechet_distance": 1.5},
}


def test_appended_evaluation_is_read(tmp_path):
    assert evaluations.append(tmp_path, RECORD) == RECORD
    assert evaluations.read(tmp_path, note=pytest.fail) == [RECORD]


def test_scores_of_classes_are_read(tmp_path):
    classes = [{"class": label, "num_samples": 25, "frechet_distance": 1.5} for label in (0, 1)]
    evaluations.append(tmp_path, {**RECORD, "per_class": classes})
    assert evaluations.read(tmp_path, note=pytest.fail)[0]["per_class"] == classes


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"step": "4"}, "step must be an integer"),
        ({"num_samples": 1.5}, "num_samples must be an integer"),
        ({"num_reference": None}, "num_reference must be an integer"),
        ({"extractor": 3}, "extractor must be text"),
        ({"scores": [1.0]}, "scores must be an object"),
        ({"scores": {"frechet_distance": "1"}}, "scores must contain numbers and null"),
        ({"scores": {"frechet_distance": {}}}, "scores is nested too deeply"),
        ({"scores": {"frechet_distance": True}}, "scores must contain numbers and null"),
        ({"held_out": 3}, "held_out must contain numbers and null"),
        ({"per_class": {"class": 0}}, "per_class must be a list of objects"),
        ({"per_class": [1.5]}, "per_class must be a list of objects"),
        ({"per_class": [{"class": [0]}]}, "per_class is nested too deeply"),
        ({"facts": "text"}, "facts must be an object"),
        ({"more": {"a": {"b": 1}}}, "more is nested too deeply"),
    ],
)
def test_line_of_another_form_is_skipped_and_named(tmp_path, changes, reason):
    lines = [RECORD, {**RECORD, **changes}, RECORD]
    (tmp_path / "evaluations.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    notes = []
    assert evaluations.read(tmp_path, note=notes.append) == [RECORD, RECORD]
    assert len(notes) == 1 and "evaluations.jsonl:2: skipped" in notes[0] and reason in notes[0]
