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


def test_folder_with_other_files_is_unchanged(tmp_path, noise_images):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ConfigError, match="is not a run folder"):
        run_folder.open_run(tmp_path, CONFIG, noise_images)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_folder_of_a_run_killed_at_its_first_write_is_used(tmp_path, noise_images):
    (tmp_path / "config.json.0123abcd.part").write_text("{")
    run_folder.open_run(tmp_path, CONFIG, noise_images)
    assert run_folder.read(tmp_path).config == CONFIG


@pytest.mark.parametrize("text", ["", "{", "{}", '{"config": {"seed": 1}}'])
def test_invalid_config_file_raises_one_line(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    message = r"not a valid configuration \(\w+: .*Restore it|'seed' is not known"
    with pytest.raises(ConfigError, match=message) as error:
        run_folder.read(tmp_path)
    assert "\n" not in str(error.value)


def test_read_rejects_folder_without_run(tmp_path):
    with pytest.raises(ConfigError, match="does not contain a run"):
        run_folder.read(tmp_path / "nothing")


def test_discard_metrics_after_removes_later_and_cut_records(tmp_path):
    for step in (10, 20, 30):
        run_folder.append_metrics(tmp_path, {"step": step, "loss_min": 1.0})
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 40, "loss_m')
    assert [r["step"] for r in run_folder.read_metrics(tmp_path)] == [10, 20, 30]
    assert [r["step"] for r in run_folder.discard_metrics_after(tmp_path, 20)] == [10, 20]
    run_folder.append_metrics(tmp_path, {"step": 30, "loss_min": 2.0})
    lines = [json.loads(line) for line in metrics(tmp_path).splitlines()]
    assert [(line["step"], line["loss_min"]) for line in lines] == [(10, 1), (20, 1), (30, 2)]


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
