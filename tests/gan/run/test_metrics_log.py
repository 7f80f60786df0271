"""Records are written one late, in order, and before each checkpoint."""

import io
import json
import threading

import jax.numpy as jnp
import pytest

from minmax_jax import parallel
from minmax_jax.gan.config import presets
from minmax_jax.gan.run import checkpoint_manager, metrics_log, progress, run_folder
from minmax_jax.gan.trainer import train
from tests.devices import up_to_devices

DEVICES = up_to_devices(2)


class Shown:
    """Progress that records the steps it has shown."""

    def __init__(self):
        self.steps = []

    def start_clock(self, step):
        pass

    def update(self, step, record, now):
        self.steps.append(step)
        return 2.0

    def note(self, message):
        pass

    def close(self):
        pass


def values(loss):
    return parallel.replicate({"loss_min": jnp.float32(loss), "unknown": jnp.zeros(())}, DEVICES)


def test_record_is_written_when_next_one_arrives(tmp_path):
    shown = Shown()
    log = metrics_log.MetricsLog(tmp_path, shown)
    log.start_clock(0)
    for step in (10, 20, 30):
        log.add(step, values(step / 10))
        assert shown.steps == list(range(10, step, 10))
    log.flush()
    log.flush()
    records = run_folder.read_metrics(tmp_path)
    assert [(r["step"], r["loss_min"]) for r in records] == [(10, 1.0), (20, 2.0), (30, 3.0)]
    assert all("unknown" not in r and r["steps_per_second"] == 2.0 for r in records)


def test_add_does_not_wait_for_values(tmp_path):
    """Values that are not ready yet are read when the next record arrives."""

    class Unready:
        asked = 0

        def copy_to_host_async(self):
            pass

        def __float__(self):
            Unready.asked += 1
            return 1.0

    log = metrics_log.MetricsLog(tmp_path, Shown())
    log._of_one_device = lambda values: {"loss_min": Unready()}
    log.add(1, {})
    assert Unready.asked == 0
    log.add(2, {})
    assert Unready.asked == 1


class Clock(threading.local):
    """A clock per thread: the host's own, and in other threads the time of what they wait for."""

    now = 0.0

    def monotonic(self):
        return self.now

    def wait_until(self, time):
        self.now = max(self.now, time)


class Scalar:
    """A value that a simulated device has computed at the time `ready`."""

    def __init__(self, clock, ready):
        self.clock, self.ready = clock, ready

    def copy_to_host_async(self):
        pass

    def block_until_ready(self):
        self.clock.wait_until(self.ready)

    def __float__(self):
        self.block_until_ready()
        return 1.0


QUANTITIES = ("loss_min", "loss_max", "update_norm_ratio")


@pytest.mark.parametrize("host_waits", [False, True], ids=["asynchronous", "call_blocks"])
def test_speed_is_right_after_checkpoints_and_evaluations(tmp_path, monkeypatch, host_waits):
    """A device makes 800 steps per second; the host logs, saves and evaluates in between."""
    clock, stream = Clock(), io.StringIO()
    monkeypatch.setattr(metrics_log.time, "monotonic", clock.monotonic)
    shown = progress.Progress(2000, stream)
    log = metrics_log.MetricsLog(tmp_path, shown)
    log._of_one_device = lambda values: values
    log.start_clock(0)
    ready = 0.0
    for step in range(100, 2001, 100):
        ready = max(ready, clock.now) + 100 / 800
        if host_waits:
            clock.wait_until(ready)
        log.add(step, {name: Scalar(clock, ready) for name in QUANTITIES})
        if step % 400 == 0:
            log.flush()
            clock.now += 0.01  # The state of a checkpoint is copied.
        if step % 1000 == 0:
            with log.paused(step):
                clock.now += 30.0
    log.flush()
    records = run_folder.read_metrics(tmp_path)
    assert [record["step"] for record in records] == list(range(100, 2001, 100))
    assert all(record["steps_per_second"] == pytest.approx(800, rel=0.1) for record in records)
    assert records[-1]["seconds"] == pytest.approx(2000 / 800 + 5 * 0.01, abs=0.02)
    assert 720 < float(stream.getvalue().splitlines()[-1].split()[2]) <= 800


def test_record_is_not_written_without_permission(tmp_path):
    def refuse():
        raise PermissionError

    log = metrics_log.MetricsLog(tmp_path, Shown(), refuse)
    log.add(10, values(1))
    with pytest.raises(PermissionError):
        log.flush()
    assert run_folder.read_metrics(tmp_path) == []


def test_seconds_continue_in_a_resumed_run(tmp_path):
    run_folder.append_metrics(tmp_path, {"step": 5, "seconds": 100.0})
    log = metrics_log.MetricsLog(tmp_path, Shown())
    log.start_clock(5)
    log.add(6, values(0))
    log.flush()
    assert run_folder.read_metrics(tmp_path)[-1]["seconds"] >= 100.0


def test_records_are_on_disk_before_their_checkpoint(tmp_path, monkeypatch):
    seen = {}
    save = checkpoint_manager.CheckpointManager.save

    def spy(manager, step, state):
        text = (tmp_path / "run" / "metrics.jsonl").read_text()
        seen[step] = [json.loads(line)["step"] for line in text.splitlines()]
        save(manager, step, state)

    monkeypatch.setattr(checkpoint_manager.CheckpointManager, "save", spy)
    config = presets.preset(
        "digits",
        optimizer="sgda",
        width=4,
        latent_dim=4,
        batch_size=16,
        steps=12,
        log_every=2,
        checkpoint_every=6,
        evaluate=0,
        devices=1,
        out=str(tmp_path / "run"),
    )
    run = train.train(config)
    assert seen == {6: [2, 4, 6], 12: [2, 4, 6, 8, 10, 12]}
    assert {"used_gradient_norm_min", "used_gradient_norm_max"} <= run.metrics[0].keys()
