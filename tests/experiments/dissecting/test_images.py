"""The image experiment: grids, tuning, pieces, resumption, and figures from the JSON alone."""

import json
import math

import numpy as np
import pytest

from experiments._shared.intervals import mean_interval, written
from experiments.dissecting.gan_runs import training as runs_training
from experiments.dissecting.images import __main__ as images
from experiments.dissecting.images import tuning as images_tuning
from experiments.dissecting.images.config import SIZES, Config, settle, trained
from experiments.dissecting.images.methods import CENTRES, METHODS, grid
from minmax_jax import gan
from minmax_jax.gan import data as data_lib

TINY = {
    "data": "digits", "network": "mlp", "extractor": "pixels", "width": 2, "batch_size": 8,
    "latent_dim": 4, "tune_steps": 6, "steps": 10, "log_every": 2, "powers": (-1, 1),
    "again": (2, 1), "tune_evaluate": 40, "evaluate": 40,
}  # fmt: skip


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Two methods, two seeds, as the command runs them."""
    folder = tmp_path_factory.mktemp("images")
    config = Config(**TINY, runs=str(folder / "runs"), seeds=2, methods=("nsgda_global", "ada_dir"))
    images.main(config, out=folder / "out")
    return folder, config


@pytest.mark.parametrize("size", CENTRES)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_the_same_grid_around_its_own_centre(method, size):
    cells = grid(method, size, powers := Config().powers)
    assert len(cells) == len(set(cells)) == len(powers) ** 2
    centre = powers.index(0) * (len(powers) + 1)
    assert cells[centre] == CENTRES[size][METHODS[method].unit]
    assert cells[-1][0] / cells[0][0] == pytest.approx(4**5, rel=0.02)  # three digits of a rate


def test_both_sizes_fill_every_field():
    for size in SIZES:
        config = settle(Config(size=size))
        assert None not in vars(config).values()
        trained(config)
    assert settle(Config(size="accelerator", width=4)).width == 4


def test_every_method_has_the_same_budget_and_tuning_seeds_are_no_final_ones(done):
    folder, _ = done
    found = json.loads((folder / "out" / "cpu.json").read_text())["methods"]
    assert list(found) == ["nsgda_global", "ada_dir"]
    for method in found.values():
        counts = [len(cell["distances"]) for cell in method["tuning"]]
        assert sorted(counts) == [1, 1, 2, 2]
        assert [run["seed"] for run in method["final"]] == [0, 1]
    tuned = [path.name for path in (folder / "runs").glob("*-tune")]
    assert len(tuned) == 2 * 6 and not any("-s0-" in name or "-s1-" in name for name in tuned)


def test_the_chosen_cell_has_the_lowest_mean_of_those_run_again(done):
    found = json.loads((done[0] / "out" / "cpu.json").read_text())["methods"]
    for method in found.values():
        again = [cell for cell in method["tuning"] if len(cell["distances"]) == 2]
        best = min(again, key=lambda cell: sum(cell["distances"]))
        assert best["chosen"] and method["best"] == best["rates"]
        assert sum(cell["chosen"] for cell in method["tuning"]) == 1


def test_norms_along_the_run_are_logged(done):
    path = next((done[0] / "runs").glob("nsgda_global-*-s0/metrics.jsonl"))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4, 6, 8, 10]
    rates = json.loads((done[0] / "out" / "cpu.json").read_text())["methods"]["nsgda_global"]
    for line in lines:  # g-nSGDA: each player's step is as long as its rate
        np.testing.assert_allclose(line["update_norm_min"], rates["best"][0], rtol=1e-5)
        np.testing.assert_allclose(line["update_norm_max"], rates["best"][1], rtol=1e-5)
        assert line["used_gradient_norm_min"] > 0


def test_redraw_and_a_second_call_train_nothing(done, monkeypatch, capsys):
    folder, config = done
    monkeypatch.setattr(runs_training.Trainer, "train", pytest.fail)
    before = json.loads((folder / "out" / "cpu.json").read_text())
    images.main(config, out=folder / "out")
    assert json.loads((folder / "out" / "cpu.json").read_text()) == before
    capsys.readouterr()
    images.main(Config(), redraw=True, out=folder / "out")
    text = capsys.readouterr().out
    assert "| g-nSGDA |" in text and "| AdaDir |" in text and "Held-out real" in text
    for name in ("tuning", "scores", "samples"):
        assert (folder / "out" / f"cpu-{name}.png").stat().st_size > 10_000


def test_a_run_cut_into_pieces_ends_in_the_bits_of_the_whole_one(done, monkeypatch, tmp_path):
    folder, config = done
    best = json.loads((folder / "out" / "cpu.json").read_text())["methods"]["ada_dir"]["best"]
    cut = settle(Config(**{**vars(config), "runs": str(tmp_path)}))
    job = images_tuning.final_job(cut, "ada_dir", tuple(best), 0)
    shop = images.workshop(cut)
    # The time of the first piece is over after two lines: at update 4 of 10.
    answers = iter([False, False, False, True, True])
    monkeypatch.setattr(runs_training.Clock, "over", property(lambda self: next(answers)))
    with pytest.raises(runs_training.PieceOver):
        shop.outcome(job)
    assert [p.name for p in (tmp_path / job.name / "checkpoints").iterdir()] == ["6"]
    monkeypatch.setattr(runs_training.Clock, "over", False)
    found = images.workshop(cut).outcome(job)
    whole = json.loads((folder / "runs" / job.name / "outcome.json").read_text())
    assert found["scores"] == whole["scores"]
    assert not (tmp_path / job.name / "checkpoints").exists()
    for name in ("metrics.jsonl", "samples.png"):
        ours, theirs = (root / job.name / name for root in (tmp_path, folder / "runs"))
        assert ours.read_bytes() == theirs.read_bytes()


def test_another_run_in_the_same_folder_is_refused_and_kept(done, capsys):
    folder, config = done
    job = next((folder / "runs").glob("*-tune/job.json"))
    before = job.read_bytes()
    for change, text in ({"width": 3}, "width: 2 -> 3"), ({"b1": 0.9}, "'b1': 0.5"):
        with pytest.raises(SystemExit) as exit:
            images.main(Config(**{**vars(config), **change}), out=folder / "other")
        assert exit.value.code == 2 and text in capsys.readouterr().err
    assert job.read_bytes() == before and not (folder / "other" / "cpu.json").exists()


def test_a_run_that_diverges_is_a_result(tmp_path):
    config = settle(Config(**TINY, runs=str(tmp_path), seeds=1))
    job = images_tuning.tuning_job(config, "sgda", (1e30, 1e30), 1000)
    found = images.workshop(config).outcome(job)
    assert found["diverged_at"] is not None and images_tuning.distance(found) == math.inf


@pytest.mark.slow
def test_the_resnet_with_a_gradient_penalty_runs(tmp_path, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, (80, 32, 32, 3), dtype=np.uint8)
    noise = gan.Data(pixels[:50], None, pixels[50:], None, "noise", None, "image")
    monkeypatch.setattr(data_lib, "load", lambda name: noise)
    config = Config(
        size="accelerator", runs=str(tmp_path / "runs"), data="noise", width=2, latent_dim=4,
        batch_size=4, tune_steps=2, steps=2, log_every=1, powers=(0,), again=(1, 1), seeds=1,
        methods=("adam_gda",), extractor="pixels", tune_evaluate=20, evaluate=20,
    )  # fmt: skip
    images.main(config, out=tmp_path)
    result = json.loads((tmp_path / "accelerator.json").read_text())
    assert (result["config"]["network"], result["config"]["penalty"]) == ("resnet", "wgan-gp")
    assert result["methods"]["adam_gda"]["final"][0]["diverged_at"] is None


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"size": "gpu"}, "size='gpu'"),
        ({"methods": ("adm",)}, "methods='adm'"),
        ({"piece_minutes": 121.0}, "piece_minutes=121"),
        ({"seeds": 1001}, "seeds=1001"),
        ({"again": (5, 1), "powers": (0, 1)}, "again=(5, 1)"),
    ],
)
def test_bad_values_are_named(change, text):
    with pytest.raises(gan.ConfigError) as error:
        settle(Config(**change))
    assert text in str(error.value)


def test_redraw_without_results_ends_with_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as exit:
        images.main(Config(), redraw=True, out=tmp_path)
    assert exit.value.code == 2 and "does not exist" in capsys.readouterr().err


def test_the_interval_is_student_s():
    # t of 4 degrees of freedom is 2.776; the deviation of 1…5 is √2.5.
    mean, low, high = mean_interval([1, 2, 3, 4, 5])
    assert mean == 3 and high - mean == pytest.approx(2.776 * (2.5 / 5) ** 0.5, rel=1e-3)
    assert mean - low == pytest.approx(high - mean)
    # A mean of cosines is no more than 1; of one value nothing else is known.
    assert mean_interval([0.5, 1.0], bounds=(-1, 1)) == (0.75, -1, 1)
    assert mean_interval([0.5], bounds=(-1, 1)) == (0.5, -1, 1)
    assert written([1.0, None]) == "1 of 2 diverged" and "one run" in written([1.0])
