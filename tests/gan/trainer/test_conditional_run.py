"""Tests of a class-conditional run: resuming, samples of a class, wrong use."""

import json
import re
import shutil
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

from minmax_jax import gan
from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.messages import ignore_note
from minmax_jax.gan.cli.main import main
from minmax_jax.gan.config import presets
from minmax_jax.gan.generation import generator, labels
from minmax_jax.gan.run import evaluations

PAGE = Path(__file__).parents[3] / "docs" / "conditional.md"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The run of the documentation page, whose code is executed."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    names = {"__name__": "page"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder := tmp_path_factory.mktemp("conditional"))
        exec(compile("\n".join(blocks), "<page>", "exec"), names)
    found = names["run"]
    return found._replace(folder=folder / found.folder)


def test_resumed_run_equals_the_uninterrupted_run(run, tmp_path):
    copy = shutil.copytree(run.folder, tmp_path / "run")
    (copy / "checkpoints" / "8.npz").unlink()
    resumed = gan.train(run.config.replace(out=str(copy)))
    jax.tree.map(np.testing.assert_array_equal, resumed.state, run.state)


def test_samples_of_a_class_are_those_of_its_row(run):
    rows = gan.sample_classes(run.folder, 3, seed=5, note=ignore_note)
    assert rows.shape == (10, 3, 8, 8, 1) and rows.dtype == np.uint8
    for label in (0, 7):
        found = gan.sample(run.folder, 3, label=label, seed=5, note=ignore_note)
        np.testing.assert_array_equal(found, rows[label])
    assert not np.array_equal(rows[0], rows[7])
    arcs = gan.interpolate(run.folder, 3, num_frames=2, label=7, seed=5, note=ignore_note)
    np.testing.assert_array_equal(arcs[:, 0], rows[7])


def test_samples_have_the_class_frequencies_of_the_data(run):
    loaded = generator.load_generator(run.folder)
    counts = np.bincount(data_lib.load("digits").labels)
    np.testing.assert_allclose(loaded.class_weights, counts / counts.sum())
    drawn = labels.seeded_labels(loaded.pair, 4000, seed=1, weights=np.eye(10)[[2, 3]].mean(0))
    np.testing.assert_allclose(
        np.bincount(drawn, minlength=4)[:4] / 4000, [0, 0, 0.5, 0.5], atol=0.05
    )
    uniform = run.config.replace(fake_labels="uniform")
    assert labels.class_weights(uniform, counts) is None


def test_command_writes_scores_of_each_class(run, tmp_path, capsys):
    copy = shutil.copytree(run.folder, tmp_path / "run")
    words = ["evaluate", "--run", str(copy), "--num", "300", "--metrics", "frechet"]
    assert main([*words, "--per-class", "--extractors", "pixels"]) == 0
    assert "added to" in capsys.readouterr().out
    (found,) = [r for r in evaluations.read(copy, pytest.fail) if "per_class" in r]
    assert [entry["class"] for entry in found["per_class"]] == list(range(10))
    assert all(entry["frechet_distance"] > 0 for entry in found["per_class"])


def test_command_writes_one_row_per_class(run, tmp_path, capsys):
    path = tmp_path / "rows.png"
    assert main(["sample", "--run", str(run.folder), "--per-class", "2", "--out", str(path)]) == 0
    assert "2 samples of each of 10 classes" in capsys.readouterr().out
    with Image.open(path) as image:
        assert image.height == 5 * image.width
    with Image.open(run.folder / "samples.png") as image:
        assert image.height * 8 == image.width * 10


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--class", "10"], "class must be from 0 to 9, got 10"),
        (["--class", "1", "--per-class", "2"], "per_class draws samples of every class, got class"),
        (["--num", "1", "--per-class", "2"], "per_class draws samples of every class, got num"),
        (["--interpolate", "3", "--per-class", "2"], "is for samples, not for interpolations"),
        (["--per-class", "0"], "per_class must be at least 1"),
    ],
)
def test_wrong_classes_are_refused_in_one_line(run, tmp_path, capsys, flags, message):
    path = tmp_path / "some.png"
    assert main(["sample", "--run", str(run.folder), "--out", str(path), *flags]) != 0
    assert message in capsys.readouterr().err and not path.exists()


def test_run_folder_keeps_the_number_of_examples_of_each_class(run):
    about = json.loads((run.folder / "config.json").read_text())
    counts = np.bincount(data_lib.load("digits").labels).tolist()
    assert about["data"]["class_counts"] == counts
    changed = run.config.replace(fake_labels="uniform", out=str(run.folder))
    with pytest.raises(gan.ConfigError, match="fake_labels: 'frequencies' -> 'uniform'"):
        gan.train(changed)


def test_run_with_other_labels_is_neither_resumed_nor_scored(run, monkeypatch, capsys):
    data = data_lib.load("digits")
    permuted = data._replace(labels=np.roll(data.labels, 1))
    monkeypatch.setitem(data_lib.DATA_SETS._registered, "permuted", lambda **_: permuted)
    with pytest.raises(gan.ConfigError, match="data labels_crc32: "):
        gan.train(run.config.replace(data="permuted", steps=9, out=str(run.folder)))
    assert main(["evaluate", "--run", str(run.folder), "--data", "permuted"]) != 0
    assert "another labels_crc32" in capsys.readouterr().err


def test_data_without_classes_are_refused(tmp_path):
    config = presets.preset("gaussians", out=str(tmp_path / "run"), conditional=True, steps=1)
    unlabeled = data_lib.load("digits")._replace(labels=None, num_classes=None)
    with pytest.raises(gan.ConfigError, match="at least two classes, got no labels in digits"):
        config.conditioning.num_classes(unlabeled)
    assert not (tmp_path / "run").exists()
