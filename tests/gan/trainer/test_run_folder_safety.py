"""A run shares its folder with nobody, and touches nothing that it did not write."""

import io
import shutil
import signal

import numpy as np
import pytest

from minmax_jax.gan.cli.main import main
from minmax_jax.gan.run import checkpoint, lease, lock, progress, run_folder
from minmax_jax.gan.trainer import finish, hooks, resume
from minmax_jax.gan.training import loop
from tests.gan.run.test_lock import OTHER_HOST, leave_lock
from tests.gan.run.test_ownership import STRAY, content, put

FLAGS = (
    "train --preset gaussians --optimizer sgda --width 4 --batch-size 16 --steps-per-call 2 "
    "--log-every 2 --checkpoint-every 4 --keep 2 --evaluate 0 --devices 1"
).split()


def train(folder, steps):
    return main([*FLAGS, "--steps", str(steps), "--out", str(folder)])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Folder of a run of eight steps."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    assert train(folder, 8) == 0
    return folder


@pytest.fixture
def run(trained, tmp_path):
    """Copy of the folder of a run."""
    return shutil.copytree(trained, tmp_path / "run")


def refusal(capsys):
    """Returns the last line on standard error, after checking that it is the only message."""
    text = capsys.readouterr().err
    assert "Traceback" not in text and text.count("minmax-jax: ") == 1
    return text.splitlines()[-1]


def test_run_that_another_process_writes_is_refused_unchanged(run, capsys):
    leave_lock(run, OTHER_HOST)
    before = content(run)
    assert train(run, 12) == 2
    assert "process 4321 on node-7 is writing to this folder" in refusal(capsys)
    assert content(run) == before


def test_new_run_of_another_process_is_refused(tmp_path, capsys):
    with lock.hold(tmp_path):
        assert train(tmp_path, 8) == 2
    assert "is writing to this folder" in refusal(capsys)
    assert content(tmp_path) == {}


def test_expired_lock_is_taken_over_and_strays_stay(trained, run):
    leave_lock(run, OTHER_HOST, 61)
    for name, kind in STRAY.items():
        put(run / "checkpoints" / name.replace("4.npz", "14.npz"), kind)
    (run / "thesis.txt").write_text("mine")
    (run / "checkpoints-old").mkdir()
    (run / "metrics.jsonl.backup").write_text("mine")
    strays = {name: value for name, value in content(run).items() if name != "run.lock"}
    assert train(run, 12) == 0
    assert main(["sample", "--run", str(run), "--num", "4", "--out", str(run / "s.png")]) == 0
    assert main(["compare", str(run), str(trained), "--out", str(run / "c.png")]) == 0
    after = content(run)
    own = ("checkpoints/4.npz", "checkpoints/12.npz", "s.png", "c.png", "c.md")
    changed = {name for name in strays | after if strays.get(name) != after.get(name)}
    assert {*own, "metrics.jsonl", "config.json", "summary.json", "curves.png"} <= changed
    assert changed <= {*own, "metrics.jsonl", "config.json", "summary.json", *PICTURES}
    assert "checkpoints/8.npz" in after and "run.lock" not in after


PICTURES = ("curves.png", "samples.png")


@pytest.mark.parametrize("kind", ["link", "folder"])
@pytest.mark.parametrize("name", ["config.json", "metrics.jsonl", "samples.png", "run.lock"])
def test_links_and_folders_at_places_of_files_are_refused(run, capsys, name, kind):
    if (run / name).exists():
        (run / name).rename(run.parent / "elsewhere")
    if kind == "link":
        (run.parent / "elsewhere").touch()
        (run / name).symlink_to(run.parent / "elsewhere")
    else:
        (run / name).mkdir()
    before = content(run.parent)
    assert train(run, 12) == 2
    assert name in refusal(capsys) and content(run.parent) == before


def test_linked_checkpoint_folder_is_refused(run, capsys):
    (run / "checkpoints").rename(run.parent / "large-disk")
    (run / "checkpoints").symlink_to(run.parent / "large-disk")
    before = content(run.parent)
    assert train(run, 12) == 2
    assert "checkpoints must be a folder, but is a symbolic link" in refusal(capsys)
    assert content(run.parent) == before


@pytest.mark.parametrize("kind", ["link", "folder", b"arrays of somebody else"])
def test_file_at_place_of_a_checkpoint_is_refused_at_start(run, capsys, kind):
    put(run / "checkpoints" / "12.npz", kind)
    before = content(run.parent)
    assert train(run, 16) == 2
    assert "checkpoints/12.npz is not a checkpoint" in refusal(capsys)
    assert content(run.parent) == before


def test_start_without_checkpoints_is_reported(tmp_path):
    notes = io.StringIO()
    run_folder.append_metrics(tmp_path, {"step": 40, "loss_min": 1.0})
    store = checkpoint.Checkpoints(tmp_path / "checkpoints", pytest.fail)
    assert resume.restore(tmp_path, store, "start", progress.Progress(99, notes)) == "start"
    text = "has no checkpoint: the run starts again, although it has reached step 40\n"
    assert notes.getvalue().endswith(text)


def interrupt(monkeypatch, owner, name, condition=lambda *_: True):
    """Presses Ctrl-C at a call of a function."""
    original = getattr(owner, name)

    def call(*args, **kwargs):
        if condition(*args):
            signal.raise_signal(signal.SIGINT)
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, call)


def test_interrupted_run_saves_and_resumes_bit_for_bit(trained, tmp_path, capsys, monkeypatch):
    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        interrupt(patch, hooks.LogHook, "__call__", lambda hook, step, *_: step == 2)
        assert train(run, 8) == 130
    expected = "minmax-jax: Ctrl-C: saved at step 2; run the same command again to resume the run"
    assert refusal(capsys) == expected
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["2.npz"]
    assert (run / "samples.png").exists() and (run / "curves.png").exists()
    assert not (run / "run.lock").exists()
    assert train(run, 8) == 0
    for name in ("checkpoints/4.npz", "checkpoints/8.npz", "samples.png"):
        assert (run / name).read_bytes() == (trained / name).read_bytes()
    one, other = (
        [(r["step"], r["loss_min"], r["loss_max"]) for r in run_folder.read_metrics(folder)]
        for folder in (run, trained)
    )
    np.testing.assert_array_equal(one, other)


def test_interrupt_at_the_end_names_the_newest_checkpoint(run, capsys, monkeypatch):
    interrupt(monkeypatch, finish, "finish")
    assert train(run, 8) == 130
    assert "Ctrl-C: the newest checkpoint on disk is step 8; the same" in refusal(capsys)


def test_interrupt_before_the_first_update_names_no_checkpoint(tmp_path, capsys, monkeypatch):
    interrupt(monkeypatch, loop, "_finish_first_call")
    monkeypatch.setattr(hooks.TerminationHook, "__call__", lambda *_: None)
    monkeypatch.setattr(hooks.CheckpointHook, "__call__", lambda *_: None)
    assert train(tmp_path / "run", 8) == 130
    assert "Ctrl-C: no checkpoint is on disk; the same command starts" in refusal(capsys)


def test_run_that_lost_its_lock_ends_without_writing(run, capsys, monkeypatch):
    seen, clock = {}, lease._clock

    def lose(hook, step, state, quantities):
        if step == 10:
            monkeypatch.setattr(lease, "_clock", lambda: clock() + 61)  # It was suspended.
            (run / "run.lock").unlink()
            leave_lock(run, OTHER_HOST)
            seen.update(content(run))
        original(hook, step, state, quantities)

    original = hooks.LockHook.__call__
    monkeypatch.setattr(hooks.LockHook, "__call__", lose)
    assert train(run, 12) == 4
    assert "lost the lock of the folder (process 4321 on node-7 has taken" in refusal(capsys)
    assert content(run) == seen
