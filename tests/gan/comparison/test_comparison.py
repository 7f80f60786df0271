"""Runs side by side: what differs, scores by kind, the same latents, damage by name."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from minmax_jax import gan
from minmax_jax.gan.cli import main
from minmax_jax.gan.comparison import figure, scored, table
from minmax_jax.gan.config import presets

SMALL = {"width": 8, "latent_dim": 4, "batch_size": 16, "log_every": 2, "checkpoint_every": 2,
         "evaluate": 0, "devices": 1, "steps": 4}  # fmt: skip


def judge(folder, extractor, num_samples, **scores):
    """Adds an evaluation to a run."""
    record = {"step": 4, "extractor": extractor, "facts": {"test_accuracy": 0.98765},
              "num_samples": num_samples, "num_reference": 1437, "scores": scores}  # fmt: skip
    with (folder / "evaluations.jsonl").open("a") as file:
        file.write(json.dumps(record) + "\n")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    first = gan.train(presets.preset("digits", out=str(folder / "a"), **SMALL)).folder
    second = folder / "b"  # the same run under another rate, by its configuration
    shutil.copytree(first, second)
    about = json.loads((second / "config.json").read_text())
    about["config"]["optimizer"]["learning_rate_max"] = 0.25
    about["config"]["training"]["steps"] = 9
    (second / "config.json").write_text(json.dumps(about))
    judge(first, "classifier", 500, frechet_distance=12.5, classes_covered=7)
    judge(second, "classifier", 500, frechet_distance=None, classes_covered=1)
    judge(second, "pixels", 500, frechet_distance=3.25)
    judge(second, "classifier", 100, frechet_distance=99.0)
    return first, second


def row(text, name):
    lines = [line for line in text.splitlines() if line.split("|")[1].strip() == name]
    return [[cell.strip() for cell in line.split("|")[2:-1]] for line in lines]


def test_the_table_names_differences_and_keeps_kinds_of_scores_apart(runs):
    text = table.text(gan.compare(runs))
    assert row(text, "steps") == [["4 of 4", "4 of 9"]]
    assert row(text, "learning_rate_max") == [["0.0002", "0.25"]]
    assert not row(text, "width") and not row(text, "out")
    assert row(text, "frechet_distance") == [["12.5", "not finite"], ["–", "3.25"], ["–", "99"]]
    kinds = [line.split("|")[1].strip(" *") for line in text.splitlines() if "**" in line]
    judge = "classifier (test_accuracy 0.9877)"
    assert kinds == [
        f"{judge}, 500 samples against 1437 real",
        "pixels (test_accuracy 0.9877), 500 samples against 1437 real",
        f"{judge}, 100 samples against 1437 real",
    ]


def test_samples_are_those_of_the_same_latents(runs):
    comparison = gan.compare(runs, num=9, seed=3)
    for run, folder in zip(comparison.runs, runs, strict=True):
        np.testing.assert_array_equal(run.samples, gan.sample(folder, 9, seed=3))
        assert run.step == 4


def test_the_figure_has_curves_and_samples_of_every_run_with_its_scores(runs):
    drawn = figure.draw(gan.compare(runs))
    above, below = drawn.subfigs
    assert [len(axes.lines) for axes in above.axes] == [4, 4, 2]
    assert [axes.get_title().split("\n")[0] for axes in below.axes] == ["a", "b"]
    assert "frechet_distance 12.5" in below.axes[0].get_xlabel()
    assert "pixels" in below.axes[1].get_xlabel() and "3.25" in below.axes[1].get_xlabel()


def test_the_command_writes_figure_and_table_and_names_what_is_damaged(runs, tmp_path, capsys):
    broken = tmp_path / "broken"
    shutil.copytree(runs[0], broken)
    for path in (broken / "checkpoints").glob("*/files.json"):
        path.write_text("{")
    nothing, out = tmp_path / "nothing", tmp_path / "figures" / "c.png"
    words = [str(word) for word in ("compare", *runs, broken, nothing, "--out", out)]
    assert main.main(words) == 0
    text, err = capsys.readouterr()
    assert "nothing holds no run" in err and str(broken) in err and "damaged" in err
    assert "Damaged:" in text and out.with_suffix(".md").read_text().strip() in text
    with Image.open(out) as picture:
        assert np.asarray(picture.convert("L")).std() > 5


def test_runs_of_different_data_are_refused(runs, tmp_path, capsys):
    other = tmp_path / "other"
    shutil.copytree(runs[0], other)
    about = json.loads((other / "config.json").read_text())
    about["data"].update(name="letters", crc32=1)
    (other / "config.json").write_text(json.dumps(about))
    out = tmp_path / "c.png"
    assert main.main(["compare", str(runs[0]), str(other), "--out", str(out)]) == 2
    err = capsys.readouterr().err
    assert "trained on digits" in err and "letters (crc32" in err and not out.exists()


@pytest.mark.parametrize("words", [[], ["a"], ["a", "./a"]])
def test_two_different_runs_are_needed(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main.main(["compare", *words]) == 2
    assert "two or more different run folders" in capsys.readouterr().err


def test_lines_of_metrics_serve_where_there_is_no_file_of_evaluations(tmp_path):
    line = {"step": 4, "extractor": "classifier", "num_samples": 50, "frechet_distance": 2.0}
    (tmp_path / "metrics.jsonl").write_text(json.dumps(line) + "\n")
    assert scored.read(tmp_path) == [
        scored.Scored(4, "classifier, 50 samples", {"frechet_distance": 2.0})
    ]
