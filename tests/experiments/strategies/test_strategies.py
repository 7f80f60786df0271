"""Tests of the comparison of methods for mixed strategies."""

import json

import pytest

from experiments.strategies import __main__ as command
from experiments.strategies import run as strategies

TINY = strategies.Config(budget=400, rates=2, lowest=0.3, highest=1.0, seeds=2)


@pytest.fixture(scope="module")
def result():
    with pytest.MonkeyPatch.context() as patch:
        name = "rock-paper-scissors"
        patch.setattr(strategies, "GAMES", {name: strategies.GAMES[name]})
        names = ("multiplicative weights", "mirror prox")
        patch.setattr(strategies, "METHODS", {name: strategies.METHODS[name] for name in names})
        found = strategies.run(TINY)
    return json.loads(json.dumps(found, allow_nan=False))


def test_mirror_prox_converges_but_multiplicative_weights_do_not(result):
    methods = result["games"]["rock-paper-scissors"]
    assert methods["multiplicative weights"]["calls"]["0.0001"] == [None, None]
    assert methods["mirror prox"]["cost"] == 2
    assert max(methods["mirror prox"]["calls"]["0.0001"]) < 400
    assert methods["regret matching+"]["cost"] == 2


def test_calls_of_regret_matching_are_even(result):
    calls = result["games"]["rock-paper-scissors"]["regret matching+"]["calls"]["0.01"]
    assert all(call is not None and call % 2 == 0 for call in calls)


def test_table_and_figure_of_a_result(result, tmp_path):
    (tmp_path / "strategies.json").write_text(json.dumps(result))
    command.main(TINY, redraw=True, out=tmp_path)
    assert (tmp_path / "strategies.png").stat().st_size > 10_000
    text = command.table(result)
    assert "| multiplicative weights | – | – |" in text
