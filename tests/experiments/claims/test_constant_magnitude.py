"""Tests of the rule for the verdict on a constant in place of Adam's magnitude."""

import numpy as np
import pytest

from experiments.claims import constant_magnitude as rules

SEEDS = 20
NOISE = np.where(np.arange(SEEDS) % 2, 4.0, -4.0)


def record(monkeypatch, along_adam, along_gradient):
    """Replaces the record by distances that are larger than Adam's by these numbers."""
    own = 100 + np.arange(SEEDS)
    found = {
        "own-adam": own,
        "own-sgd": own,
        "mean-adam": own + along_adam + NOISE,
        "mean-sgd": own + along_gradient + NOISE,
    }
    distances = {name: list(values) for name, values in found.items()}
    monkeypatch.setattr(rules, "result", lambda path: {"distances": distances})
    return distances


@pytest.mark.parametrize(
    ("along_adam", "along_gradient", "word"),
    [
        (0, 5, "supported"),
        (0, 20, "supported in part"),
        (20, 20, "contradicted"),
        (20, 12, "contradicted"),
        (0, 12, "supported in part"),
    ],
)
def test_verdict_follows_from_both_directions(monkeypatch, along_adam, along_gradient, word):
    record(monkeypatch, along_adam, along_gradient)
    assert rules.word() == word


def test_run_that_diverges_alone_forbids_not_worse(monkeypatch):
    distances = record(monkeypatch, 0, 0)
    distances["mean-adam"][7] = None
    assert rules.change("mean", "adam").word == "open" and rules.word() == "supported in part"
    distances["own-adam"][7] = None
    assert rules.word() == "supported"


def test_first_seeds_do_not_decide(monkeypatch):
    distances = record(monkeypatch, 0, 0)
    distances["mean-adam"][:3] = [1e3] * 3
    assert rules.word() == "supported"


def test_recorded_verdict_follows_its_rule():
    assert rules.ROWS[0].verdict.startswith(f"{rules.word()}:")
