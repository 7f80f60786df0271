"""Training of the published presets at a small width."""

import shutil

import jax
import numpy as np
import pytest

from minmax_jax import gan
from minmax_jax.gan.data.registry import DATA_SETS
from minmax_jax.gan.training import program
from tests.gan.conftest import small_data

FAMILIES = {
    "as_published": {},
    "simultaneous": {"max_steps": 1, "update_order": "simultaneous"},
    "extrapolating": {"optimizer": "extra_adam", "max_steps": 1, "update_order": "auto"},
    "greedy": {"optimizer": "greedy_adam", "max_steps": 1, "update_order": "auto"},
    "competitive": {"optimizer": "competitive", "max_steps": 1, "update_order": "auto"},
}
PRESETS = ("cifar10-cgan-pd", "cifar10-r3gan", "cifar10-r3gan-small", "cifar10-sngan")
SMALL = {
    "latent_dim": 3, "batch_size": 8, "evaluate": 0, "log_every": 25,
    "checkpoint_every": 25, "steps_per_call": 25, "devices": 1,
}  # fmt: skip


@pytest.fixture(autouse=True)
def noise(monkeypatch):
    for side in (8, 32):
        data = small_data((side, side, 3))
        monkeypatch.setitem(DATA_SETS._registered, f"noise{side}", lambda data=data, **_: data)


@pytest.fixture
def compiled_once(monkeypatch):
    """Lets runs of one configuration share their compiled functions, which takes half the time."""
    programs, compile_program = {}, program.compile_program

    def shared(game, optimizer, config, devices):
        key = str(config.replace(out=""))
        if key not in programs:
            programs[key] = compile_program(game, optimizer, config, devices)
        return programs[key]

    monkeypatch.setattr(program, "compile_program", shared)


def config(name, folder, **fields):
    """Returns a small run with the smallest images of the network; schedules last 50 updates."""
    small_net = (
        {"data": "noise8", "width": 2} if "r3gan" in name else {"data": "noise32", "width": 1}
    )
    small = gan.preset(name, **{**SMALL, **small_net, **fields}, out=str(folder))
    schedules = {
        key: ":".join([*text.split(":")[:2], "50"]) for key, text in small.schedules.values.items()
    }
    return small.replace(schedule=schedules)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", PRESETS)
def test_preset_trains_and_resumes_bit_for_bit(name, family, tmp_path, compiled_once):
    """The second run starts from the first run's checkpoint at step 25."""
    fields = {**FAMILIES[family], "steps": 50}
    whole = gan.train(config(name, tmp_path / "whole", **fields))
    shutil.copytree(whole.folder, tmp_path / "parts")
    (tmp_path / "parts" / "checkpoints" / "50.npz").unlink()
    parts = gan.train(config(name, tmp_path / "parts", **fields))
    assert whole.state.step == parts.state.step == 50
    assert [record["step"] for record in parts.metrics] == [25, 50]
    jax.tree.map(np.testing.assert_array_equal, whole.state, parts.state)
    assert all(np.isfinite(record["loss_max"]) for record in whole.metrics)


@pytest.mark.slow
@pytest.mark.parametrize("name", PRESETS)
def test_preset_on_eight_devices_agrees_with_one(name, tmp_path):
    """In float32, three updates agree to rounding, which Adam's first steps enlarge."""
    fields = {"steps": 3, "compute_dtype": "float32", "steps_per_call": 1, "log_every": 1}
    one, eight = (
        gan.train(config(name, tmp_path / str(devices), **fields, devices=devices))
        for devices in (1, 8)
    )
    losses = [[record["loss_max"] for record in run.metrics] for run in (one, eight)]
    np.testing.assert_allclose(*losses, rtol=1e-4, atol=1e-4)
    assert losses[0][0] != losses[0][2]
