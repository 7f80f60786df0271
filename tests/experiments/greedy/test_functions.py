"""F1 … F3: one small run of each method, its outcome, and the figure from the JSON."""

import json

import numpy as np
import pytest

from experiments.greedy.functions import __main__ as functions

TINY = functions.Config(seeds=3, proposals=150, steps=400)


@pytest.fixture(scope="module")
def result():
    return json.loads(json.dumps(functions.run(TINY), allow_nan=False))


def test_ours_converges_near_the_origin_and_says_where_it_cannot(result):
    for name in ("F1", "F3"):
        found = result["functions"][name]["ours"]
        assert found["status"] == ["CONVERGED"] * 3
        assert np.abs(found["ends"]).max() < 1
        for n, accepted, path in zip(
            found["proposals"], found["accepted"], found["paths"], strict=True
        ):
            assert accepted + 20 <= n <= 150
            assert len(path) == accepted + 1
    found = result["functions"]["F2"]["ours"]
    assert found["status"] == ["ASCENT_DIVERGED"] * 3
    assert found["paths"] == [[[5.5, 5.5]]] * 3


@pytest.mark.parametrize("method", functions.OTHERS)
def test_the_others_diverge_on_f1_and_cycle_on_f3(result, method):
    assert result["functions"]["F1"][method]["outcome"] == "diverges"
    assert result["functions"]["F2"][method]["outcome"] == "settles at (0.00, 0.00)"
    assert result["functions"]["F3"][method]["outcome"] == "cycles"


def test_the_figure_is_redrawn_from_the_json_alone(tmp_path, result, monkeypatch, capsys):
    monkeypatch.setattr(functions, "run", lambda config: result)
    functions.main(TINY, out=tmp_path)
    (tmp_path / "functions.png").unlink()
    monkeypatch.delattr(functions, "run")
    functions.main(TINY, out=tmp_path, redraw=True)
    assert (tmp_path / "functions.png").stat().st_size > 10_000
    assert "CONVERGED 3/3 [0.44, 1.00]" in capsys.readouterr().out
