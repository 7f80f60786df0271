"""Tests of evaluations of runs, during training and afterwards."""

import json
import shutil
import threading

import numpy as np
import pytest
from PIL import Image

from minmax_jax import gan
from minmax_jax.gan import data as data_lib
from minmax_jax.gan.cli import main
from minmax_jax.gan.config import presets
from minmax_jax.gan.evaluation import evaluate, evaluator, metrics
from minmax_jax.gan.evaluation.features import trained
from minmax_jax.gan.run import evaluations, run_folder
from tests.gan.conftest import small_data
from tests.gan.trainer.test_trainer import same, small


@pytest.fixture(scope="module", autouse=True)
def quick_classifier(tmp_path_factory):
    """Uses a separate cache, a small classifier of few updates, and few reference examples."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(evaluator, "REFERENCE", 500)
        patch.setattr(trained, "BATCH", 32)
        patch.setattr(trained, "PLAIN", trained.PLAIN._replace(steps=20, width=4))
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "digits"
    return gan.train(small(folder, network="mlp", steps=12, evaluate=0))


def test_evaluate_command_appends_scores_of_a_checkpoint(run, capsys):
    before = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    argv = [
        "evaluate",
        "--run",
        str(run.folder),
        "--step",
        "8",
        "--num",
        "200",
        "--extractors",
        "pixels",
        "classifier",
    ]
    assert main.main(argv) == 0
    first = evaluations.read(run.folder)
    assert [r["extractor"] for r in first] == ["pixels", "classifier"]
    assert {r["step"] for r in first} == {8} and {r["num_samples"] for r in first} == {200}
    assert {r["num_reference"] for r in first} == {1438} and {r["num_held_out"] for r in first} == {
        200
    }
    everything = {
        "frechet_distance",
        "kernel_distance",
        "precision",
        "recall",
        "density",
        "coverage",
        "different_bins",
        "bins_divergence",
        "inception_style_score",
        "classes_covered",
    }
    assert everything <= set(first[1]["scores"])
    assert first[1]["held_out"]["frechet_distance"] < first[1]["scores"]["frechet_distance"] / 5
    assert first[1]["better"]["frechet_distance"] == "lower" and first[1]["num_training"] == 1438
    printed = capsys.readouterr().out
    assert "frechet_distance ↓" in printed and "classes_covered ↑" in printed
    assert "% test accuracy, against 1438 training examples" in printed
    assert "in pixels, size 8x8x1, against" in printed and "200 samples" in printed
    assert main.main(argv) == 0
    second = evaluations.read(run.folder)
    assert second[:2] == first and [r["scores"] for r in second[2:]] == [r["scores"] for r in first]
    for path, content in before.items():
        assert path.read_bytes() == content, path


def test_evaluate_computes_one_metric_of_the_newest_checkpoint(run):
    (record,) = gan.evaluate(
        run.folder, extractors=["pixels"], metrics=["frechet"], num_samples=100, seed=3
    )
    assert (
        record["step"] == 12
        and record["seed"] == 3
        and set(record["scores"]) == {"frechet_distance"}
    )
    assert evaluations.read(run.folder)[-1] == record
    # The expected distance is computed from the uint8 samples of the same latents.
    digits = data_lib.load("digits")
    pixels = lambda images: images.reshape(len(images), -1) / 127.5 - 1.0  # noqa: E731
    samples = pixels(gan.sample(run.folder, 100, seed=3))
    expected = metrics.frechet_distance(samples, pixels(digits.images))
    np.testing.assert_allclose(record["scores"]["frechet_distance"], expected, rtol=1e-2)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--step", "5"], "step=5"),
        (["--extractors", "points"], "extractors=points: digits contains images. Use classifier"),
        (["--extractors", "pixel"], "did you mean pixels"),
        (["--extractors", "pixels", "--metrics", "classes"], "metrics=classes needs the extractor"),
        (["--metrics", "fréchet"], "did you mean frechet"),
        (["--extractors", "classifier", "pixels", "--metrics", "classes"], "got pixels on digits"),
        (["--extractors", "classifier", "--metrics", "fid"], "fid means the Fréchet distance in"),
        (["--extractors", "kid"], "extractors=kid is not an extractor: kid means the kernel"),
        (["--inception-weights", "w.pth"], "inception_weights=w.pth is for the extractor incep"),
        (["--extractors", "inception", "--inception-weights", "w.pth"], "inception"),
        (["--seed", "-1"], "seed must be at least 0, got -1"),
        (["--seed", "1" + 20 * "0"], "seed must be below 2147483648"),
        (["--num", "3"], "num_samples must be at least 20, got 3"),
        (["--data", "gaussians"], "not the data that the run was trained on"),
    ],
)
def test_evaluate_rejects_bad_input_without_writing(run, capsys, monkeypatch, flags, message):
    monkeypatch.setattr(trained, "_train", pytest.fail)
    before = evaluations.read(run.folder)
    assert main.main(["evaluate", "--run", str(run.folder), *flags]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert evaluations.read(run.folder) == before


def test_training_evaluates_with_the_chosen_extractor(run, tmp_path):
    folder, notes = tmp_path / "run", []
    shutil.copytree(run.folder, folder)
    config = run.config.replace(evaluate_extractor="pixels", evaluate=60)
    run_evaluator = evaluate.RunEvaluator(config, folder, data_lib.load("digits"), notes.append)
    record = run_evaluator.evaluate(12, run.state)
    assert record["extractor"] == "pixels" and record["by"] == "train"
    assert record["protocol"]["features"] == "64 features of pixels, size 8x8x1"
    logged = run_folder.read_metrics(folder)[-1]
    assert logged["extractor"] == "pixels" and logged["step"] == 12
    for part in record["protocol"].values():
        assert part in logged["protocol"]
    # The evaluation is not repeated.
    assert run_evaluator.evaluate(12, run.state) == record
    assert len(evaluations.read(folder)) == len(evaluations.read(run.folder)) + 1


def test_evaluate_rejects_folder_without_run(tmp_path, capsys):
    assert main.main(["evaluate", "--run", str(tmp_path)]) == 2
    assert "does not contain a run" in capsys.readouterr().err


def test_fid_without_weights_says_what_is_needed(run, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert main.main(["evaluate", "--run", str(run.folder), "--metrics", "fid"]) == 2
    error = capsys.readouterr().err
    assert "extractors=inception needs the published weights" in error
    assert "minmax-jax convert-inception --download" in error and error.count("\n") == 1


@pytest.mark.slow
def test_scheduled_evaluations_do_not_change_training(tmp_path):
    plain = small(tmp_path / "plain", steps=12, preset="gaussians")
    often = small(tmp_path / "often", steps=9, preset="gaussians", evaluate=60, evaluate_every=3)
    one, short = gan.train(plain), gan.train(often)
    before = evaluations.read(short.folder)
    other = gan.train(often.replace(steps=12))
    same(one.state, other.state)
    quantities = lambda run: [  # noqa: E731
        {k: v for k, v in r.items() if "second" not in k}
        for r in run.metrics
        if "loss_min" in r and r["step"] != 9  # the last step of the first run
    ]
    assert quantities(one) == quantities(other)
    records = evaluations.read(other.folder)
    assert [r["step"] for r in records] == [3, 6, 9, 12] and records[:3] == before
    steps, values = evaluations.curve(records, "points", "frechet_distance")
    assert steps.tolist() == [3, 6, 9, 12] and np.isfinite(values).all()
    scored = [r for r in other.metrics if "frechet_distance" in r]
    assert [r["frechet_distance"] for r in scored] == values.tolist()
    assert records[-1] == other.summary["evaluation"] and "evaluation" not in one.summary
    # An evaluation after training gives the scores of the evaluation during training.
    (again,) = gan.evaluate(other.folder, num_samples=60, num_reference=500)
    assert again["scores"] == records[-1]["scores"] and again["held_out"] == records[-1]["held_out"]


@pytest.mark.slow
def test_evaluate_works_while_the_run_is_training(tmp_path):
    # One thread trains; this thread evaluates the newest checkpoint in the meantime.
    config = small(tmp_path, steps=80, preset="gaussians", checkpoint_every=8, log_every=8)
    thread = threading.Thread(target=gan.train, args=(config,))
    thread.start()
    found = []
    while thread.is_alive():
        try:
            found += gan.evaluate(tmp_path, num_samples=40, num_reference=50, metrics=["modes"])
        except gan.ConfigError as error:  # No checkpoint yet, or it was deleted.
            assert "does not contain a run" in str(error) or "checkpoint" in str(error)
        thread.join(0.1)
    found += gan.evaluate(tmp_path, num_samples=40, num_reference=50, metrics=["modes"])
    assert evaluations.read(tmp_path) == found and found[-1]["step"] == 80
    assert json.loads((tmp_path / "summary.json").read_text())["step"] == 80


def test_images_without_labels_are_evaluated_by_pixels(tmp_path):
    for index, image in enumerate(small_data((8, 8, 1), 300).images):
        (tmp_path / "images").mkdir(exist_ok=True)
        Image.fromarray(image[..., 0]).save(tmp_path / "images" / f"{index}.png")
    config = small(
        tmp_path / "run", data=str(tmp_path / "images"), network="mlp", steps=2, evaluate=50
    )
    record = gan.train(config).summary["evaluation"]
    assert record["extractor"] == "pixels" and record["num_held_out"] == 50
    assert record["scores"]["frechet_distance"] > 0 and "classes_covered" not in record["scores"]


def test_append_starts_a_new_line_after_a_cut_off_record(tmp_path):
    record = {"extractor": "pixels", "facts": {}, "num_samples": 20, "num_reference": 20}
    evaluations.append(tmp_path, {**record, "step": 1, "scores": {"a": float("nan")}})
    with (tmp_path / evaluations.FILE).open("a") as file:
        file.write('{"step": 2, "sco')
    evaluations.append(tmp_path, {**record, "step": 3, "scores": {}})
    assert evaluations.read(tmp_path, note=lambda _: None) == [
        {**record, "step": 1, "scores": {"a": None}},
        {**record, "step": 3, "scores": {}},
    ]
    assert json.loads((tmp_path / evaluations.FILE).read_text().splitlines()[0])["step"] == 1


@pytest.mark.parametrize("fields", [{"evaluate": 5}, {"evaluate": 0, "evaluate_every": 10}])
def test_train_rejects_too_few_samples_to_evaluate(tmp_path, fields):
    with pytest.raises(gan.ConfigError, match="evaluate must be at least 20"):
        gan.train(small(tmp_path / "run", **fields))
    assert not (tmp_path / "run").exists()
    assert presets.preset("digits").evaluation.every == 0
