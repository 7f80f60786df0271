"""Scores of a run as the experiments' JSON files hold them: one flat record."""

from typing import Any

SCORES = ("frechet_distance", "classes_covered", "classifier_accuracy", "frechet_distance_real")


def headline(summary: dict[str, Any]) -> dict[str, Any]:
    """Returns `SCORES` from a run's `summary.json`, None for what was not measured."""
    judged = summary.get("evaluation", {"facts": {}, "scores": {}, "held_out": {}})
    return {
        "frechet_distance": judged["scores"].get("frechet_distance"),
        "classes_covered": judged["scores"].get("classes_covered"),
        "classifier_accuracy": judged["facts"].get("test_accuracy"),
        "frechet_distance_real": judged["held_out"].get("frechet_distance"),
    }
