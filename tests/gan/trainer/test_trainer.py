import json

import jax
import numpy as np
import pytest
from PIL import Image

from minmax_jax import gan
from minmax_jax.gan.config import presets
from minmax_jax.gan.data import dataset as data_lib
from minmax_jax.gan.evaluation import evaluator
from minmax_jax.gan.run import checkpoint
from minmax_jax.gan.trainer import train
from minmax_jax.gan.training import build

SMALL = {"width": 8, "latent_dim": 4, "batch_size": 16, "log_every": 4, "checkpoint_every": 8,
         "evaluate": 0, "devices": 1}  # fmt: skip


def small(folder, **fields):
    preset = fields.pop("preset", "digits")
    return presets.preset(preset, **{**SMALL, "out": str(folder), **fields})


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture)


def same(one, other):
    one, other = checkpoint.flatten(one), checkpoint.flatten(other)
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_a_run_leaves_everything_it_promises(tmp_path):
    run = gan.train(small(tmp_path / "run", steps=12))
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {
        "config.json", "metrics.jsonl", "samples.png", "curves.png", "summary.json", "checkpoints"
    }  # fmt: skip
    assert [record["step"] for record in run.metrics] == [4, 8, 12]
    assert json.loads((run.folder / "summary.json").read_text()) == run.summary
    assert int(run.state.step) == run.summary["step"] == 12
    picture = pixels(run.folder / "samples.png")
    assert picture.ndim == 2 and picture.shape[0] == picture.shape[1] and picture.std() > 0


@pytest.mark.slow
def test_a_longer_run_continues_bit_for_bit(tmp_path):
    short = small(tmp_path / "a", steps=10, network="dcgan")
    gan.train(short)
    extended = gan.train(short.replace(steps=16))
    whole = gan.train(small(tmp_path / "b", steps=16, network="dcgan"))
    same(extended.state, whole.state)


def test_a_finished_run_is_reported_again_without_training(tmp_path, monkeypatch):
    config = small(tmp_path, steps=8)
    first = gan.train(config)
    monkeypatch.setattr(train.program_lib, "compile_program", lambda *_: None)
    second = gan.train(config)
    same(first.state, second.state)
    assert second.metrics == first.metrics and second.summary == first.summary


@pytest.mark.parametrize(("before", "after"), [pytest.param(4, 1, marks=pytest.mark.slow), (1, 4)])
def test_a_run_moves_to_other_devices(tmp_path, before, after):
    gan.train(small(tmp_path / "a", steps=8, optimizer="sgda", devices=before))
    moved = gan.train(small(tmp_path / "a", steps=12, optimizer="sgda", devices=after))
    alone = gan.train(small(tmp_path / "b", steps=12, optimizer="sgda", devices=before))
    assert [record["step"] for record in moved.metrics] == [4, 8, 12]
    gaps = jax.tree.map(
        lambda a, b: np.max(np.abs(a - b)), moved.state.players, alone.state.players
    )
    assert max(jax.tree.leaves(gaps)) < 1e-5


def test_calls_end_where_a_line_or_a_checkpoint_is_due():
    config = small("unused", steps=50, log_every=10, checkpoint_every=25)
    ends, done = [], 0
    while done < 50:
        done = train.next_stop(done, config, 7)
        ends.append(done)
    assert ends == [7, 10, 14, 20, 21, 25, 28, 30, 35, 40, 42, 49, 50]
    assert train.next_stop(10, config, 1) == 11


def test_quality_is_measured_once_and_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluator, "REFERENCE", 500)
    config = small(tmp_path, steps=4, preset="gaussians", evaluate=300)
    run = gan.train(config)
    lines = [record for record in run.metrics if "modes_covered" in record]
    assert len(lines) == 1 and lines[0]["num_samples"] == 300 and lines[0]["step"] == 4
    assert 0 <= lines[0]["high_quality_share"] <= 1
    assert gan.train(config).metrics == run.metrics
    assert pixels(tmp_path / "samples.png").std() > 0


def test_sampling_a_run_is_repeatable_and_each_seed_is_another(tmp_path):
    run = gan.train(small(tmp_path, steps=4))
    images = gan.sample(run.folder, 10)
    assert images.shape == (10, 8, 8, 1) and images.dtype == np.uint8
    np.testing.assert_array_equal(images, gan.sample(run.folder, 10))
    np.testing.assert_array_equal(images[:3], gan.sample(run.folder, 3))
    assert not np.array_equal(images, gan.sample(run.folder, 10, seed=1))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"devices": 99}, "this machine shows 8"),
        ({"devices": 3}, "batch_size=16 cannot be shared by 3 devices"),
        ({"microbatches": 3}, "microbatches=3 does not divide the 16 examples of one device"),
        ({"network": "resnet"}, r"network=resnet: .*\(32, 32, channels\)"),
        ({"batch_size": 10**6}, "has 1[0-9]+ examples"),
        ({"optimizer": "ada_nsgda", "options": {"scope": "layers"}}, "scope"),
        ({"optimizer": "ada_nsgda", "options": {"b2": "much"}}, "b2"),
    ],
)
def test_what_cannot_be_trained_is_one_line_and_writes_nothing(tmp_path, fields, message):
    with pytest.raises(gan.ConfigError, match=message) as error:
        gan.train(small(tmp_path / "run", steps=4, **fields))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


def test_an_optimizer_of_both_players_cannot_alternate_and_says_so(tmp_path):
    config = small(tmp_path / "run", steps=4, optimizer="extragradient", max_steps=2)
    with pytest.raises(gan.ConfigError, match=r"max_steps=2 needs a rule .* one player") as error:
        gan.train(config)
    assert "\n" not in str(error.value)


def test_unknown_data_is_one_line_and_writes_nothing(tmp_path):
    with pytest.raises(data_lib.DataError) as error:
        gan.train(small(tmp_path / "run", steps=4, data=str(tmp_path / "nowhere")))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


def test_folder_is_named_after_the_run_unless_given():
    config = presets.preset("digits", optimizer="sgda", seed=3)
    assert str(train.out_folder(config)) == "runs/digits-sgda-s3"
    assert str(train.out_folder(config.replace(out="here"))) == "here"


def test_all_local_devices_serve_by_default():
    config = presets.preset("digits")
    assert build.pick_devices(config) == jax.local_devices()
    assert build.pick_devices(config.replace(devices=2)) == jax.local_devices()[:2]
