"""Scores of a run as one flat record."""

from typing import Any

SCORES = ("frechet_distance", "classes_covered", "classifier_accuracy", "frechet_distance_real")


def headline(summary: dict[str, Any]) -> dict[str, Any]:
    """Returns `SCORES` from the content of a run's `summary.json`, None for missing scores."""
    found = summary.get("evaluation", {"facts": {}, "scores": {}, "held_out": {}})
    return {
        "frechet_distance": found["scores"].get("frechet_distance"),
        "classes_covered": found["scores"].get("classes_covered"),
        "classifier_accuracy": found["facts"].get("test_accuracy"),
        "frechet_distance_real": found["held_out"].get("frechet_distance"),
    }
