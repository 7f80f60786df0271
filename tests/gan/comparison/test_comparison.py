"""Tests of comparisons of runs: table, figure and error messages."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minmax_jax import gan
from minmax_jax.gan.cli import main
from minmax_jax.gan.comparison import collect, figure, results, table
from minmax_jax.gan.config import presets
from minmax_jax.gan.run import run_folder

SMALL = {
    "width": 8,
    "latent_dim": 4,
    "batch_size": 16,
    "log_every": 2,
    "checkpoint_every": 2,
    "evaluate": 0,
    "devices": 1,
    "steps": 4,
}


def add_evaluation(folder, extractor, num_samples, **scores):
    """Appends an evaluation to a run."""
    record = {
        "step": 4,
        "extractor": extractor,
        "facts": {"test_accuracy": 0.98765},
        "num_samples": num_samples,
        "num_reference": 1437,
        "scores": scores,
    }
    with (folder / "evaluations.jsonl").open("a") as file:
        file.write(json.dumps(record) + "\n")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    first = gan.train(presets.preset("digits", out=str(folder / "a"), **SMALL)).folder
    second = folder / "b"  # the same run with another learning rate in its configuration
    shutil.copytree(first, second)
    about = json.loads((second / "config.json").read_text())
    about["config"]["optimizer"]["learning_rate_max"] = 0.25
    about["config"]["training"]["steps"] = 9
    (second / "config.json").write_text(json.dumps(about))
    add_evaluation(first, "classifier", 500, frechet_distance=12.5, classes_covered=7)
    add_evaluation(second, "classifier", 500, frechet_distance=None, classes_covered=1)
    add_evaluation(second, "pixels", 500, frechet_distance=3.25)
    add_evaluation(second, "classifier", 100, frechet_distance=99.0)
    return first, second


def row(text, name):
    rows = [line.split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in cells[2:-1]] for cells in rows if cells[1].strip() == name]


def test_table_shows_differences_and_scores_by_kind(runs):
    text = table.text(gan.compare(runs))
    assert row(text, "steps") == [["4 of 4", "4 of 9"]]
    assert row(text, "learning_rate_max") == [["0.0002", "0.25"]]
    assert not row(text, "width") and not row(text, "out")
    shown = row(text, "frechet_distance ↓")
    assert shown == [["12.5", "not finite"], ["–", "3.25"], ["–", "99"]]
    assert row(text, "classes_covered ↑") == [["7", "1"]]
    assert "↓: lower is better. ↑: higher is better." in text and not row(text, "loss_min ↓")
    kinds = [line.split("|")[1].strip(" *") for line in text.splitlines() if "**" in line]
    classifier = "classifier (test_accuracy 0.9877)"
    assert kinds == [
        f"{classifier}, 500 samples against 1437 training examples",
        "pixels (test_accuracy 0.9877), 500 samples against 1437 training examples",
        f"{classifier}, 100 samples against 1437 training examples",
    ]


def test_compare_draws_samples_of_the_same_latents(runs):
    comparison = gan.compare(runs, num=9, seed=3)
    for run, folder in zip(comparison.runs, runs, strict=True):
        np.testing.assert_array_equal(run.samples, gan.sample(folder, 9, seed=3))
        assert run.step == 4


def test_figure_has_curves_samples_and_scores_of_every_run(runs):
    drawn = figure.draw(gan.compare(runs))
    above, below = drawn.subfigs
    assert [len(axes.lines) for axes in above.axes] == [4, 4, 2]
    assert [axes.get_title().split("\n")[0] for axes in below.axes] == ["a", "b"]
    assert "frechet_distance ↓ 12.5" in below.axes[0].get_xlabel()
    assert "pixels" in below.axes[1].get_xlabel() and "3.25" in below.axes[1].get_xlabel()


def test_compare_command_writes_files_and_reports_problems(runs, tmp_path, capsys):
    broken = tmp_path / "broken"
    shutil.copytree(runs[0], broken)
    for path in (broken / "checkpoints").glob("*.npz"):
        path.write_bytes(path.read_bytes()[:100])
    nothing, out = tmp_path / "nothing", tmp_path / "figures" / "c.png"
    words = [str(word) for word in ("compare", *runs, broken, nothing, "--out", out)]
    assert main.main(words) == 0
    text, err = capsys.readouterr()
    assert "nothing does not contain a run" in err and str(broken) in err and "corrupt" in err
    assert "Problems:" in text and out.with_suffix(".md").read_text().strip() in text
    with Image.open(out) as image:
        assert np.asarray(image.convert("L")).std() > 5


def test_compare_rejects_runs_on_different_data(runs, tmp_path, capsys):
    other = tmp_path / "other"
    shutil.copytree(runs[0], other)
    about = json.loads((other / "config.json").read_text())
    about["data"].update(name="letters", crc32=1)
    (other / "config.json").write_text(json.dumps(about))
    out = tmp_path / "c.png"
    assert main.main(["compare", str(runs[0]), str(other), "--out", str(out)]) == 2
    err = capsys.readouterr().err
    assert "trained on digits" in err and "letters (crc32" in err and not out.exists()


def test_compare_rejects_runs_on_different_labels():
    data = {"name": "a", "kind": "image", "shape": [8, 8, 1], "count": 9, "crc32": 1}
    one, other, without = (
        run_folder.About(presets.preset("digits"), {**data, **more})
        for more in ({"labels_crc32": 1}, {"labels_crc32": 2}, {})
    )
    with pytest.raises(gan.ConfigError, match=r"one was .* other on a \(labels_crc32: 1 -> 2\)"):
        collect._check_same_data({Path("one"): one, Path("other"): other})
    collect._check_same_data({Path("one"): one, Path("without"): without})


@pytest.mark.parametrize("words", [[], ["a"], ["a", "./a"]])
def test_compare_rejects_fewer_than_two_different_runs(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main.main(["compare", *words]) == 2
    assert "two or more different run folders" in capsys.readouterr().err


def test_results_fall_back_to_metrics_without_evaluations(tmp_path):
    line = {"step": 4, "extractor": "classifier", "num_samples": 50, "frechet_distance": 2.0}
    (tmp_path / "metrics.jsonl").write_text(json.dumps(line) + "\n")
    (found,) = results.read(tmp_path)
    assert found[:3] == (4, "classifier, 50 samples", {"frechet_distance": 2.0})
    assert found.better["frechet_distance"] == "lower"


def test_results_of_different_references_have_different_kinds(tmp_path):
    record = {
        "step": 4,
        "extractor": "pixels",
        "facts": {},
        "num_samples": 50,
        "num_reference": 100,
        "scores": {"mine": 1.0},
    }
    own = {**record, "num_training": 300, "better": {"mine": "higher"}}
    lines = [json.dumps(record), json.dumps(own)]
    (tmp_path / "evaluations.jsonl").write_text("\n".join(lines) + "\n")
    old, new = results.read(tmp_path)
    assert old.kind == "pixels, 50 samples against 100 training examples"
    assert new.kind == "pixels, 50 samples against 100 of 300 training examples"
    assert new.better == {"mine": "higher"}
