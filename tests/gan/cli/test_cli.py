import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from minmax_jax.gan.cli import compare, export, main, sample, sweep, train
from minmax_jax.gan.config import presets
from minmax_jax.gan.config.config import places

SMALL = [
    "--width",
    "8",
    "--latent-dim",
    "4",
    "--batch-size",
    "16",
    "--steps",
    "4",
    "--log-every",
    "2",
    "--evaluate",
    "0",
    "--devices",
    "1",
]


def run(capsys, *words):
    """Runs the command; returns exit code, standard output, standard error."""
    try:
        code = main.main([str(word) for word in words])
    except SystemExit as end:
        code = end.code
    out, err = capsys.readouterr()
    return code, out, err


def test_flags_override_the_preset_in_any_order():
    words = ["train", "--steps", "7", "--preset", "gaussians", "--learning-rate-max=3"]
    config = main.parse(words).config
    preset = presets.preset("gaussians")
    assert (config.training.steps, config.optimizer.learning_rate_max) == (7, 3.0)
    assert (config.data, config.networks) == (preset.data, preset.networks)


def options(words):
    return train.with_preset_options(main.parse(words).config).optimizer.options


def test_options_are_added_to_those_of_the_preset():
    words = ["train", "--optimizer", "ada_nsgda", "--options", "scope=global", "b2=0.9"]
    assert options(words) == {"b1": 0.5, "scope": "global", "b2": 0.9}
    assert options([*words[:-1], "b1=0"]) == {"b1": 0, "scope": "global"}
    assert options(["train", "--optimizer", "sgda"]) == {}


def test_train_then_sample_npz_and_png(capsys, tmp_path):
    folder = tmp_path / "run"
    code, out, err = run(capsys, "train", *SMALL, "--out", folder)
    assert code == 0
    assert "4 updates by adam_gda" in out and str(folder / "samples.png") in out
    assert "step" in err and "4/4" in err and "update norms" in err

    code, out, _ = run(capsys, "sample", "--run", folder, "--num", 5, "--out", tmp_path / "s.npz")
    assert code == 0 and "5 samples" in out
    with np.load(tmp_path / "s.npz") as file:
        assert file["samples"].shape == (5, 8, 8, 1)
    code, _, _ = run(capsys, "sample", "--run", folder, "--num", 5, "--out", tmp_path / "s.png")
    with Image.open(tmp_path / "s.png") as image:
        assert code == 0 and image.size[0] > 100

    code, _, err = run(capsys, "train", *SMALL, "--out", folder, "--seed", 1)
    assert code == 2 and "seed: 0 -> 1" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trian"], "command='trian' is not known; did you mean train?"),
        (["train", "--preset", "digit"], "did you mean digits"),
        (["train", "--optimizer", "adamgda"], "did you mean adam_gda"),
        (["train", "--network", "dcgann"], "did you mean dcgan"),
        (["train", "--learning-rate-min", "-1"], "learning_rate_min must be at least 0, got -1.0"),
        (["train", "--options", "b3=1"], "does not take b3"),
        (["train", "--data", "no/such/folder"], "no/such/folder"),
        (["train", "--devices", "99"], " devices on this machine, got 99"),
        (["sample", "--run", "nowhere", "--out", "a.png"], "does not contain a run"),
        (["sample", "--run", "nowhere", "--out", "a.jpg"], "must end in .png or .gif or .npz"),
        (
            ["sample", "--run", "nowhere", "--out", "a.png", "--num", "0"],
            "num must be at least 1, got 0",
        ),
    ],
)
def test_user_mistake_gives_one_line_and_code_2(capsys, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert err.startswith("minmax-jax: ") and err.count("\n") == 1 and message in err
    assert list(tmp_path.iterdir()) == []


def looping_links(root):
    (root / "loop").symlink_to("loop")
    return ["sample", "--run", "loop", "--out", "a.png"]


def loop_as_output(root):
    (root / "loop").symlink_to("loop")
    return ["train", *SMALL, "--out", "loop/run"]


def long_output(root):
    return ["train", *SMALL, "--out", "a" * 3000]


def very_long_output(root):
    return ["train", *SMALL, "--out", "a/" * 100_000]


def long_run(root):
    return ["sample", "--run", "a" * 3000, "--out", "a.png"]


def long_file(root):
    return ["sample", "--run", "nowhere", "--out", "a" * 3000 + ".png"]


def long_sweep(root):
    return ["sweep", *SMALL, "--optimizers", "sgda", "--out", "a" * 3000]


def looping_comparison(root):
    (root / "loop").symlink_to("loop")
    return ["compare", "loop", "a"]


def long_comparison(root):
    return ["compare", "a" * 3000, "b"]


def escapes_in_a_name(root):
    return ["train", *SMALL, "--data", "\x1b]0;title\x07", "--out", "run"]


def undecodable_name(root):
    return ["sample", "--run", "run\udcff", "--out", "a.png"]


def control_characters_in_config(root):
    (root / "run").mkdir()
    values = {"config": {"data": {"\x1b[2J\n": 1}}}
    (root / "run" / "config.json").write_text(json.dumps(values))
    return ["sample", "--run", "run", "--out", "a.png"]


def nested_config(root):
    (root / "run").mkdir()
    (root / "run" / "config.json").write_text("[" * 10**6)
    return ["evaluate", "--run", "run"]


@pytest.mark.parametrize(
    "prepare",
    [
        looping_links,
        loop_as_output,
        long_output,
        very_long_output,
        long_run,
        long_file,
        long_sweep,
        looping_comparison,
        long_comparison,
        escapes_in_a_name,
        undecodable_name,
        control_characters_in_config,
        nested_config,
    ],
)
def test_hostile_paths_and_names_are_one_line(capsys, tmp_path, monkeypatch, prepare):
    monkeypatch.chdir(tmp_path)
    words = prepare(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, ""), err
    lines = [line for line in err.splitlines() if line.startswith("minmax-jax: ")]
    assert len(lines) == 1 and lines[0] == err.splitlines()[-1]
    assert "Traceback" not in err and len(lines[0]) < 700
    assert all(character.isprintable() for character in lines[0])
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("words", [["train", "--stepz", "3"], ["train", "--steps", "many"], []])
def test_unknown_flag_or_no_command_gives_code_2(capsys, words):
    code, _, err = run(capsys, *words)
    assert code == 2 and err and "Traceback" not in err


def names(arguments):
    return [field.name for field in dataclasses.fields(arguments)]


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        ("train", [*places(), *names(train.Train)[1:]]),
        ("sample", names(sample.Sample)),
        ("sweep", [*places(), *names(sweep.Sweep)[:-1]]),
        ("compare", names(compare.Compare)[1:]),
        ("export", names(export.Export)),
    ],
)
def test_help_shows_and_explains_every_flag(capsys, command, fields):
    code, out, _ = run(capsys, command, "--help")
    assert code == 0
    text = " ".join(out.split())
    for field in fields:
        flag = "--" + field.replace("_", "-")
        explanation = text.split(f" {flag} ")[-1].split(" --")[0]
        assert len(explanation.split()) > 5, flag
