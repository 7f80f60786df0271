"""Steps that are repeated in blocks give the same results as single steps."""

import jax
import numpy as np
import pytest

from minmax_jax import gan
from minmax_jax.gan.data.streaming.window import Window
from minmax_jax.gan.training import blocks, build
from minmax_jax.gan.training import program as program_lib
from minmax_jax.gan.training import step as step_lib
from tests.devices import first_devices

SMALL = {"width": 4, "batch_size": 8}


def make(devices, block, monkeypatch, **fields):
    """Returns configuration, data, program and inputs of a small run with blocks of a length."""
    monkeypatch.setattr(blocks, "length", lambda *args: block)
    config = gan.preset("gaussians", **SMALL, **fields)
    data = gan.load_data(config.data.source)
    game, optimizer = build.build_game(config, data, len(devices))
    program = program_lib.compile_program(game, optimizer, config, devices)
    images = gan.put_on_devices(data, devices)
    return program, (images, np.uint32(0))


def ends(program, inputs, until):
    """Returns state and quantities after calls that end at the given steps."""
    state = program.place(program.init())
    for step in until:
        state, quantities = program.advance(state, *inputs, np.int32(step))
    return jax.device_get((program.read(state), program.read(quantities)))


@pytest.mark.parametrize("optimizer", ["adam_gda", "greedy_adam"])
@pytest.mark.parametrize("policy", ["stop", "skip"])
def test_blocks_have_the_bits_of_single_steps(optimizer, policy, monkeypatch):
    fields = {"optimizer": optimizer, "on_nonfinite": policy}
    devices = first_devices(1)
    expected = ends(*make(devices, 1, monkeypatch, **fields), [23])
    for until in ([23], [4, 5, 23], [10, 20, 23]):
        found = ends(*make(devices, 10, monkeypatch, **fields), until)
        jax.tree.map(np.testing.assert_array_equal, found, expected)


@pytest.mark.parametrize("parallel", ["pmap", "fsdp"])
def test_blocks_on_two_devices(parallel, monkeypatch):
    devices = first_devices(2)
    expected = ends(*make(devices, 1, monkeypatch, parallel=parallel), [7])
    found = ends(*make(devices, 5, monkeypatch, parallel=parallel), [7])
    jax.tree.map(np.testing.assert_array_equal, found, expected)


def test_step_of_a_block_is_traced_once(monkeypatch):
    traces, train_step = [], step_lib.train_step
    monkeypatch.setattr(
        step_lib, "train_step", lambda *args, **kw: traces.append(None) or train_step(*args, **kw)
    )
    program, inputs = make(first_devices(1), 10, monkeypatch)
    program.advance.lower(program.place(program.init()), *inputs, np.int32(1))
    assert len(traces) == 1


def test_sweeps_in_blocks_have_the_bits_of_single_steps(monkeypatch, tmp_path):
    config = gan.preset("gaussians", **SMALL, steps=8, evaluate=0, log_every=4)
    grid = gan.Grid(("adam_gda",), seeds=(0, 1))
    found = []
    for block in (1, 5):
        monkeypatch.setattr(blocks, "length", lambda *args, block=block: block)
        out = tmp_path / str(block)
        gan.sweep(config, grid, out=out, vmap="on", score="loss_min", note=len)
        paths = sorted(out.rglob("metrics.jsonl"))
        records = [record for path in paths for record in gan.read_metrics(path.parent)]
        found.append([record["update_norm_min"] for record in records])
    assert len(found[0]) >= 4 and found[0] == found[1]


def test_length_divides_calls_and_intervals():
    config = gan.preset("gaussians", **SMALL)
    data = gan.load_data(config.data.source)
    game, _ = build.build_game(config, data, 1)

    def length(platform="gpu", steps_per_call=50, **fields):
        return blocks.length(game, config.replace(**fields), platform, steps_per_call)

    assert length() == 10
    assert length("cpu") == length("tpu") == length(steps_per_call=1) == length(log_every=7) == 1
    assert length(log_every=25) == length(checkpoint_every=15) == length(steps_per_call=5) == 5
    assert length(evaluate_every=4, evaluate=100) == length(sample_every=8) == 2
    assert length(optimizer="greedy_adam") == length(batch_size=2**24) == 1


def test_steps_of_a_window_are_not_in_blocks():
    """A window has no data for steps beyond the condition."""
    window = Window(np.zeros(2), None, None, np.int32(0), layout=None)
    counts = []

    def step_fn(state, *more):
        counts.append(len(more))
        return state + 1, {"norm": state * 1.0}

    state, _ = blocks.repeat(step_fn, lambda state: state < 7, np.int32(0), (window,), 10)
    assert state == 7 and set(counts) == {1}
