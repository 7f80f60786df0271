"""Evaluating runs: apart from training, while training, and what is refused."""

import dataclasses
import json
import threading

import numpy as np
import pytest
from PIL import Image

from minmax_jax import gan
from minmax_jax.gan import data as data_lib
from minmax_jax.gan.cli import main
from minmax_jax.gan.config import presets
from minmax_jax.gan.evaluation import evaluator, features
from minmax_jax.gan.evaluation.features import trained
from minmax_jax.gan.run import evaluations
from tests.gan.conftest import small_data
from tests.gan.trainer.test_trainer import same, small


@pytest.fixture(scope="module", autouse=True)
def quick_classifier(tmp_path_factory):
    """A classifier of sixty steps, in a cache of its own; few examples stand for the data."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(evaluator, "REFERENCE", 500)
        patch.setattr(trained, "PLAIN", trained.PLAIN._replace(steps=60))
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return gan.train(small(tmp_path_factory.mktemp("runs") / "digits", steps=12))


def test_it_scores_any_checkpoint_in_several_extractors_and_only_adds(run, capsys):
    before = {path: path.read_bytes() for path in run.folder.rglob("*") if path.is_file()}
    argv = ["evaluate", "--run", str(run.folder), "--step", "8", "--num", "200", "--extractors",
            "pixels", "classifier"]  # fmt: skip
    assert main.main(argv) == 0
    first = evaluations.read(run.folder)
    assert [r["extractor"] for r in first] == ["pixels", "classifier"]
    assert {r["step"] for r in first} == {8} and {r["num_samples"] for r in first} == {200}
    assert {r["num_reference"] for r in first} == {1438} and {r["num_held_out"] for r in first} == {
        200
    }
    everything = {"frechet_distance", "kernel_distance", "precision", "recall", "density",
                  "coverage", "different_bins", "bins_divergence", "inception_style_score",
                  "classes_covered"}  # fmt: skip
    assert everything <= set(first[1]["scores"])
    assert first[1]["held_out"]["frechet_distance"] < first[1]["scores"]["frechet_distance"] / 5
    printed = capsys.readouterr().out
    assert "% test accuracy, against 1438 training examples" in printed
    assert "in pixels, size 8x8x1, against" in printed and "200 samples" in printed
    assert main.main(argv) == 0
    second = evaluations.read(run.folder)
    assert second[:2] == first and [r["scores"] for r in second[2:]] == [r["scores"] for r in first]
    for path, content in before.items():
        assert path.read_bytes() == content, path


def test_one_metric_of_the_newest_checkpoint_by_the_python_function(run):
    (record,) = gan.evaluate(
        run.folder, extractors=["pixels"], metrics=["frechet"], num_samples=100, seed=3
    )
    assert (
        record["step"] == 12
        and record["seed"] == 3
        and set(record["scores"]) == {"frechet_distance"}
    )
    assert evaluations.read(run.folder)[-1] == record
    # Against the distance of uint8 pixels themselves, of the same latents.
    digits = data_lib.load("digits")
    pixels = lambda images: images.reshape(len(images), -1) / 127.5 - 1.0  # noqa: E731
    samples = pixels(gan.sample(run.folder, 100, seed=3))
    from minmax_jax.gan.evaluation import metrics

    expected = metrics.frechet_distance(samples, pixels(digits.images))
    np.testing.assert_allclose(record["scores"]["frechet_distance"], expected, rtol=1e-2)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--step", "5"], "step=5"),
        (["--extractors", "points"], "extractors=points: digits holds images; give classifier"),
        (["--extractors", "pixel"], "did you mean pixels"),
        (["--extractors", "pixels", "--metrics", "classes"], "metrics=classes needs the extractor"),
        (["--metrics", "fréchet"], "did you mean frechet"),
        (["--num", "3"], "num_samples=3 is out of range; give at least 20"),
        (["--data", "gaussians"], "not what the run was trained on"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_and_nothing_is_written(run, capsys, flags, message):
    before = evaluations.read(run.folder)
    assert main.main(["evaluate", "--run", str(run.folder), *flags]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert evaluations.read(run.folder) == before


def test_no_run_is_one_line(tmp_path, capsys):
    assert main.main(["evaluate", "--run", str(tmp_path)]) == 2
    assert "holds no run" in capsys.readouterr().err


@pytest.mark.slow
def test_evaluating_on_a_schedule_changes_no_number_of_the_training(tmp_path):
    plain = small(tmp_path / "plain", steps=12, preset="gaussians")
    often = small(tmp_path / "often", steps=9, preset="gaussians", evaluate=60, evaluate_every=3)
    one, short = gan.train(plain), gan.train(often)
    before = evaluations.read(short.folder)
    other = gan.train(dataclasses.replace(often, steps=12))
    same(one.state, other.state)
    quantities = lambda run: [  # noqa: E731
        {k: v for k, v in r.items() if "second" not in k}
        for r in run.metrics
        if "loss_min" in r and r["step"] != 9  # which was the last one for a while
    ]
    assert quantities(one) == quantities(other)
    records = evaluations.read(other.folder)
    assert [r["step"] for r in records] == [3, 6, 9, 12] and records[:3] == before
    steps, values = evaluations.curve(records, "points", "frechet_distance")
    assert steps.tolist() == [3, 6, 9, 12] and np.isfinite(values).all()
    scored = [r for r in other.metrics if "frechet_distance" in r]
    assert [r["frechet_distance"] for r in scored] == values.tolist()
    assert records[-1] == other.summary["evaluation"] and "evaluation" not in one.summary
    # The evaluation apart from training gives what training found at the same checkpoint.
    (again,) = gan.evaluate(other.folder, num_samples=60, num_reference=500)
    assert again["scores"] == records[-1]["scores"] and again["held_out"] == records[-1]["held_out"]


@pytest.mark.slow
def test_a_run_may_be_evaluated_while_it_is_written(tmp_path):
    # A thread trains, this one evaluates whatever checkpoint there is meanwhile.
    config = small(tmp_path, steps=80, preset="gaussians", checkpoint_every=8, log_every=8)
    thread = threading.Thread(target=gan.train, args=(config,))
    thread.start()
    found = []
    while thread.is_alive():
        try:
            found += gan.evaluate(tmp_path, num_samples=40, num_reference=50, metrics=["modes"])
        except gan.ConfigError as error:  # before the first one, or the very one was dropped
            assert "no run" in str(error) or "checkpoint" in str(error)
        thread.join(0.1)
    found += gan.evaluate(tmp_path, num_samples=40, num_reference=50, metrics=["modes"])
    assert evaluations.read(tmp_path) == found and found[-1]["step"] == 80
    assert json.loads((tmp_path / "summary.json").read_text())["step"] == 80


def test_images_without_labels_are_scored_in_pixels(tmp_path):
    for index, image in enumerate(small_data((8, 8, 1), 300).images):
        (tmp_path / "pictures").mkdir(exist_ok=True)
        Image.fromarray(image[..., 0]).save(tmp_path / "pictures" / f"{index}.png")
    config = small(tmp_path / "run", data=str(tmp_path / "pictures"), steps=2, evaluate=50)
    record = gan.train(config).summary["evaluation"]
    assert record["extractor"] == "pixels" and record["num_held_out"] == 30
    assert record["scores"]["frechet_distance"] > 0 and "classes_covered" not in record["scores"]


def test_samples_that_are_not_finite_have_no_distances():
    gaussians, notes = data_lib.gaussians(num=200), []
    judged = evaluator.Judge(gaussians, features.points(), note=notes.append)
    samples = np.repeat(gaussians.modes.centers, 10, axis=0).astype(np.float32)
    samples[:8] = np.nan
    record = judged(samples)
    assert record["scores"]["not_finite"] == 8 and record["scores"]["modes_covered"] == 8
    assert "frechet_distance" not in record["scores"] and "frechet_distance" in record["held_out"]
    assert notes == ["8 of 80 samples are not finite: no distances"]


def test_samples_whose_features_overflow_have_no_distances(noise_images):
    def overflows(images):
        return features.Extracted(images.reshape(len(images), -1) * np.float32(1e38))

    extractor = features.Extractor("pixels", overflows, {})
    samples = np.full((30, 28, 28, 1), 1e3, np.float32)
    with np.errstate(over="ignore"):
        assert evaluator.Judge(noise_images, extractor)(samples)["scores"] == {"not_finite": 30}


def test_few_real_examples_are_named():
    gaussians, notes = data_lib.gaussians(num=50), []
    record = evaluator.Judge(gaussians, features.points(), note=notes.append)(
        np.ones((30, 2), np.float32)
    )
    assert record["held_out"] == {} and record["scores"]["frechet_distance"] > 0
    assert notes == ["gaussians: only 10 held-out examples: no scores of held-out examples"]


def test_a_line_that_was_cut_off_does_not_take_the_next_one_with_it(tmp_path):
    evaluations.append(tmp_path, {"step": 1, "scores": {"a": float("nan")}})
    with (tmp_path / evaluations.FILE).open("a") as file:
        file.write('{"step": 2, "sco')
    evaluations.append(tmp_path, {"step": 3})
    assert evaluations.read(tmp_path) == [{"step": 1, "scores": {"a": None}}, {"step": 3}]
    assert json.loads((tmp_path / evaluations.FILE).read_text().splitlines()[0])["step"] == 1


@pytest.mark.parametrize("fields", [{"evaluate": 5}, {"evaluate": 0, "evaluate_every": 10}])
def test_too_few_samples_to_score_are_refused_before_training(tmp_path, fields):
    with pytest.raises(gan.ConfigError, match="samples are too few to be scored; give at least 20"):
        gan.train(small(tmp_path / "run", **fields))
    assert not (tmp_path / "run").exists()
    assert presets.preset("digits").evaluation.every == 0
