"""Tests of the cost experiment with small sizes."""

import json

import pytest

from experiments.greedy.cost import __main__ as command
from experiments.greedy.cost import run as cost

pytestmark = pytest.mark.slow  # The tests compile a dozen programs.
TINY = cost.Config(batch=64, max_steps=2, digits_batch=16, width=8, rounds=2)


@pytest.fixture(scope="module")
def result():
    return json.loads(json.dumps(cost.run(TINY), allow_nan=False))


@pytest.mark.parametrize("game", cost.GAMES)
def test_accept_test_costs_less_than_ascent_step_on_shared_batch(result, game):
    found = result["games"][f"{game}, common draws"]["methods"]
    base, greedy = found["GDA"], found["ours"]
    # The accept test evaluates two payoffs. Their samples exist already, so they cost two forward
    # passes of the discriminator, at most a third of the ascent. Fresh batches need new samples.
    assert 1 < greedy["flops"] / base["flops"] < 1.5
    fresh = result["games"][f"{game}, fresh draws"]["methods"]
    assert fresh["ours"]["flops"] > greedy["flops"]
    assert all(one["rounds"] == 2 and one["temporaries"] > 0 for one in found.values())


def test_command_redraws_figure_from_json(tmp_path, result, monkeypatch, capsys):
    monkeypatch.setattr(command, "run", lambda config: result)
    command.main(TINY, out=tmp_path)
    (tmp_path / "cost.png").unlink()
    monkeypatch.delattr(command, "run")
    command.main(TINY, out=tmp_path, redraw=True)
    assert (tmp_path / "cost.png").stat().st_size > 10_000
    assert "| four Gaussians, fresh draws | 2 | GDA |" in capsys.readouterr().out
