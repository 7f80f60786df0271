"""Tests of the rules for the verdicts on paper B."""

import pytest

from experiments.claims import one_sided
from experiments.claims import one_sided_rules as rules

ROWS = {row.name: row.verdict for row in one_sided.ROWS}
FALLS, STAYS, OPEN = (-0.4, -0.2), (-0.1, 0.3), (-0.6, 0.4)


@pytest.mark.parametrize(("page", "preset"), one_sided.NORM_PAGES.items())
def test_verdict_on_norms_follows_its_rule(page, preset):
    assert ROWS[page].startswith(f"{rules.norms_word(preset)}:")


@pytest.mark.parametrize(("page", "preset"), one_sided.CONDITION_PAGES.items())
def test_verdict_on_condition_follows_its_rule(page, preset):
    assert ROWS[page].startswith(f"{rules.condition_word(preset)}:")


@pytest.mark.parametrize(
    ("good", "generator", "discriminator", "difference", "word"),
    [
        (5, FALLS, STAYS, STAYS, "premise absent"),
        (6, FALLS, STAYS, STAYS, "supported"),
        (6, FALLS, FALLS, (0.1, 0.2), "supported in part"),
        (6, FALLS, FALLS, STAYS, "contradicted"),
        (6, STAYS, STAYS, STAYS, "contradicted"),
        (6, FALLS, OPEN, OPEN, "inconclusive"),
        (6, OPEN, STAYS, OPEN, "inconclusive"),
    ],
)
def test_word_on_norms(good, generator, discriminator, difference, word, monkeypatch):
    ends = {"min": generator, "max": discriminator, "difference": difference}
    slopes = {name: {"low": low, "high": high} for name, (low, high) in ends.items()}
    runs = {rules.PRIMARY: {"slopes": {"descended": slopes}}}
    monkeypatch.setattr(rules, "recorded", lambda preset: {"runs": runs})
    monkeypatch.setattr(rules, "num_successful", lambda preset, run: (good, 10))
    assert rules.norms_word("x") == word


@pytest.mark.parametrize(
    ("share", "cosine", "excess", "word"),
    [
        ((0.97, 0.95, 0.99), (0.2, 0.1, 0.3), (0.1, 0.05, 0.15), "supported"),
        ((0.97, 0.95, 0.99), (0.2, 0.1, 0.3), (0.09, 0.05, 0.13), "supported in part"),
        ((0.9, 0.8, 1.0), (0.2, 0.1, 0.3), (0.1, 0.05, 0.15), "supported in part"),
        ((0.6, 0.5, 0.7), (0.2, 0.1, 0.3), (0.1, -0.1, 0.3), "contradicted"),
        ((0.9, 0.8, 0.96), (0.2, 0.1, 0.3), (0.1, -0.1, 0.3), "inconclusive"),
    ],
)
def test_word_on_condition(share, cosine, excess, word, monkeypatch):
    found = {
        "own end": {"share_over_seeds": share, "cosine_over_seeds": cosine},
        "mismatched": {"own_end_above_it": excess},
    }
    runs = {rules.PRIMARY: {"descended": found}}
    monkeypatch.setattr(rules, "result", lambda path: {"runs": runs})
    assert rules.condition_word("x") == word
