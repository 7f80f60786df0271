"""Tests of the CIFAR-10 experiment, on the built-in digits."""

import dataclasses
import json

import pytest

from experiments.greedy.cifar import __main__ as command
from experiments.greedy.cifar import run as runs
from experiments.greedy.cifar.config import METHODS, Config
from experiments.greedy.cifar.scores import SCORES


@pytest.fixture
def tiny(tmp_path):
    return Config(
        data="digits",
        runs=str(tmp_path / "runs"),
        network="mlp",
        width=8,
        latent_dim=4,
        batch=16,
        steps=4,
        every=2,
        evaluate=0,
        seeds=1,
    )


def test_run_trains_each_stage_once_for_all_runs(tmp_path, tiny, monkeypatch, capsys):
    ends = []

    def stage(config, method, seed, end, folder):
        ends.append((method, end))
        folder.parent.mkdir(exist_ok=True)
        scores = dict.fromkeys(SCORES, 1.0)
        return {**scores, "acceptance_rate": 1.0, "seconds": 2.0}

    monkeypatch.setattr(runs, "train_stage", stage)
    command.main(dataclasses.replace(tiny, stages=1), out=tmp_path)
    assert ends == [("gda", 2)]
    command.main(tiny, out=tmp_path)
    assert ends == [("gda", 2), ("ours", 2), ("gda", 4), ("ours", 4)]
    command.main(tiny, out=tmp_path)
    assert len(ends) == 4

    monkeypatch.delattr(command, "run")
    command.main(tiny, out=tmp_path, redraw=True)
    assert (tmp_path / "cifar.png").stat().st_size > 5_000
    assert "| greedy | 0 | 4 | 1.0 |" in capsys.readouterr().out


@pytest.mark.slow
def test_train_stage_resumes_from_previous_stage(tmp_path, tiny):
    folder = tmp_path / "run"
    first, second = (runs.train_stage(tiny, "ours", 0, end, folder) for end in (2, 4))
    assert first["acceptance_rate"] >= 0.5 and second["acceptance_rate"] >= 0.5
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines if "update_norm_ratio" in line] == [2, 4]


def test_command_fails_unless_stage_divides_run(tmp_path, tiny, capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main(dataclasses.replace(tiny, every=3), out=tmp_path)
    assert "every=3 must divide steps=4" in capsys.readouterr().err


def test_default_config_matches_authors():
    config = Config()
    assert (config.steps, config.learning_rate, config.latent_dim) == (50_000, 2e-4, 100)
    assert METHODS["ours"]["accept_every"] == 2
