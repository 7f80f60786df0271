import json

import jax
import numpy as np
import pytest
from PIL import Image

from minmax_jax import gan
from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.config import presets
from minmax_jax.gan.evaluation import evaluator
from minmax_jax.gan.run import checkpoint
from minmax_jax.gan.trainer import hooks, resume, train
from minmax_jax.gan.training import build, loop
from tests.devices import first_devices

SMALL = {
    "width": 8,
    "latent_dim": 4,
    "batch_size": 16,
    "log_every": 4,
    "checkpoint_every": 8,
    "evaluate": 0,
    "devices": 1,
}


def small(folder, **fields):
    preset = fields.pop("preset", "digits")
    return presets.preset(preset, **{**SMALL, "out": str(folder), **fields})


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def same(one, other):
    one, other = checkpoint.flatten(one), checkpoint.flatten(other)
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_run_writes_all_files(tmp_path):
    run = gan.train(small(tmp_path / "run", steps=12))
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {
        "config.json",
        "metrics.jsonl",
        "samples.png",
        "curves.png",
        "summary.json",
        "checkpoints",
    }
    assert [record["step"] for record in run.metrics] == [4, 8, 12]
    assert json.loads((run.folder / "summary.json").read_text()) == run.summary
    assert int(run.state.step) == run.summary["step"] == 12
    image = pixels(run.folder / "samples.png")
    assert image.ndim == 2 and image.shape[0] == image.shape[1] and image.std() > 0


@pytest.mark.slow
def test_extended_run_is_bitwise_identical_to_a_longer_one(tmp_path):
    short = small(tmp_path / "a", steps=10, network="dcgan")
    gan.train(short)
    extended = gan.train(short.replace(steps=16))
    whole = gan.train(small(tmp_path / "b", steps=16, network="dcgan"))
    same(extended.state, whole.state)


def test_finished_run_is_not_trained_again(tmp_path, monkeypatch):
    config = small(tmp_path, steps=8)
    first = gan.train(config)
    compile_program = train.program.compile_program
    untrainable = lambda *args: compile_program(*args)._replace(advance=None, measure=None)  # noqa: E731
    monkeypatch.setattr(train.program, "compile_program", untrainable)
    second = gan.train(config)
    same(first.state, second.state)
    assert second.metrics == first.metrics and second.summary == first.summary


@pytest.mark.parametrize(("before", "after"), [pytest.param(4, 1, marks=pytest.mark.slow), (1, 4)])
def test_run_resumes_on_another_number_of_devices(tmp_path, before, after):
    first_devices(max(before, after))
    gan.train(small(tmp_path / "a", steps=8, optimizer="sgda", devices=before))
    moved = gan.train(small(tmp_path / "a", steps=12, optimizer="sgda", devices=after))
    alone = gan.train(small(tmp_path / "b", steps=12, optimizer="sgda", devices=before))
    assert [record["step"] for record in moved.metrics] == [4, 8, 12]
    gaps = jax.tree.map(
        lambda a, b: np.max(np.abs(a - b)), moved.state.players, alone.state.players
    )
    assert max(jax.tree.leaves(gaps)) < 1e-5


def test_compiled_calls_end_at_the_steps_of_hooks():
    ordered = hooks.call_ends(small("unused", steps=50, log_every=10, checkpoint_every=25))
    ends, step = [], 0
    while step < 50:
        step = loop.next_call_end(step, 50, 7, ordered)
        ends.append(step)
    assert ends == [7, 10, 14, 20, 21, 25, 28, 30, 35, 40, 42, 49, 50]
    assert loop.next_call_end(10, 50, 1, ordered) == 11


def test_finished_run_is_evaluated_once(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluator, "REFERENCE", 500)
    config = small(tmp_path, steps=4, preset="gaussians", evaluate=300)
    run = gan.train(config)
    records = [record for record in run.metrics if "modes_covered" in record]
    assert len(records) == 1 and records[0]["num_samples"] == 300 and records[0]["step"] == 4
    assert 0 <= records[0]["high_quality_share"] <= 1
    assert gan.train(config).metrics == run.metrics
    assert pixels(tmp_path / "samples.png").std() > 0


def test_samples_depend_on_seed_only(tmp_path):
    run = gan.train(small(tmp_path, steps=4))
    images = gan.sample(run.folder, 10)
    assert images.shape == (10, 8, 8, 1) and images.dtype == np.uint8
    np.testing.assert_array_equal(images, gan.sample(run.folder, 10))
    np.testing.assert_array_equal(images[:3], gan.sample(run.folder, 3))
    assert not np.array_equal(images, gan.sample(run.folder, 10, seed=1))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"devices": 99},
            r"devices must be at most \d, the number of \w+ devices on this machine, got 99",
        ),
        ({"devices": 3}, "batch_size must be a multiple of the number of devices, 3, got 16"),
        (
            {"microbatches": 3},
            "microbatches must divide the number of examples per device, 16, got 3",
        ),
        ({"network": "resnet"}, "network=resnet: .*shorter side is 32, 64 or 128"),
        ({"optimizer": "ada_nsgda", "options": {"scope": "layers"}}, "scope"),
        ({"optimizer": "ada_nsgda", "options": {"b2": "much"}}, "b2"),
    ],
)
def test_invalid_config_raises_one_line_and_writes_nothing(tmp_path, fields, message):
    if "of devices" in message:
        first_devices(fields["devices"])
    with pytest.raises(gan.ConfigError, match=message) as error:
        gan.train(small(tmp_path / "run", steps=4, **fields))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


def test_max_steps_rejects_optimizer_of_both_players(tmp_path):
    config = small(tmp_path / "run", steps=4, optimizer="extragradient", max_steps=2)
    with pytest.raises(
        gan.ConfigError, match=r"updates both players together.*max_steps=2"
    ) as error:
        gan.train(config)
    assert "\n" not in str(error.value)


def test_unknown_data_raises_one_line_and_writes_nothing(tmp_path):
    with pytest.raises(DataError) as error:
        gan.train(small(tmp_path / "run", steps=4, data=str(tmp_path / "nowhere")))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


def test_out_folder_is_named_after_the_run_by_default():
    config = presets.preset("digits", optimizer="sgda", seed=3)
    assert str(resume.out_folder(config)) == "runs/digits-sgda-s3"
    assert str(resume.out_folder(config.replace(out="here"))) == "here"


def test_pick_devices_returns_all_devices_by_default():
    config = presets.preset("digits")
    assert build.pick_devices(config) == jax.local_devices()


def test_pick_devices_returns_the_first_devices():
    devices = first_devices(2)
    assert build.pick_devices(presets.preset("digits", devices=2)) == devices
