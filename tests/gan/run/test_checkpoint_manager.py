"""Background writing of checkpoints: order, errors and retention."""

import errno
import os
import threading

import numpy as np
import pytest

from minmax_jax import gan
from minmax_jax.gan.base.errors import WriteFailed
from minmax_jax.gan.config import presets
from minmax_jax.gan.config.run import parse_best
from minmax_jax.gan.run import checkpoint, files, progress, run_folder
from minmax_jax.gan.run.checkpoint_manager import CheckpointManager
from minmax_jax.gan.run.retention import retained
from minmax_jax.gan.trainer import resume


class Slow(checkpoint.Checkpoints):
    """Checkpoints that wait for `go` before they are written, and raise `error` if it is set."""

    def __init__(self, folder):
        super().__init__(folder, pytest.fail)
        self.go, self.error = threading.Event(), None

    def save(self, step, state):
        assert self.go.wait(60)
        if self.error:
            raise self.error
        super().save(step, state)


def keep_all(steps):
    return steps


def test_save_copies_the_state_and_returns_before_it_is_written(tmp_path):
    slow, state = Slow(tmp_path), {"a": np.ones(3)}
    with CheckpointManager(slow, keep_all) as manager:
        manager.save(1, state)
        state["a"][:] = 7  # as training does, which reuses the buffers
        assert slow.steps() == []
        manager.wait(block=False)
        slow.go.set()
    step, values = slow.restore()
    assert step == 1 and (values["a"] == 1).all()


def test_old_checkpoints_are_deleted_after_new_one_is_written(tmp_path):
    slow, seen = Slow(tmp_path), []
    slow.go.set()

    def retain(steps):
        seen.append(list(steps))
        return steps[-2:]

    with CheckpointManager(slow, retain) as manager:
        for step in (1, 2, 3, 4):
            manager.save(step, {"a": np.full(3, step)})
    assert seen == [[1], [1, 2], [1, 2, 3], [2, 3, 4]] and slow.steps() == [3, 4]


@pytest.mark.parametrize("when", ["check", "save", "wait", "exit"])
def test_full_disk_in_thread_raises_and_keeps_last_checkpoint(tmp_path, when):
    slow = Slow(tmp_path)
    slow.go.set()
    with pytest.raises(WriteFailed, match=r"checkpoint 2 .*No space left.*last valid one: 1"):
        with CheckpointManager(slow, keep_all) as manager:
            manager.save(1, {"a": np.ones(3)})
            manager.wait()
            slow.error = OSError(errno.ENOSPC, "No space left on device")
            manager.save(2, {"a": np.ones(3)})
            manager._thread.submit(lambda: None).result()  # waits until the write has failed
            if when == "check":
                manager.wait(block=False)
            elif when == "save":
                manager.save(3, {"a": np.ones(3)})
            elif when == "wait":
                manager.wait()
    slow.error = None
    assert slow.restore()[0] == 1


def test_lack_of_memory_in_thread_raises_write_failed(tmp_path):
    slow = Slow(tmp_path)
    slow.go.set()
    slow.error = MemoryError()
    with pytest.raises(WriteFailed, match=r"checkpoint 1 .*\(MemoryError\)"):
        with CheckpointManager(slow, keep_all) as manager:
            manager.save(1, {"a": np.ones(3)})


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EFBIG, errno.EDQUOT])
def test_message_names_the_reason_without_long_paths(tmp_path, code):
    slow = Slow(tmp_path)
    slow.go.set()
    said = os.strerror(code)
    slow.error = OSError(code, said, "/a/folder" * 40)
    with pytest.raises(WriteFailed, match=rf"\({said}\); last valid one: none"):
        with CheckpointManager(slow, keep_all) as manager:
            manager.save(1, {"a": np.ones(3)})


def test_failed_write_does_not_hide_the_error_of_the_block(tmp_path):
    slow = Slow(tmp_path)
    slow.error = OSError(errno.ENOSPC, "No space left on device")
    slow.go.set()
    with pytest.raises(KeyboardInterrupt):
        with CheckpointManager(slow, keep_all) as manager:
            manager.save(1, {"a": np.ones(3)})
            raise KeyboardInterrupt


@pytest.mark.parametrize("moment", ["data", "end"])
def test_failed_write_leaves_no_file(tmp_path, monkeypatch, moment):
    store = checkpoint.Checkpoints(tmp_path, pytest.fail)
    store.save(1, {"a": np.ones(3)})

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    if moment == "data":
        monkeypatch.setattr(np.lib.format, "write_array", full)
    else:
        monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError):
        store.save(12, {"a": np.ones(3)})
    assert [path.name for path in tmp_path.iterdir()] == ["1.npz"]


RECORDS = [
    {"step": 1, "loss_min": 0.5}, {"step": 1, "distance": 3.0}, {"step": 2, "distance": None},
    {"step": 3, "distance": 2.0}, {"step": 4, "distance": 2.0}, {"step": 5, "distance": 9.0},
    {"step": 7, "distance": 0.1},
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "keep", "kept"),
    [
        ("", 2, {5, 6}),
        ("distance", 2, {4, 5, 6}),  # the later of two equals; 7 is not a checkpoint, 2 is null
        ("distance:max", 1, {5, 6}),
        ("loss_min", 1, {1, 6}),
        ("other", 1, {6}),
    ],
)
def test_retained_keeps_newest_and_best(text, keep, kept):
    best = parse_best(text, "keep_best")
    assert retained([1, 2, 3, 4, 5, 6], keep, RECORDS, best) == kept


@pytest.mark.parametrize("text", ["a b", "distance:most", ":max", "max:distance"])
def test_parse_best_rejects_other_forms(text):
    with pytest.raises(gan.ConfigError, match=r"^score must be METRIC or .*METRIC:max"):
        parse_best(text, "score")


def small(folder, **fields):
    return presets.preset(
        "gaussians",
        width=8,
        batch_size=16,
        log_every=2,
        checkpoint_every=2,
        evaluate=0,
        devices=1,
        out=str(folder),
        **fields,
    )


def test_run_keeps_newest_and_best_checkpoints(tmp_path, capsys):
    run = gan.train(small(tmp_path, steps=12, keep=2, keep_best="loss_max:max"))
    records = [r for r in run.metrics if "loss_max" in r]
    best = max(records, key=lambda record: record["loss_max"])["step"]
    kept = checkpoint.Checkpoints(tmp_path / "checkpoints", pytest.fail).steps()
    assert kept == sorted({10, 12, best})
    assert f"kept as checkpoint {best}" in capsys.readouterr().err


def test_evaluation_of_the_last_step_counts_for_the_best(tmp_path, capsys):
    config = small(tmp_path, steps=4, keep_best="high_quality_share:min")
    config = config.replace(learning_rate_min=0.0, learning_rate_max=0.0)  # Equal scores.
    gan.train(config.replace(evaluate=20, evaluate_every=2))
    assert "kept as checkpoint 4" in capsys.readouterr().err


def test_unknown_keep_best_metric_is_refused_before_training(tmp_path):
    with pytest.raises(gan.ConfigError, match="keep_best=frechet is a metric"):
        gan.train(small(tmp_path / "run", steps=2, keep_best="frechet"))
    assert not (tmp_path / "run").exists()


def test_best_without_record_is_reported_with_known_metrics(tmp_path, capsys):
    config = small(tmp_path, steps=2, keep_best="loss_min")
    run_folder.append_metrics(tmp_path, {"step": 2, "loss_max": 1.0})
    store = checkpoint.Checkpoints(tmp_path / "checkpoints", pytest.fail)
    resume.log_best(config, tmp_path, store, progress.Progress(2))
    assert "keep_best=loss_min: no record" in (err := capsys.readouterr().err)
    assert "Logged metrics: loss_max" in err
