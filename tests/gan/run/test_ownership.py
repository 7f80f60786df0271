"""A run follows, replaces and deletes only what it wrote."""

import os
from pathlib import Path

import numpy as np
import pytest

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.run import checkpoint, checkpoint_manager, lease, ownership

STATE = {"a": np.ones(3)}


def store(folder, messages=None):
    return checkpoint.Checkpoints(folder, messages.append if messages is not None else pytest.fail)


def content(folder):
    """Returns everything in a folder, without following links."""
    return {
        str(path.relative_to(folder)): os.readlink(path)
        if path.is_symlink()
        else path.read_bytes()
        if path.is_file()
        else None
        for path in sorted(folder.rglob("*"))
    }


def put(path, kind):
    """Creates something at `path`; links point to files beside the run folder."""
    target = path.parents[1] / "elsewhere"
    if kind == "link":
        target.write_text("my thesis")
        path.symlink_to(target)
    elif kind == "link to folder":
        target.mkdir()
        (target / "1.npz").write_bytes(b"mine")
        path.symlink_to(target)
    elif kind == "broken link":
        path.symlink_to(target)
    elif kind == "folder":
        path.mkdir()
        (path / "note").write_text("mine")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_bytes(kind)


@pytest.mark.parametrize(
    "mark, name, refused",
    [
        ("config.json", "samples.png", True),
        ("config.json", "curves.png", True),
        ("config.json", "checkpoints/4.npz", True),
        ("config.json", "link/4.npz", True),
        ("sweep.json", "table.md", True),
        ("sweep.json", "heatmap.png", True),
        ("config.json", "grid.png", False),
        ("sweep.json", "comparison.md", False),
        ("other.json", "samples.png", False),
        ("other.json", "checkpoints/4.npz", False),
    ],
)
def test_files_of_training_are_no_output(tmp_path, mark, name, refused):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "link").symlink_to("checkpoints")
    (tmp_path / mark).write_text("{}")
    if refused:
        with pytest.raises(ConfigError, match=rf"{name}: training writes .*Choose another path"):
            ownership.check_not_of_training(tmp_path / name)
    else:
        ownership.check_not_of_training(tmp_path / name)


@pytest.mark.parametrize("kind", ["link", "broken link", "folder", "pipe"])
@pytest.mark.parametrize("name", ownership.FILES)
def test_check_refuses_other_things_at_places_of_files(tmp_path, name, kind):
    (tmp_path / "run").mkdir()
    put(tmp_path / "run" / name, kind)
    before = content(tmp_path)
    with pytest.raises(ConfigError, match=rf"run/{name} must be a file, but is a .*Move it"):
        ownership.check(tmp_path / "run")
    assert content(tmp_path) == before


@pytest.mark.parametrize("kind", ["link", "link to folder", "broken link", b"a file"])
@pytest.mark.parametrize("name", ownership.FOLDERS)
def test_check_refuses_other_things_at_places_of_folders(tmp_path, name, kind):
    (tmp_path / "run").mkdir()
    put(tmp_path / "run" / name, kind)
    with pytest.raises(ConfigError, match=rf"run/{name} must be a folder, but is a "):
        ownership.check(tmp_path / "run")


def test_check_accepts_an_absent_and_a_complete_folder(tmp_path):
    ownership.check(tmp_path / "absent")
    for name in ownership.FILES:
        (tmp_path / name).touch()
    for name in ownership.FOLDERS:
        (tmp_path / name).mkdir()
    ownership.check(tmp_path)


STRAY = {
    "2024": "folder",
    "30-backup": "folder",
    "40": b"a file",
    "2.npz": "folder",
    "3.npz": "link",
    "4.npz": b"PK\x03\x04 an archive of arrays that somebody else wrote",
    "5.npz": "broken link",
    "6.npz": "pipe",
    "7.npz.0f32c1a9.part": b"not a checkpoint either",
    "8.npz.old": b"",
    "notes.txt": b"notes",
}


def test_stray_names_break_nothing_and_stay(tmp_path):
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    for name, kind in STRAY.items():
        put(folder / name, kind)
    before, messages = content(tmp_path), []
    own = store(folder, messages)
    assert own.steps() == [] and own.restore() is None
    assert len(messages) == 1
    assert messages[0].endswith("not checkpoints: 2.npz, 3.npz, 4.npz, 5.npz, 6.npz")
    for step in (1, 10, 20):
        own.save(step, STATE)
    assert own.steps() == [1, 10, 20] and own.restore()[0] == 20
    own.delete_except([20])
    assert own.steps() == [20]
    (folder / "20.npz").unlink()
    assert content(tmp_path) == before


@pytest.mark.parametrize("name", [name for name in STRAY if name[1:] == ".npz"])
def test_checkpoint_does_not_replace_what_is_at_its_place(tmp_path, name):
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    put(folder / name, STRAY[name])
    before = content(tmp_path)
    message = rf"{name} is not a checkpoint\. Move it elsewhere"
    with pytest.raises(ConfigError, match=message):
        with checkpoint_manager.CheckpointManager(store(folder), lambda steps: steps) as manager:
            manager.save(int(name[0]), STATE)
    assert content(tmp_path) == before


def test_empty_file_of_a_power_cut_is_a_corrupt_checkpoint(tmp_path):
    (tmp_path / "1.npz").touch()
    assert store(tmp_path).steps() == [1] and store(tmp_path).foreign() == []
    store(tmp_path).save(1, STATE)
    assert store(tmp_path).restore()[0] == 1


@pytest.mark.parametrize("action", ["save", "delete"])
def test_checkpoints_behind_a_link_are_read_but_not_changed(tmp_path, action):
    store(tmp_path / "large-disk").save(1, STATE)
    (tmp_path / "checkpoints").symlink_to(tmp_path / "large-disk")
    linked, before = store(tmp_path / "checkpoints"), content(tmp_path)
    assert linked.restore()[0] == 1
    with pytest.raises(ConfigError, match="checkpoints must be a folder, but is a symbolic link"):
        linked.save(2, STATE) if action == "save" else linked.delete_except([])
    assert content(tmp_path) == before


def test_leftovers_of_a_killed_process_are_deleted_by_exact_name(tmp_path):
    kept = [
        "config.json", "config.json.part", "thesis.0f32c1a9.part", "config.json.0f32c1a9.part.txt",
        "config.json.0F32C1A9.part",
    ]  # fmt: skip
    for name in kept:
        (tmp_path / name).touch()
    (tmp_path / "samples.png.00000000.part").mkdir()
    (tmp_path / "curves.png.00000000.part").symlink_to(tmp_path / "config.json")
    for name in ("config.json.0f32c1a9.part", f"{lease.FILE}.01234567.part"):
        (tmp_path / name).touch()
    ownership.delete_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        *kept,
        "samples.png.00000000.part",
        "curves.png.00000000.part",
    }


def test_checkpoint_files_have_at_most_300_lines():
    folder = Path(checkpoint.__file__).parent
    lines = [len(path.read_text().splitlines()) for path in folder.glob("checkpoint*.py")]
    assert len(lines) == 3 and sum(lines) <= 300
