"""Tests of the experiment on F1, F2 and F3."""

import json

import numpy as np
import pytest

from experiments.greedy.functions import __main__ as command
from experiments.greedy.functions import run as functions

TINY = functions.Config(seeds=3, proposals=150, steps=400)


@pytest.fixture(scope="module")
def result():
    return json.loads(json.dumps(functions.run(TINY), allow_nan=False))


def test_greedy_converges_on_f1_and_f3_and_diverges_on_f2(result):
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
def test_other_methods_diverge_on_f1_and_cycle_on_f3(result, method):
    assert result["functions"]["F1"][method]["outcome"] == "diverges"
    assert result["functions"]["F2"][method]["outcome"] == "settles at (0.00, 0.00)"
    assert result["functions"]["F3"][method]["outcome"] == "cycles"


def test_command_redraws_figure_from_json(tmp_path, result, monkeypatch, capsys):
    monkeypatch.setattr(command, "run", lambda config: result)
    command.main(TINY, out=tmp_path)
    (tmp_path / "functions.png").unlink()
    monkeypatch.delattr(command, "run")
    command.main(TINY, out=tmp_path, redraw=True)
    assert (tmp_path / "functions.png").stat().st_size > 10_000
    assert "CONVERGED 3/3 [0.44, 1]" in capsys.readouterr().out
