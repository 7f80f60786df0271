"""Records are written one late, in order, and before each checkpoint."""

import json

import jax
import jax.numpy as jnp

from minmax_jax import parallel
from minmax_jax.gan.config import presets
from minmax_jax.gan.run import checkpoint_manager, metrics_log, run_folder
from minmax_jax.gan.trainer import train

DEVICES = jax.local_devices()[:2]


class Shown:
    """Progress that records the steps it has shown."""

    def __init__(self):
        self.steps = []

    def start_clock(self, step):
        pass

    def update(self, step, record):
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
