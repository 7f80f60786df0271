"""Tests of compiled functions of a run."""

import numpy as np

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
    config = presets.preset("gaussians", width=2, batch_size=4, steps_per_call=5)
    devices = first_devices(1)
    data = config.data.load()
    game, optimizer = build.build_game(config, data, 1)
    program = program_lib.compile_program(game, optimizer, config, devices)
    state = program.place(program.init())
    images = data_lib.put_on_devices(data, devices)
    program.advance.lower(state, images, np.uint32(0), np.int32(5))
    assert len(traces) == 1
