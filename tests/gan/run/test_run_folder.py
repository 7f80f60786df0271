import json
import math

import numpy as np
import pytest

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.config import presets
from minmax_jax.gan.run import jsonl, run_folder

CONFIG = presets.preset("digits")


def metrics(folder):
    return (folder / "metrics.jsonl").read_text()


def test_read_returns_what_open_run_wrote(tmp_path, noise_images):
    folder = tmp_path / "a" / "run"
    run_folder.open_run(folder, CONFIG, noise_images)
    about = run_folder.read(folder)
    assert about.config == CONFIG
    assert about.data == run_folder.describe(noise_images)
    assert (about.data["shape"], about.data["kind"]) == ([28, 28, 1], "image")


def test_other_configuration_is_rejected_with_each_difference(tmp_path, noise_images):
    run_folder.open_run(tmp_path, CONFIG, noise_images)
    before = (tmp_path / "config.json").read_text()
    width = CONFIG.networks.width
    other = CONFIG.replace(seed=4, width=width + 1, steps=CONFIG.training.steps - 1)
    with pytest.raises(ConfigError) as error:
        run_folder.open_run(tmp_path, other, noise_images)
    for part in (
        "seed: 0 -> 4",
        f"width: {width} -> {width + 1}",
        "may only grow",
    ):
        assert part in str(error.value)
    assert "\n" not in str(error.value)
    assert (tmp_path / "config.json").read_text() == before


def test_steps_and_devices_may_change(tmp_path, noise_images):
    run_folder.open_run(tmp_path, CONFIG, noise_images)
    longer = CONFIG.replace(steps=CONFIG.training.steps + 1, devices=2, data="elsewhere")
    run_folder.open_run(tmp_path, longer, noise_images)
    assert run_folder.read(tmp_path).config == longer


def test_other_images_are_rejected(tmp_path, noise_images):
    run_folder.open_run(tmp_path, CONFIG, noise_images)
    changed = noise_images._replace(images=np.flip(noise_images.images, axis=0))
    with pytest.raises(ConfigError, match="data crc32"):
        run_folder.open_run(tmp_path, CONFIG, changed)


def test_other_labels_are_rejected_in_conditional_runs_only(tmp_path, noise_images):
    conditional = CONFIG.replace(conditional=True)
    permuted = noise_images._replace(labels=noise_images.labels[::-1])
    assert permuted.class_counts == noise_images.class_counts
    for config, name in ((CONFIG, "a"), (conditional, "b")):
        run_folder.open_run(tmp_path / name, config, noise_images)
    run_folder.open_run(tmp_path / "a", CONFIG, permuted)
    assert "labels_crc32" not in run_folder.read(tmp_path / "a").data
    with pytest.raises(ConfigError, match=r"data labels_crc32: \d+ -> \d+\)"):
        run_folder.open_run(tmp_path / "b", conditional, permuted)
    wider = noise_images._replace(labels=noise_images.labels.astype(np.int64))
    run_folder.open_run(tmp_path / "b", conditional, wider)  # The same classes.


def test_conditional_run_without_checksum_of_labels_resumes(tmp_path, noise_images):
    """Earlier versions wrote no checksum of the labels. The resumed run writes one."""
    conditional = CONFIG.replace(conditional=True)
    run_folder.open_run(tmp_path, conditional, noise_images)
    content = json.loads((tmp_path / "config.json").read_text())
    checksum = content["data"].pop("labels_crc32")
    (tmp_path / "config.json").write_text(json.dumps(content))
    assert run_folder.read(tmp_path).num_classes == 4
    run_folder.open_run(tmp_path, conditional, noise_images)
    assert run_folder.read(tmp_path).data["labels_crc32"] == checksum


def test_folder_with_other_files_is_unchanged(tmp_path, noise_images):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ConfigError, match="is not a run folder"):
        run_folder.open_run(tmp_path, CONFIG, noise_images)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_folder_of_a_run_killed_at_its_first_write_is_used(tmp_path, noise_images):
    (tmp_path / "config.json.0123abcd.part").write_text("{")
    run_folder.open_run(tmp_path, CONFIG, noise_images)
    assert run_folder.read(tmp_path).config == CONFIG


def with_values(path, value):
    """Returns the text of a valid `config.json` in which one value is replaced."""
    content = {
        "config": CONFIG.to_json(),
        "data": {"name": "noise", "kind": "image", "shape": [8, 8, 1], "count": 9, "crc32": 1},
    }
    *outer, last = path.split(".")
    place = content
    for name in outer:
        place = place[name]
    place[last] = value
    return json.dumps(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not JSON: Expecting value at line 1 column 1"),
        ("{\n\n{", "not JSON: .* at line 3 column 1"),
        ("[1]", "not a JSON object"),
        (b"\xff\xfe", "not UTF-8 text"),
        ("[" * 200_000, "nested too deeply"),
        (" " * 2_000_000, "more than 1,048,576 bytes"),
        ("{}", "config must be a mapping, got None"),
        ('{"config": {"seed": 1}}', "'seed' is not known"),
        (with_values("config.training.steps", "8"), "steps must be an integer, got '8'"),
        (with_values("config.training.steps", 10**20), "an integer is too large"),
        (with_values("config.training.steps", 10**12), "steps must be below 2147483648"),
        (with_values("config.networks.width", 10**9), "width must be at most 65536"),
        (with_values("config.networks.width", 0), "width must be at least 1"),
        (with_values("config.networks.name", "\x1b[2J"), r"network='\\x1b\[2J' is not known"),
        (with_values("config.data.source", "a\0b"), "without NUL"),
        (with_values("config.data.source", "a" * 5000), "at most 4096 characters"),
        (with_values("config.optimizer.options", {"b1": [1]}), "'b1' must be a number"),
        (with_values("config.optimizer.options", {"b1": "a" * 99}), "'b1' must be a number"),
        (with_values("data", None), "data must be an object, got None"),
        (with_values("data.kind", "sound"), "data kind must be image or vector, got 'sound'"),
        (with_values("data.shape", [8]), "data shape does not fit"),
        (with_values("data.shape", [8, 8, -1]), "data shape must be"),
        (with_values("data.shape", [10**9, 8, 1]), "data shape must be"),
        (with_values("data.count", 1.5), "data count must be an integer"),
        (with_values("data.crc32", None), "data crc32 must be a CRC-32"),
        (with_values("data.labels_crc32", -1), "data labels_crc32 must be a CRC-32, got -1"),
    ],
    ids=lambda value: str(value)[:40] if value and len(value) < 60 else "json",
)
def test_invalid_config_file_raises_one_line(tmp_path, content, message):
    raw = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "config.json").write_bytes(raw)
    with pytest.raises(ConfigError, match=message) as error:
        run_folder.read(tmp_path)
    assert "\n" not in str(error.value) and len(str(error.value)) < 500
    assert "config.json" in str(error.value)


def test_values_that_are_valid_pass(tmp_path):
    (tmp_path / "config.json").write_text(with_values("config.training.steps", 3))
    assert run_folder.read(tmp_path).config.training.steps == 3


def test_read_rejects_folder_without_run(tmp_path):
    with pytest.raises(ConfigError, match="does not contain a run"):
        run_folder.read(tmp_path / "nothing")


def test_discard_metrics_after_removes_later_and_cut_records(tmp_path):
    for step in (10, 20, 30):
        run_folder.append_metrics(tmp_path, {"step": step, "loss_min": 1.0})
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 40, "loss_m')
    assert [r["step"] for r in run_folder.read_metrics(tmp_path, pytest.fail)] == [10, 20, 30]
    assert [r["step"] for r in run_folder.discard_metrics_after(tmp_path, 20)] == [10, 20]
    run_folder.append_metrics(tmp_path, {"step": 30, "loss_min": 2.0})
    lines = [json.loads(line) for line in metrics(tmp_path).splitlines()]
    assert [(line["step"], line["loss_min"]) for line in lines] == [(10, 1), (20, 1), (30, 2)]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"norms": [1.0, 2.0]}, "norms must be a number, text or null; give each"),
        ({"norms": (1.0, 2.0)}, "norms must be a number, text or null"),
        ({"norms": {"min": 1.0}}, "norms must be a number, text or null"),
        ({"step": -1}, "step must be an integer from 0"),
        ({"step": 1.0}, "step must be an integer from 0"),
    ],
)
def test_append_metrics_refuses_what_read_metrics_would_skip(tmp_path, change, text):
    with pytest.raises(ValueError, match=f"^metrics.jsonl: this record would be .*: {text}"):
        run_folder.append_metrics(tmp_path, {"step": 1, "loss_min": 1.0, **change})
    assert not (tmp_path / "metrics.jsonl").exists()


def test_discard_metrics_after_creates_no_file(tmp_path):
    assert run_folder.discard_metrics_after(tmp_path, 5) == []
    assert list(tmp_path.iterdir()) == []


def test_nonfinite_values_are_null_in_file_and_nan_in_column(tmp_path):
    run_folder.append_metrics(tmp_path, {"step": 1, "loss_min": math.nan})
    run_folder.append_metrics(tmp_path, {"step": 2, "loss_min": math.inf})
    run_folder.append_metrics(tmp_path, {"step": 3, "loss_min": 0.5, "update_norm_ratio": 1.0})
    assert "NaN" not in metrics(tmp_path) and "Infinity" not in metrics(tmp_path)
    steps, values = jsonl.column(run_folder.read_metrics(tmp_path), "loss_min")
    np.testing.assert_array_equal(steps, [1, 2, 3])
    np.testing.assert_array_equal(values, [np.nan, np.nan, 0.5])
    assert jsonl.column(run_folder.read_metrics(tmp_path), "update_norm_ratio")[0].tolist() == [3]
