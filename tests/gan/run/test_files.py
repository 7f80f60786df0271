import errno
import os
import resource
import signal

import pytest

from minmax_jax.gan.base.errors import ConfigError, WriteFailed
from minmax_jax.gan.run import files


@pytest.fixture
def limit_file_size():
    """Returns a function that limits the size of files, which has the effect of a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def limit(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, handler)


def test_write_atomically_replaces_the_file(tmp_path):
    for text in ("first", "second, ‖x‖"):
        files.write_atomically(tmp_path / "a", text)
        assert (tmp_path / "a").read_text("utf-8") == text
    files.write_atomically(tmp_path / "a", b"\0\xff")
    assert (tmp_path / "a").read_bytes() == b"\0\xff"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_failed_write_keeps_the_old_file(tmp_path, error):
    files.write_atomically(tmp_path / "a", "old")
    with pytest.raises(error), files.replacing(tmp_path / "a") as file:
        file.write(b"new")
        raise error
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_writers_of_one_file_use_different_parts(tmp_path):
    with files.open_atomically(tmp_path / "a") as one, files.open_atomically(tmp_path / "a") as two:
        names = {path.name for path in tmp_path.iterdir()}
        assert len(names) == 2 and all(files.is_part(name, "a") for name in names)
        one.write(b"one")
        two.write(b"two")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["one"]


def test_full_disk_keeps_the_old_file_and_raises_write_failed(tmp_path, limit_file_size):
    files.write_atomically(tmp_path / "a", "old")
    limit_file_size(1000)
    with pytest.raises(WriteFailed, match=r"a cannot be written \(File too large\)\. Free disk"):
        files.write_atomically(tmp_path / "a", b"x" * 10_000)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def file_in_place_of_folder(root):
    (root / "folder").write_text("years of work")
    return root / "folder" / "a"


def folder_at_path(root):
    (root / "a").mkdir()
    return root / "a"


def symbolic_link(root):
    (root / "thesis").write_text("years of work")
    (root / "a").symlink_to("thesis")
    return root / "a"


def read_only_file(root):
    (root / "a").write_text("old")
    (root / "a").chmod(0o444)
    return root / "a"


def pipe(root):
    os.mkfifo(root / "a")
    return root / "a"


def looping_links(root):
    (root / "loop").symlink_to("loop")
    return root / "loop" / "a"


def long_name(root):
    return root / ("a" * 5000)


def absent_folder(root):
    return root / "nowhere" / "a"


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (file_in_place_of_folder, "Not a directory"),
        (folder_at_path, "it is a folder"),
        (symbolic_link, "it is a symbolic link"),
        (read_only_file, "the file is read-only"),
        (pipe, "it is not a regular file"),
        (looping_links, "Too many levels of symbolic links"),
        (long_name, "File name too long"),
        (absent_folder, "No such file or directory"),
    ],
)
def test_place_that_cannot_be_written_raises_config_error(tmp_path, prepare, reason):
    path = prepare(tmp_path)
    before = {entry: entry.lstat() for entry in tmp_path.rglob("*")}
    with pytest.raises(
        ConfigError, match=rf"cannot be written \({reason}.*Choose another"
    ) as error:
        files.write_atomically(path, "new")
    assert len(str(error.value)) < 400 and "\n" not in str(error.value)
    after = {entry: entry.lstat() for entry in tmp_path.rglob("*")}
    assert after.keys() == before.keys()
    assert all(after[entry].st_ino == before[entry].st_ino for entry in before)
    assert all(file.read_text() != "new" for file in after if file.is_file())


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (errno.EACCES, ConfigError),
        (errno.EROFS, ConfigError),
        (errno.ENOSPC, WriteFailed),
        (errno.EDQUOT, WriteFailed),
        (errno.EIO, WriteFailed),
    ],
)
def test_error_number_decides_the_kind_of_error(tmp_path, code, kind):
    with pytest.raises(kind, match=os.strerror(code)), files.one_line_errors(tmp_path):
        raise OSError(code, os.strerror(code))


def test_replaced_file_keeps_its_permissions(tmp_path):
    files.write_atomically(tmp_path / "a", "old")
    (tmp_path / "a").chmod(0o640)
    files.write_atomically(tmp_path / "a", "new")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_make_folder_creates_parents_or_raises_one_line(tmp_path):
    files.make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="file/b cannot be written"):
        files.make_folder(tmp_path / "file" / "b")


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
