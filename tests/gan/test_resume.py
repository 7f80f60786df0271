"""A run killed again and again ends in the same bits as the run that was never killed."""

import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from minmax_jax.gan import checkpoint, rundir

STEPS, KILLS = 600, 5
COMMAND = [sys.executable, "-c", "from minmax_jax.gan.cli import main; raise SystemExit(main())"]
FLAGS = [
    "train", "--preset", "digits", "--optimizer", "ada_nsgda", "--width", "16", "--latent-dim", "4",
    "--batch-size", "16", "--steps", str(STEPS), "--steps-per-call", "7", "--log-every", "10",
    "--checkpoint-every", "25", "--evaluate", "0", "--devices", "1",
]  # fmt: skip


def start(folder):
    # A cache of compiled programs: the same ones, without the wait for each process.
    cache = {
        "JAX_COMPILATION_CACHE_DIR": str(folder.parent / "programs"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    environment = {**os.environ, "XLA_FLAGS": "", **cache}
    return subprocess.Popen(
        [*COMMAND, *FLAGS, "--out", str(folder)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip


def finish(process):
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    return errors


def last_step(folder):
    records = rundir.read_metrics(folder)
    return records[-1]["step"] if records else 0


def kill_after(process, folder, step, pause):
    """Kills the process `pause` seconds after it has logged `step`; returns the last step seen."""
    deadline = time.monotonic() + 120
    while last_step(folder) < step:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline, "the run makes no progress"
        time.sleep(0.02)
    time.sleep(pause)
    assert process.poll() is None, "the run ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return last_step(folder)


@pytest.fixture
def started():
    """The processes of a test, none of which outlives it."""
    processes = []
    yield processes
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.communicate()


def final(folder):
    step, values = checkpoint.Checkpoints(folder / "checkpoints", pytest.fail).restore()
    assert step == STEPS
    return values


def untimed(folder):
    timing = ("seconds", "steps_per_second")
    return [
        {name: value for name, value in record.items() if name not in timing}
        for record in rundir.read_metrics(folder)
    ]


@pytest.mark.slow
def test_killed_runs_end_in_the_bits_of_the_run_never_killed(tmp_path, started):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    started.append(start(whole))
    finish(started[-1])
    chance = random.Random(0)
    seen = 0
    for _ in range(KILLS):
        # Anywhere in the run's next tenth, at any moment of a call, a line or a checkpoint.
        target = min(seen + chance.randrange(10, STEPS // 10), STEPS - 100)
        started.append(start(killed))
        seen = kill_after(started[-1], killed, target, chance.uniform(0, 0.05))
    started.append(start(killed))
    errors = finish(started[-1])
    assert "resuming" in errors and seen < STEPS

    expected, found = final(whole), final(killed)
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)
        assert found[name].dtype == value.dtype
    assert untimed(killed) == untimed(whole)
    assert [r["step"] for r in untimed(whole)] == list(range(10, STEPS + 1, 10))


def test_half_written_newest_checkpoint_falls_back_and_ends_in_the_same_bits(tmp_path):
    from minmax_jax.gan import presets, trainer

    config = presets.preset(
        "digits", optimizer="sgda", width=8, latent_dim=4, batch_size=16, steps=30, evaluate=0,
        log_every=10, checkpoint_every=10, out=str(tmp_path / "run"), devices=1,
    )  # fmt: skip
    whole = trainer.train(config)
    for path in (tmp_path / "run" / "checkpoints" / "30").rglob("*"):
        if path.is_file() and path.name != "files.json":
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    messages = Notes()
    again = trainer.train(config, progress=messages)
    assert "checkpoint 30 is damaged" in messages.text
    assert "at step 20" in messages.text
    for one, other in zip(
        checkpoint.flatten(whole.state).values(),
        checkpoint.flatten(again.state).values(),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)
    assert [record["step"] for record in again.metrics] == [10, 20, 30]


class Notes:
    """A progress line that only keeps its notes."""

    def __init__(self):
        self.text = ""

    def note(self, message):
        self.text += message + "\n"

    def begin(self, step):
        pass

    def update(self, step, record):
        return 1.0

    def close(self):
        pass
