import errno

import pytest

from minmax_jax.gan.base.errors import WriteFailed
from minmax_jax.gan.run import files


def test_write_atomically_replaces_the_file(tmp_path):
    for text in ("first", "second, ‖x‖"):
        files.write_atomically(tmp_path / "a", text)
        assert (tmp_path / "a").read_text() == text
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_failed_write_keeps_the_old_file(tmp_path, error):
    files.write_atomically(tmp_path / "a", "old")
    with pytest.raises(error), files.open_atomically(tmp_path / "a") as file:
        file.write(b"new")
        raise error
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_full_disk_raises_write_failed_with_remedy(tmp_path, code):
    with pytest.raises(WriteFailed, match=r"it's full.*Free disk space"):
        with files.full_disk(tmp_path):
            raise OSError(code, "it's full")


def test_write_succeeds_where_folders_cannot_be_synced(tmp_path, monkeypatch):
    def fsync(descriptor):
        if files.os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(errno.EINVAL, "invalid argument")

    monkeypatch.setattr(files.os, "fsync", fsync)
    files.write_atomically(tmp_path / "a", "text")
    assert (tmp_path / "a").read_text() == "text"


def test_full_disk_passes_other_errors_on(tmp_path):
    with pytest.raises(PermissionError):
        with files.full_disk(tmp_path):
            raise PermissionError(errno.EACCES, "not allowed")
