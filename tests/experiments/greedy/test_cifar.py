"""CIFAR: a small run in stages that resumes, its scores, and the figure. On the built-in digits."""

import dataclasses
import json

import pytest

from experiments.greedy.cifar import __main__ as cifar
from experiments.greedy.cifar.scores import SCORES


@pytest.fixture
def tiny(tmp_path):
    return cifar.Config(
        data="digits", runs=str(tmp_path / "runs"), network="mlp", width=8, latent_dim=4, batch=16,
        steps=4, every=2, evaluate=0, seeds=1,
    )  # fmt: skip


def test_stages_are_done_once_all_runs_abreast(tmp_path, tiny, monkeypatch, capsys):
    ends = []

    def stage(config, method, seed, end, folder):
        ends.append((method, end))
        folder.parent.mkdir(exist_ok=True)
        scores = dict.fromkeys(SCORES, 1.0)
        return {**scores, "acceptance_rate": 1.0, "seconds": 2.0}

    monkeypatch.setattr(cifar, "stage", stage)
    cifar.main(dataclasses.replace(tiny, stages=1), out=tmp_path)
    assert ends == [("gda", 2)]
    cifar.main(tiny, out=tmp_path)
    assert ends == [("gda", 2), ("ours", 2), ("gda", 4), ("ours", 4)]
    cifar.main(tiny, out=tmp_path)
    assert len(ends) == 4

    monkeypatch.delattr(cifar, "run")
    cifar.main(tiny, out=tmp_path, redraw=True)
    assert (tmp_path / "cifar.png").stat().st_size > 5_000
    assert "| `ours` | 0 | 4 | 1.0 |" in capsys.readouterr().out


@pytest.mark.slow
def test_a_stage_trains_from_where_the_last_one_ended(tmp_path, tiny):
    folder = tmp_path / "run"
    first, second = (cifar.stage(tiny, "ours", 0, end, folder) for end in (2, 4))
    assert first["acceptance_rate"] >= 0.5 and second["acceptance_rate"] >= 0.5
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines if "pace" in line] == [2, 4]


def test_stages_must_divide_the_run(tmp_path, tiny):
    with pytest.raises(SystemExit, match="every=3 must divide steps=4"):
        cifar.main(dataclasses.replace(tiny, every=3), out=tmp_path)


def test_the_full_configuration_is_the_authors():
    config = cifar.Config()
    assert (config.steps, config.learning_rate, config.latent_dim) == (50_000, 2e-4, 100)
    assert cifar.METHODS["ours"]["accept_every"] == 2
