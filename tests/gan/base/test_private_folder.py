"""Folders in which only the current user can change files."""

import grp
import os
import pwd
import types

import numpy as np
import pytest

from minmax_jax.gan.base import cache, private_folder
from minmax_jax.gan.base.private_folder import make_private, why_not_private

GROUP_MAY_WRITE = "can be written by the users of a group"


@pytest.fixture(autouse=True)
def no_own_group(monkeypatch):
    monkeypatch.setattr(private_folder, "_is_own_group", lambda group: False)


def test_made_folder_is_private(tmp_path):
    before = os.umask(0)
    try:
        make_private(tmp_path / "a" / "b")
    finally:
        os.umask(before)
    assert why_not_private(tmp_path / "a" / "b") is None
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("a", "a/b")] == [0o700] * 2


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        (0o755, None),
        (0o702, "can be written by every user"),
        (0o720, GROUP_MAY_WRITE),
        (0o1777, "can be written by every user"),
    ],
)
def test_permissions_of_the_folder_decide(tmp_path, mode, reason):
    tmp_path.chmod(mode)
    assert why_not_private(tmp_path) == (reason and f"{tmp_path} {reason}")


@pytest.mark.parametrize(
    ("mode", "reason"), [(0o755, None), (0o1777, None), (0o770, GROUP_MAY_WRITE)]
)
def test_permissions_of_parents_decide(tmp_path, mode, reason):
    make_private(tmp_path / "a")
    tmp_path.chmod(mode)
    for name in ("a", "missing"):
        assert why_not_private(tmp_path / name) == (reason and f"{tmp_path} {reason}")


def test_link_is_followed(tmp_path):
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "link").symlink_to("open")
    assert why_not_private(tmp_path / "link") == f"{tmp_path / 'open'} can be written by every user"


def test_folder_of_another_user_is_not_private(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    assert why_not_private(tmp_path) == f"{tmp_path} belongs to another user"


@pytest.mark.parametrize(
    ("name", "members", "own"),
    [("ann", [], True), ("ann", ["ann"], True), ("ann", ["bob"], False), ("lab", [], False)],
)
def test_group_of_one_user_may_write(tmp_path, monkeypatch, name, members, own):
    monkeypatch.undo()
    group = types.SimpleNamespace(gr_name=name, gr_mem=members)
    user = types.SimpleNamespace(pw_name="ann", pw_gid=tmp_path.stat().st_gid)
    monkeypatch.setattr(grp, "getgrgid", lambda number: group)
    monkeypatch.setattr(pwd, "getpwuid", lambda number: user)
    tmp_path.chmod(0o770)
    assert (why_not_private(tmp_path) is None) == own


def test_arrays_that_others_can_change_are_not_loaded(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache.save_arrays("scores", a=np.arange(3))
    assert list(cache.load_arrays("scores")["a"]) == [0, 1, 2]
    (tmp_path / "minmax_jax").chmod(0o777)
    assert cache.load_arrays("scores") is None
