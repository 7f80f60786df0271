"""Lines are written one late, in order, none lost; and always before a checkpoint."""

import json

import jax
import jax.numpy as jnp

from minmax_jax import parallel
from minmax_jax.gan.config import presets
from minmax_jax.gan.run import checkpoint_writer, metrics_log, run_folder
from minmax_jax.gan.trainer import train

DEVICES = jax.local_devices()[:2]


class Shown:
    """A progress line that keeps the steps it was shown."""

    def __init__(self):
        self.steps = []

    def begin(self, step):
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


def test_a_line_is_written_when_the_next_one_is_due(tmp_path):
    shown = Shown()
    log = metrics_log.MetricsLog(tmp_path, shown)
    assert not log.running
    log.begin(0)
    assert log.running
    for step in (10, 20, 30):
        log.add(step, values(step / 10))
        assert shown.steps == list(range(10, step, 10))
    log.flush()
    log.flush()
    records = run_folder.read_metrics(tmp_path)
    assert [(r["step"], r["loss_min"]) for r in records] == [(10, 1.0), (20, 2.0), (30, 3.0)]
    assert all("unknown" not in r and r["steps_per_second"] == 2.0 for r in records)


def test_adding_a_line_reads_nothing_of_it(tmp_path):
    """What is not there yet can be added: its values are asked for one line later."""

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


def test_seconds_go_on_where_an_earlier_piece_of_the_run_stopped(tmp_path):
    run_folder.append_metrics(tmp_path, {"step": 5, "seconds": 100.0})
    log = metrics_log.MetricsLog(tmp_path, Shown())
    log.begin(5)
    log.add(6, values(0))
    log.flush()
    assert run_folder.read_metrics(tmp_path)[-1]["seconds"] >= 100.0


def test_every_line_up_to_a_checkpoint_is_on_disk_before_it(tmp_path, monkeypatch):
    seen = {}
    save = checkpoint_writer.Writer.save

    def spy(writer, step, state):
        text = (tmp_path / "run" / "metrics.jsonl").read_text()
        seen[step] = [json.loads(line)["step"] for line in text.splitlines()]
        save(writer, step, state)

    monkeypatch.setattr(checkpoint_writer.Writer, "save", spy)
    config = presets.preset(
        "digits", optimizer="sgda", width=4, latent_dim=4, batch_size=16, steps=12, log_every=2,
        checkpoint_every=6, evaluate=0, devices=1, out=str(tmp_path / "run"),
    )  # fmt: skip
    run = train.train(config)
    assert seen == {6: [2, 4, 6], 12: [2, 4, 6, 8, 10, 12]}
    assert {"used_gradient_norm_min", "used_gradient_norm_max"} <= run.metrics[0].keys()
