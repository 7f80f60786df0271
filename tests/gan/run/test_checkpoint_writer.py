"""Writing behind training's back: order, errors that surface, what is kept."""

import errno
import os
import threading

import numpy as np
import pytest

from minmax_jax import gan
from minmax_jax.gan.base.errors import WriteFailed
from minmax_jax.gan.config import presets
from minmax_jax.gan.config.run import parse_best
from minmax_jax.gan.run import (
    checkpoint,
    checkpoint_writer,
    retention,
    run_folder,
)


class Slow(checkpoint.Checkpoints):
    """Checkpoints whose writing waits until the test lets it go on, and fails if it says so."""

    def __init__(self, folder):
        super().__init__(folder, pytest.fail)
        self.go, self.error = threading.Event(), None

    def save(self, step, state):
        assert self.go.wait(60)
        if self.error:
            raise self.error
        super().save(step, state)


def everything(steps):
    return steps


def test_saving_returns_before_the_checkpoint_is_there_and_copies_the_state_first(tmp_path):
    slow, state = Slow(tmp_path), {"a": np.ones(3)}
    with checkpoint_writer.Writer(slow, everything) as writer:
        writer.save(1, state)
        state["a"][:] = 7  # training goes on in the same buffers
        assert slow.steps() == []
        writer.poll()
        slow.go.set()
    step, values = slow.restore()
    assert step == 1 and (values["a"] == 1).all()


def test_a_second_save_waits_for_the_first_and_old_ones_go_after_the_new_is_sealed(tmp_path):
    slow, seen = Slow(tmp_path), []
    slow.go.set()

    def retain(steps):
        seen.append(list(steps))
        return steps[-2:]

    with checkpoint_writer.Writer(slow, retain) as writer:
        for step in (1, 2, 3, 4):
            writer.save(step, {"a": np.full(3, step)})
    assert seen == [[1], [1, 2], [1, 2, 3], [2, 3, 4]] and slow.steps() == [3, 4]


@pytest.mark.parametrize("when", ["poll", "save", "wait", "exit"])
def test_a_full_disk_in_the_thread_surfaces_and_leaves_the_last_good_one(tmp_path, when):
    slow = Slow(tmp_path)
    slow.go.set()
    with pytest.raises(WriteFailed, match=r"checkpoint 2 .*No space left.*checkpoint 1 is the las"):
        with checkpoint_writer.Writer(slow, everything) as writer:
            writer.save(1, {"a": np.ones(3)})
            writer.wait()
            slow.error = OSError(errno.ENOSPC, "No space left on device")
            writer.save(2, {"a": np.ones(3)})
            writer._thread.submit(lambda: None).result()  # the thread has come past it
            if when == "poll":
                writer.poll()
            elif when == "save":
                writer.save(3, {"a": np.ones(3)})
            elif when == "wait":
                writer.wait()
    slow.error = None
    assert slow.restore()[0] == 1


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EFBIG, errno.EDQUOT])
def test_what_the_system_said_is_named_however_long_the_path_before_it_is(tmp_path, code):
    slow = Slow(tmp_path)
    slow.go.set()
    said = os.strerror(code)
    slow.error = ValueError(f'Error opening "zarr" driver: {"/a/folder" * 40}: [{said}]')
    with pytest.raises(WriteFailed, match=rf"\({said}\); there is none yet"):
        with checkpoint_writer.Writer(slow, everything) as writer:
            writer.save(1, {"a": np.ones(3)})


def test_a_failed_write_does_not_hide_the_error_that_ends_the_block(tmp_path):
    slow = Slow(tmp_path)
    slow.error = OSError(errno.ENOSPC, "No space left on device")
    slow.go.set()
    with pytest.raises(KeyboardInterrupt):
        with checkpoint_writer.Writer(slow, everything) as writer:
            writer.save(1, {"a": np.ones(3)})
            raise KeyboardInterrupt


def test_a_failed_write_leaves_nothing_of_itself(tmp_path, monkeypatch):
    store = checkpoint.Checkpoints(tmp_path, pytest.fail)
    store.save(1, {"a": np.ones(3)})

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(run_folder, "write_atomically", full)
    with pytest.raises(OSError):
        store.save(12, {"a": np.ones(3)})
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


RECORDS = [
    {"step": 1, "loss_min": 0.5}, {"step": 1, "distance": 3.0}, {"step": 2, "distance": None},
    {"step": 3, "distance": 2.0}, {"step": 4, "distance": 2.0}, {"step": 5, "distance": 9.0},
    {"step": 7, "distance": 0.1},
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "keep", "kept"),
    [
        ("", 2, {5, 6}),
        ("distance", 2, {4, 5, 6}),  # the later of two alike; 7 is no checkpoint, 2 is null
        ("distance:max", 1, {5, 6}),
        ("loss_min", 1, {1, 6}),
        ("other", 1, {6}),
    ],
)
def test_the_newest_and_the_best_are_kept(text, keep, kept):
    best = parse_best(text)
    assert retention.retained([1, 2, 3, 4, 5, 6], keep, RECORDS, best) == kept


@pytest.mark.parametrize("text", ["a b", "distance:most", ":max", "max:distance"])
def test_another_form_of_keep_best_is_refused(text):
    with pytest.raises(gan.ConfigError, match="NAME:max"):
        parse_best(text)


def small(folder, **fields):
    return presets.preset(
        "gaussians", width=8, batch_size=16, log_every=2, checkpoint_every=2, evaluate=0,
        devices=1, out=str(folder), **fields,
    )  # fmt: skip


def test_a_run_keeps_what_it_was_asked_to(tmp_path, capsys):
    run = gan.train(small(tmp_path, steps=12, keep=2, keep_best="loss_max:max"))
    records = [r for r in run.metrics if "loss_max" in r]
    best = max(records, key=lambda record: record["loss_max"])["step"]
    kept = checkpoint.Checkpoints(tmp_path / "checkpoints", pytest.fail).steps()
    assert kept == sorted({10, 12, best})
    assert f"kept as checkpoint {best}" in capsys.readouterr().err


def test_a_name_that_nothing_has_is_said_with_those_that_are_there(tmp_path, capsys):
    gan.train(small(tmp_path, steps=2, keep_best="frechet"))
    assert "keep_best=frechet: no line" in (err := capsys.readouterr().err) and "loss_min" in err
