"""Verdict on the claim that equal pace makes runs better."""

import pytest

from experiments.claims import adaptive_images as claims


def row(ratio, low, quartiles, steps=600):
    return {
        "method": "all methods",
        "steps": steps,
        "ratio": ratio,
        "near_one": {"low": low},
        "best_fifth": [quartiles[0], 1.0, quartiles[1]],
    }


@pytest.mark.parametrize(
    ("gradients", "updates", "word"),
    [
        ((0.1, (0.5, 2)), (0.1, (0.5, 2)), "supported"),
        ((0.1, (0.5, 2)), (0.1, (1.1, 2)), "supported in part"),
        ((-0.1, (0.5, 2)), (0.1, (0.5, 2)), "supported in part"),
        ((0.1, (1.1, 2)), (0.1, (0.1, 0.9)), "inconclusive"),
        ((0.1, (1.1, 2)), (-0.1, (0.5, 2)), "inconclusive"),
        ((-0.1, (0.5, 2)), (-0.1, (0.5, 2)), "contradicted"),
    ],
)
def test_verdict_follows_from_the_tuning_runs(monkeypatch, gradients, updates, word):
    rows = [row("gradients", *gradients), row("updates", *updates)]
    rows += [row(ratio, -0.5, (3, 4), steps=2000) for ratio in ("gradients", "updates")]
    monkeypatch.setattr(claims, "result", lambda name: {"rows": rows})
    assert claims.pace_word() == word


def test_recorded_verdict_follows_its_rule():
    (verdict,) = [row.verdict for row in claims.ROWS if row.name == "A8"]
    assert verdict.startswith(f"{claims.pace_word()}:")
