"""Tests of compiled functions of a run."""

import numpy as np
import pytest

from benchmarks.noise import make_noise
from minmax_jax.gan import data as data_lib
from minmax_jax.gan.config import presets
from minmax_jax.gan.training import build
from minmax_jax.gan.training import program as program_lib
from minmax_jax.gan.training import step as step_lib
from tests.devices import first_devices


def test_loop_of_steps_traces_the_step_once(monkeypatch):
    traces, train_step = [], step_lib.train_step
    monkeypatch.setattr(
        step_lib, "train_step", lambda *args, **kw: traces.append(None) or train_step(*args, **kw)
    )
    lowered("mlp", 1)
    assert len(traces) == 1


def lowered(network, num_devices):
    """Returns `advance` of a small run, lowered for a number of devices."""
    config = presets.preset("gaussians", width=2, batch_size=4, steps_per_call=5)
    data = config.data.load()
    if network != "mlp":
        options = {"network": network, "width": 2, "latent_dim": 2, "batch_size": 4}
        config = presets.preset("digits", **options, steps_per_call=5)
        data = make_noise(8, 8, 1)
    devices = first_devices(num_devices)
    game, optimizer = build.build_game(config, data, num_devices)
    program = program_lib.compile_program(game, optimizer, config, devices)
    state = program.place(program.init())
    images = data_lib.put_on_devices(data, devices)
    return program.advance.lower(state, images, np.uint32(0), np.int32(5))


@pytest.mark.parametrize("network", ["mlp", "dcgan"])
def test_step_on_one_device_has_no_collectives(network):
    """XLA's CPU backend would copy what a collective of one device sends."""
    assert "all_reduce" not in lowered(network, 1).as_text()
    assert "all_reduce" in lowered(network, 2).as_text()


def test_call_without_steps_reports_skipped_updates():
    fields = {"width": 2, "batch_size": 4, "steps_per_call": 5, "on_nonfinite": "skip"}
    config = presets.preset("gaussians", **fields)
    data, devices = config.data.load(), first_devices(1)
    game, optimizer = build.build_game(config, data, 1)
    program = program_lib.compile_program(game, optimizer, config, devices)
    state = program.init()
    state = state._replace(nonfinite=state.nonfinite._replace(skipped=np.int32(3)))
    images = data_lib.put_on_devices(data, devices)
    _, quantities = program.advance(program.place(state), images, np.uint32(0), np.int32(0))
    found = program.read(quantities)
    assert found["skipped"] == found["nonfinite"].skipped == 3
