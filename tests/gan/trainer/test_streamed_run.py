"""Streamed runs equal runs in memory, also after kills."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import DataFailed
from minmax_jax.gan.config import presets
from minmax_jax.gan.data.streaming import order, plan
from minmax_jax.gan.run import checkpoint, run_folder
from minmax_jax.gan.trainer import inputs, train
from tests.devices import xla_flags
from tests.gan.data.image_files import write_classes

pytest.importorskip("grain", reason="needs the extra stream")
ROOT = Path(__file__).parents[3]
VALUES = {
    "width": 4,
    "latent_dim": 2,
    "batch_size": 8,
    "steps": 7,
    "log_every": 3,
    "checkpoint_every": 4,
    "steps_per_call": 2,
    "evaluate": 0,
    "stream_workers": 0,
}
ALTERNATING = {
    "optimizer": "adam_gda",
    "update_order": "discriminator-first",
    "max_steps": 3,
    "penalty": 1.0,
    "penalty_every": 4,
    "penalty_step": "separate",
}
CONDITIONAL = {"optimizer": "extra_adam", "conditional": True, "microbatches": 2, "devices": 1}


def run(folder, **values):
    return train.train(presets.preset("digits", out=str(folder), **{**VALUES, **values}))


def assert_same_state(one, other):
    known, found = checkpoint.flatten(one.state), checkpoint.flatten(other.state)
    for name, value in known.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


def assert_same(one, other):
    assert_same_state(one, other)
    assert untimed(one.metrics) == untimed(other.metrics)


def untimed(records):
    timing = ("seconds", "steps_per_second")
    return [{key: r[key] for key in r if key not in timing} for r in records]


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"optimizer": "sgda", "devices": 1}, id="one draw"),
        pytest.param(
            {"optimizer": "sgda", "devices": 8}, id="eight devices", marks=pytest.mark.slow
        ),
        pytest.param(CONDITIONAL, id="two draws and labels", marks=pytest.mark.slow),
        pytest.param(
            {**CONDITIONAL, "devices": 2, "parallel": "fsdp", "width": 16},
            id="divided state",
            marks=pytest.mark.slow,
        ),
        pytest.param(ALTERNATING, id="separate penalty", marks=pytest.mark.slow),
        pytest.param({"optimizer": "greedy_adam"}, id="traced draws", marks=pytest.mark.slow),
        pytest.param({"preset": "gaussians"}, id="vectors", marks=pytest.mark.slow),
    ],
)
def test_streamed_run_equals_one_in_memory(tmp_path, values):
    if values.get("devices", 1) > len(jax.devices()):
        pytest.skip("needs more devices")
    preset = values.pop("preset", None)
    values = {**values, **({"data": "gaussians"} if preset else {})}
    assert_same(run(tmp_path / "memory", **values), run(tmp_path / "s", stream=True, **values))


@pytest.mark.slow
def test_streamed_run_with_64_bit_integers_equals_memory(tmp_path):
    with jax.enable_x64(True):
        memory, streamed = (
            run(tmp_path / str(stream), optimizer="sgda", devices=1, stream=stream)
            for stream in (False, True)
        )
    assert_same(memory, streamed)


def test_order_that_differs_from_memory_is_noted():
    notes = []
    inputs._note_other_order(notes.append)
    assert notes == []
    with jax.default_prng_impl("rbg"):
        inputs._note_other_order(notes.append)
    with jax.threefry_partitionable(False):
        inputs._note_other_order(notes.append)
    assert "JAX is set to rbg, jax_threefry_partitionable=True" in notes[0]
    assert "JAX is set to threefry2x32, jax_threefry_partitionable=False" in notes[1]


@pytest.mark.slow
def test_run_changes_to_streaming_when_it_resumes(tmp_path):
    whole = run(tmp_path / "whole", optimizer="sgda")
    run(tmp_path / "part", optimizer="sgda", steps=4)
    known = run_folder.read(tmp_path / "part").data
    assert_same_state(whole, run(tmp_path / "part", optimizer="sgda", stream=True))
    assert run_folder.read(tmp_path / "part").data == known  # The checksum of all pixels.


def test_broken_image_ends_a_run_with_its_state_saved(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(plan, "_MAX_STEPS", 2)  # Windows of two steps.
    write_classes(tmp_path / "set", classes=2, count=10, size=(8, 8))
    streaming = data_lib.Streaming(always=True, workers=0)
    images = data_lib.load(str(tmp_path / "set"), streaming=streaming).images
    batches = [order.batch_rows(0, step, 0, np.arange(2), len(images)) for step in range(7)]
    late = next(int(row) for row in batches[4] if not np.isin(row, batches[:4]))
    path = Path(images.rows.name(int(images.chosen[late])))
    # With the size and time of the file, the held-out images stay the same.
    status = path.stat()
    path.write_bytes(b"-" * status.st_size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    values = {"data": str(tmp_path / "set"), "stream": True, "batch_size": 2, "optimizer": "sgda"}
    with pytest.raises(DataFailed, match=f"{path} cannot be decoded.*checkpoint on disk is step 4"):
        run(tmp_path / "run", devices=1, **values)


COMMAND = [
    *(sys.executable, "-m", "minmax_jax.gan.cli", "train", "--preset", "digits", "--stream"),
    *("--optimizer", "extra_adam", "--width", "8", "--latent-dim", "4", "--batch-size", "16"),
    *("--steps", "400", "--steps-per-call", "7", "--log-every", "10", "--checkpoint-every", "25"),
    *("--evaluate", "0", "--devices", "1"),
]


def start(folder, *flags):
    environment = {
        **os.environ,
        "XLA_FLAGS": xla_flags(),
        "JAX_ENABLE_COMPILATION_CACHE": "1",
        "JAX_COMPILATION_CACHE_DIR": str(folder.parent / "programs"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    return subprocess.Popen(
        [*COMMAND, *flags, "--out", str(folder)],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def final(folder):
    step, values = checkpoint.Checkpoints(folder / "checkpoints", pytest.fail).restore()
    assert step == 400
    return values


def wait_for(process, folder, step):
    deadline = time.monotonic() + 300
    while (run_folder.read_metrics(folder) or [{"step": 0}])[-1]["step"] < step:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def descendants(process):
    """Returns the processes of the session of a process."""
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            fields = (path / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == process.pid and fields[0] != "Z":
            found.add(int(path.name))
    return found


def assert_all_ended(process):
    deadline = time.monotonic() + 60
    while left := descendants(process):
        assert time.monotonic() < deadline, f"processes outlive the run: {left}"
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed_run_resumes_bitwise_with_any_workers(tmp_path, number):
    whole = start(tmp_path / "whole", "--stream-workers", "0")
    _, errors = whole.communicate(timeout=600)
    assert whole.returncode == 0, errors
    for step, workers in ((60, "1"), (180, "2")):
        process = start(tmp_path / "killed", "--stream-workers", workers)
        wait_for(process, tmp_path / "killed", step)
        if number == signal.SIGKILL:
            process.kill()
        else:  # A terminal and Slurm send it to all processes, also to the workers.
            os.killpg(process.pid, number)
        _, errors = process.communicate(timeout=120)
        assert "Traceback" not in errors, errors
        assert process.returncode == {signal.SIGKILL: -9, signal.SIGTERM: 143}.get(number, 130)
        assert_all_ended(process)
    process = start(tmp_path / "killed", "--stream-workers", "0")
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    known, found = final(tmp_path / "whole"), final(tmp_path / "killed")
    for name, value in known.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)
    records = (run_folder.read_metrics(tmp_path / name) for name in ("whole", "killed"))
    assert len({str(untimed(record)) for record in records}) == 1


@pytest.mark.slow
def test_two_processes_read_their_own_examples(tmp_path):
    flags = ["--steps", "40", "--stream-workers", "0", "--devices", "0"]
    environment = "--xla_force_host_platform_device_count="
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    def begin(name, devices, *more):
        return subprocess.Popen(
            [*COMMAND, *flags, "--out", str(tmp_path / name), *more],
            cwd=ROOT,
            env={**os.environ, "XLA_FLAGS": f"{environment}{devices}"},
            stderr=subprocess.PIPE,
            text=True,
        )

    several = ["--coordinator", f"127.0.0.1:{port}", "--num-processes", "2", "--process-id"]
    processes = [begin("both", 1, *several, str(index)) for index in range(2)]
    processes.append(begin("one", 2))
    for process in processes:
        _, errors = process.communicate(timeout=900)
        assert process.returncode == 0, errors
    both, one = (
        checkpoint.Checkpoints(tmp_path / name / "checkpoints", pytest.fail).restore()[1]
        for name in ("both", "one")
    )
    for name, value in one.items():
        np.testing.assert_allclose(both[name], value, rtol=1e-4, atol=1e-5, err_msg=name)
