"""Interrupted and resumed runs are bit-for-bit identical to an uninterrupted run."""

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from minmax_jax.gan.run import checkpoint, lock, run_folder
from tests.devices import xla_flags

STEPS = 600
COMMAND = [
    sys.executable,
    "-c",
    "from minmax_jax.gan.cli.main import main; raise SystemExit(main())",
]
FLAGS = [
    "train",
    "--preset",
    "digits",
    "--optimizer",
    "ada_nsgda",
    "--width",
    "16",
    "--latent-dim",
    "4",
    "--batch-size",
    "16",
    "--steps",
    str(STEPS),
    "--steps-per-call",
    "7",
    "--log-every",
    "10",
    "--checkpoint-every",
    "25",
    "--evaluate",
    "0",
    "--devices",
    "1",
]


def start(folder, *flags, cache=None):
    # All processes share a cache of compiled programs, so that each starts faster.
    cached = {
        "JAX_ENABLE_COMPILATION_CACHE": "1",
        "JAX_COMPILATION_CACHE_DIR": str((cache or folder.parent) / "programs"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    environment = {**os.environ, "XLA_FLAGS": xla_flags(), **cached}
    return subprocess.Popen(
        [*COMMAND, *FLAGS, *flags, "--out", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def finish(process):
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    return errors


def last_step(folder):
    records = run_folder.read_metrics(folder)
    return records[-1]["step"] if records else 0


def wait_for(process, folder, step):
    """Returns when the run has logged `step`."""
    deadline = time.monotonic() + 120
    while last_step(folder) < step:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline, "the run makes no progress"
        time.sleep(0.02)


def signal_after(process, folder, step, number):
    """Sends a signal after the process has logged `step`."""
    wait_for(process, folder, step)
    assert process.poll() is None, "the run ended before the signal"
    process.send_signal(number)


@pytest.fixture
def started():
    """Processes of a test, which are killed at its end."""
    processes = []
    yield processes
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """Folder of the uninterrupted run."""
    folder = tmp_path_factory.mktemp("resume") / "uninterrupted"
    finish(start(folder))
    return folder


def final(folder):
    step, values = checkpoint.Checkpoints(folder / "checkpoints", pytest.fail).restore()
    assert step == STEPS
    return values


def untimed(folder):
    timing = ("seconds", "steps_per_second")
    return [
        {name: value for name, value in record.items() if name not in timing}
        for record in run_folder.read_metrics(folder)
    ]


def assert_same_run(folder, uninterrupted):
    expected, found = final(uninterrupted), final(folder)
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)
        assert found[name].dtype == value.dtype
    assert untimed(folder) == untimed(uninterrupted)
    assert [r["step"] for r in untimed(uninterrupted)] == list(range(10, STEPS + 1, 10))


@pytest.mark.slow
def test_killed_run_resumes_when_no_other_process_holds_its_lock(uninterrupted, started):
    folder = uninterrupted.parent / "killed"
    started.append(start(folder))
    signal_after(started[-1], folder, 60, signal.SIGKILL)
    started[-1].communicate()
    assert (folder / "run.lock").exists()
    with lock.hold(folder):  # It takes the lock of the killed process over at once.
        started.append(start(folder))
        _, errors = started[-1].communicate(timeout=240)
    assert started[-1].returncode == 2 and "Traceback" not in errors
    holder = f"process {os.getpid()} on {socket.gethostname()} is writing to this folder"
    assert holder in errors.splitlines()[-1]
    started.append(start(folder))
    assert "resuming" in finish(started[-1])
    assert_same_run(folder, uninterrupted)


@pytest.mark.slow
def test_resume_after_sigterm_is_bitwise_identical(uninterrupted, started):
    folder = uninterrupted.parent / "terminated"
    started.append(start(folder))
    signal_after(started[-1], folder, 60, signal.SIGTERM)
    _, errors = started[-1].communicate(timeout=120)
    assert started[-1].returncode == 143, errors
    line = errors.splitlines()[-1]
    step = int(line.removeprefix("minmax-jax: SIGTERM: saved at step ").split(";")[0])
    assert 60 <= step < STEPS and "Traceback" not in errors
    assert checkpoint.Checkpoints(folder / "checkpoints", pytest.fail).restore()[0] == step
    started.append(start(folder))
    assert f"at step {step}" in finish(started[-1])
    assert_same_run(folder, uninterrupted)


@pytest.mark.slow
def test_second_sigterm_exits_during_a_long_call():
    code = (
        "import hashlib\n"
        "from minmax_jax.gan.multihost.termination import Termination\n"
        "with Termination():\n"
        "    print('ready', flush=True)\n"
        "    hashlib.pbkdf2_hmac('sha256', b'a', b'b', 2**31 - 1)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
    finally:
        process.kill()
        process.communicate()


def assert_stopped_by_the_disk(process, folder, reason):
    """Asserts exit code 4, a one-line message and a valid checkpoint; returns its step."""
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 4, errors
    line = errors.splitlines()[-1]
    assert line.startswith("minmax-jax: ") and reason in line and "Traceback" not in errors
    return checkpoint.Checkpoints(folder / "checkpoints", pytest.fail).restore()[0]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="requires prlimit")
def test_resume_after_file_size_limit_is_bitwise_identical(uninterrupted, started):
    folder = uninterrupted.parent / "limited"
    started.append(start(folder))
    wait_for(started[-1], folder, 100)
    resource.prlimit(started[-1].pid, resource.RLIMIT_FSIZE, (64, 64))
    assert assert_stopped_by_the_disk(started[-1], folder, "File too large") >= 50
    started.append(start(folder))
    finish(started[-1])
    assert_same_run(folder, uninterrupted)


@pytest.fixture
def small_disk(tmp_path):
    """Folder on a file system of one megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("requires the right to mount a file system")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.slow
def test_resume_after_full_disk_is_bitwise_identical(uninterrupted, started, small_disk):
    folder = small_disk / "run"
    started.append(start(folder, "--keep", "1000", cache=uninterrupted.parent))
    assert assert_stopped_by_the_disk(started[-1], folder, "No space left on device") < STEPS
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    started.append(start(folder, cache=uninterrupted.parent))
    finish(started[-1])
    assert_same_run(folder, uninterrupted)


def test_resume_before_truncated_checkpoint_is_bitwise_identical(tmp_path):
    from minmax_jax.gan.config import presets
    from minmax_jax.gan.trainer import train

    config = presets.preset(
        "digits",
        optimizer="sgda",
        width=8,
        latent_dim=4,
        batch_size=16,
        steps=30,
        evaluate=0,
        log_every=10,
        checkpoint_every=10,
        out=str(tmp_path / "run"),
        devices=1,
    )
    whole = train.train(config)
    path = tmp_path / "run" / "checkpoints" / "30.npz"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    messages = Notes()
    again = train.train(config, progress=messages)
    assert "checkpoint 30 is corrupt" in messages.text
    assert "at step 20" in messages.text
    for one, other in zip(
        checkpoint.flatten(whole.state).values(),
        checkpoint.flatten(again.state).values(),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)
    assert [record["step"] for record in again.metrics] == [10, 20, 30]


class Notes:
    """Progress that only records its notes."""

    def __init__(self):
        self.text = ""

    def note(self, message):
        self.text += message + "\n"

    def start_clock(self, step):
        pass

    def update(self, step, record, now):
        return 1.0

    def close(self):
        pass
