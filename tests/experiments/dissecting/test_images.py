"""Tests of the image experiment."""

import collections
import dataclasses
import itertools
import json
import math

import numpy as np
import pytest

from experiments._shared.time_limit import TimeLimit, TimeLimitReached
from experiments.dissecting.gan_runs import training
from experiments.dissecting.images import __main__ as command
from experiments.dissecting.images import figure, tuning
from experiments.dissecting.images.config import Config, resolve_defaults
from experiments.dissecting.images.run import make_runner
from minmax_jax import gan

TINY = {
    "data": "digits",
    "network": "mlp",
    "extractor": "pixels",
    "width": 2,
    "batch_size": 8,
    "latent_dim": 4,
    "tune_steps": 6,
    "steps": 10,
    "log_every": 2,
    "powers": (-1, 1),
    "again": (2, 1),
    "tune_evaluate": 40,
    "evaluate": 40,
}


BUILT = collections.Counter()
"""Number of calls of two functions during the fixture."""


def counted(name):
    original = getattr(gan, name)

    def call(*arguments, **options):
        BUILT[name] += 1
        return original(*arguments, **options)

    return call


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Runs the command with two methods and two seeds."""
    folder = tmp_path_factory.mktemp("images")
    config = Config(**TINY, runs=str(folder / "runs"), seeds=2, methods=("nsgda_global", "ada_dir"))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("build_extractor", "build_pair"):
            patch.setattr(gan, name, counted(name))
        command.main(config, out=folder / "out")
    return folder, config


def test_networks_and_extractor_are_built_once(done):
    # The second pair is traced for the program of all initial parameters. `build_game` builds its
    # own, with BatchNorm over devices, and is called once per runner.
    assert {"build_extractor": 1, "build_pair": 2} == BUILT


def test_methods_have_equal_budgets_and_separate_tuning_seeds(done):
    folder, _ = done
    found = json.loads((folder / "out" / "cpu.json").read_text())["methods"]
    assert list(found) == ["nsgda_global", "ada_dir"]
    for method in found.values():
        counts = [len(cell["distances"]) for cell in method["tuning"]]
        assert sorted(counts) == [1, 1, 2, 2]
        assert [run["seed"] for run in method["final"]] == [0, 1]
    tuned = [path.name for path in (folder / "runs").glob("*-tune")]
    assert len(tuned) == 2 * 6 and not any("-s0-" in name or "-s1-" in name for name in tuned)


def test_chosen_cell_has_lowest_mean_of_repeated_cells(done):
    found = json.loads((done[0] / "out" / "cpu.json").read_text())["methods"]
    for method in found.values():
        again = [cell for cell in method["tuning"] if len(cell["distances"]) == 2]
        best = min(again, key=lambda cell: sum(cell["distances"]))
        assert best["chosen"] and method["best"] == best["rates"]
        assert sum(cell["chosen"] for cell in method["tuning"]) == 1


def test_metrics_contain_norms_along_the_run(done):
    path = next((done[0] / "runs").glob("nsgda_global-*-s0/metrics.jsonl"))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4, 6, 8, 10]
    rates = json.loads((done[0] / "out" / "cpu.json").read_text())["methods"]["nsgda_global"]
    for line in lines:  # With g-nSGDA, step norms equal learning rates.
        np.testing.assert_allclose(line["update_norm_min"], rates["best"][0], rtol=1e-5)
        np.testing.assert_allclose(line["update_norm_max"], rates["best"][1], rtol=1e-5)
        assert line["used_gradient_norm_min"] > 0


def test_redraw_and_second_call_train_nothing(done, monkeypatch, capsys):
    folder, config = done
    monkeypatch.setattr(training.Trainer, "train", pytest.fail)
    before = json.loads((folder / "out" / "cpu.json").read_text())
    command.main(config, out=folder / "out")
    assert json.loads((folder / "out" / "cpu.json").read_text()) == before
    capsys.readouterr()
    command.main(Config(), redraw=True, out=folder / "out")
    text = capsys.readouterr().out
    assert "| g-nSGDA |" in text and "| AdaDir |" in text and "Held-out real" in text
    for name in ("tuning", "scores", "samples"):
        assert (folder / "out" / f"cpu-{name}.png").stat().st_size > 10_000


def test_samples_of_the_first_seeds_are_recorded_and_shown(done):
    folder, config = done
    out = folder / "out"
    found = json.loads((out / "cpu.json").read_text())
    for method, seed in itertools.product(config.methods, (0, 1)):
        run = tuning.final_job(config, method, tuple(found["methods"][method]["best"]), seed).name
        recorded = figure.samples_path(out, "cpu", method, seed).read_bytes()
        assert recorded == (folder / "runs" / run / "samples.png").read_bytes()
    panels = figure.samples(found, out).axes
    titles = [panel.get_title().partition(":")[0] for panel in panels]
    assert sorted(titles) == [f"{m}, seed {s}" for m in ("AdaDir", "g-nSGDA") for s in (0, 1)]
    assert all(len(panel.images) == 1 for panel in panels)


def test_resume_after_time_limit_is_bitwise_identical(done, monkeypatch, tmp_path):
    folder, config = done
    best = json.loads((folder / "out" / "cpu.json").read_text())["methods"]["ada_dir"]["best"]
    cut = resolve_defaults(Config(**{**vars(config), "runs": str(tmp_path)}))
    job = tuning.final_job(cut, "ada_dir", tuple(best), 0)
    runner = make_runner(cut)
    # The time limit is reached after the third record, at update 6 of 10.
    answers = iter([False, False, False, True, True])
    monkeypatch.setattr(TimeLimit, "reached", property(lambda self: next(answers)))
    with pytest.raises(TimeLimitReached):
        runner.outcome(job)
    assert [p.name for p in (tmp_path / job.name / "checkpoints").iterdir()] == ["6.npz"]
    monkeypatch.setattr(TimeLimit, "reached", False)
    found = make_runner(cut).outcome(job)
    whole = json.loads((folder / "runs" / job.name / "outcome.json").read_text())
    assert found["scores"] == whole["scores"]
    assert not (tmp_path / job.name / "checkpoints").exists()
    for name in ("metrics.jsonl", "samples.png"):
        resumed, whole_run = (root / job.name / name for root in (tmp_path, folder / "runs"))
        assert resumed.read_bytes() == whole_run.read_bytes()


def test_other_run_in_same_folder_is_rejected_and_kept(done, capsys):
    folder, config = done
    job = next((folder / "runs").glob("*-tune/job.json"))
    before = job.read_bytes()
    for change, text in ({"width": 3}, "width: 2 -> 3"), ({"b1": 0.9}, "'b1': 0.5"):
        with pytest.raises(SystemExit) as error:
            command.main(Config(**{**vars(config), **change}), out=folder / "other")
        assert error.value.code == 2 and text in capsys.readouterr().err
    assert job.read_bytes() == before and not (folder / "other" / "cpu.json").exists()


def test_diverged_run_has_outcome(tmp_path):
    config = resolve_defaults(Config(**TINY, runs=str(tmp_path), seeds=1))
    job = tuning.tuning_job(config, "sgda", (1e30, 1e30), 1000)
    found = make_runner(config).outcome(job)
    assert found["diverged_at"] is not None and tuning.distance(found) == math.inf


def test_tuned_record_replaces_tuning(done, tmp_path):
    folder, config = done
    record = folder / "out" / "cpu.json"
    again = dataclasses.replace(
        config, tuned=(str(record),), runs=str(tmp_path), methods=("ada_dir",)
    )
    command.main(again, out=tmp_path / "out")
    found = json.loads((tmp_path / "out" / "cpu.json").read_text())
    before = json.loads(record.read_text())["methods"]["ada_dir"]
    assert found["config"]["tuned"] == ["cpu.json"]
    assert found["methods"]["ada_dir"]["tuning"] == before["tuning"]
    scores = [
        [run["scores"] for run in method["final"]]
        for method in (found["methods"]["ada_dir"], before)
    ]
    assert scores[0] == scores[1]
    assert not list(tmp_path.glob("*-tune"))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"methods": ("sgda",)}, "no learning rates of sgda"),
        ({"width": 3}, "width: 2 -> 3"),
        ({"tuned": ("nowhere.json",)}, "nowhere.json is not a record"),
    ],
)
def test_tuned_record_of_another_setting_is_rejected(done, tmp_path, capsys, change, text):
    folder, config = done
    tuned = dataclasses.replace(
        config, tuned=(str(folder / "out" / "cpu.json"),), runs=str(tmp_path)
    )
    with pytest.raises(SystemExit) as error:
        command.main(dataclasses.replace(tuned, **change), out=tmp_path)
    assert error.value.code == 2 and text in capsys.readouterr().err


@pytest.mark.slow
def test_command_runs_resnet_with_gradient_penalty(tmp_path, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, (80, 32, 32, 3), dtype=np.uint8)
    noise = gan.Data(pixels[:50], None, pixels[50:], None, "noise", None, "image")
    monkeypatch.setattr(gan, "load_data", lambda name: noise)
    config = Config(
        size="accelerator",
        runs=str(tmp_path / "runs"),
        data="noise",
        width=2,
        latent_dim=4,
        batch_size=4,
        tune_steps=2,
        steps=2,
        log_every=1,
        powers=(0,),
        again=(1, 1),
        seeds=1,
        methods=("adam_gda",),
        extractor="pixels",
        tune_evaluate=20,
        evaluate=20,
    )
    command.main(config, out=tmp_path)
    result = json.loads((tmp_path / "accelerator.json").read_text())
    assert (result["config"]["network"], result["config"]["penalty"]) == ("resnet", "wgan-gp")
    assert result["methods"]["adam_gda"]["final"][0]["diverged_at"] is None


def test_redraw_without_results_fails_with_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as error:
        command.main(Config(), redraw=True, out=tmp_path)
    assert error.value.code == 2 and "does not exist" in capsys.readouterr().err
