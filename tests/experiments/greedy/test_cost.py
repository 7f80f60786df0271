"""What an update costs: one small measurement, the counts that must hold, and the figure."""

import json

import pytest

from experiments.greedy.cost import __main__ as cost

pytestmark = pytest.mark.slow  # a dozen programs are compiled
TINY = cost.Config(batch=64, max_steps=2, digits_batch=16, width=8, rounds=2)


@pytest.fixture(scope="module")
def result():
    return json.loads(json.dumps(cost.run(TINY), allow_nan=False))


@pytest.mark.parametrize("game", cost.GAMES)
def test_the_test_of_ours_adds_less_than_an_ascent_step_on_common_draws(result, game):
    found = result["games"][f"{game}, common draws"]["methods"]
    base, ours = found["GDA"], found["ours"]
    # Two payoffs, of which G's samples are there already: two forward passes of D, a third
    # of what the ascent's steps cost at most. Fresh draws make new samples as well.
    assert 1 < ours["flops"] / base["flops"] < 1.5
    fresh = result["games"][f"{game}, fresh draws"]["methods"]
    assert fresh["ours"]["flops"] > ours["flops"]
    assert all(one["rounds"] == 2 and one["temporaries"] > 0 for one in found.values())


def test_the_figure_is_redrawn_from_the_json_alone(tmp_path, result, monkeypatch, capsys):
    monkeypatch.setattr(cost, "run", lambda config: result)
    cost.main(TINY, out=tmp_path)
    (tmp_path / "cost.png").unlink()
    monkeypatch.delattr(cost, "run")
    cost.main(TINY, out=tmp_path, redraw=True)
    assert (tmp_path / "cost.png").stat().st_size > 10_000
    assert "| four Gaussians, fresh draws | 2 | GDA |" in capsys.readouterr().out
