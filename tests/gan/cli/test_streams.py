"""Commands write their messages to any kind of stream."""

import errno
import io
import os
import sys

import jax
import pytest

from minmax_jax.gan.base.errors import ConfigError, WriteFailed
from minmax_jax.gan.cli import main, streams
from minmax_jax.gan.run import failures


@pytest.fixture
def replace(monkeypatch):
    """Returns a function that replaces a standard stream."""
    opened = []

    def replace_stream(name, file):
        opened.append(file)
        monkeypatch.setattr(sys, name, file)

    yield replace_stream
    for file in opened:
        if file is not None:
            file.close()  # Python does so at the exit; it must not raise an error.


def closed_pipe():
    """Returns a stream whose reader has ended, such as that of `presets | head -1`."""
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w")


def test_reader_that_has_ended_is_no_error(replace, capsys):
    replace("stdout", closed_pipe())
    assert main.main(["presets"]) == 0
    assert capsys.readouterr().err == ""


def test_full_standard_output_exits_with_code_4(replace, capsys):
    replace("stdout", open("/dev/full", "w"))
    assert main.main(["presets"]) == 4
    err = capsys.readouterr().err
    assert err.startswith("minmax-jax: standard output cannot be written (No space left")
    assert err.count("\n") == 1


@pytest.mark.parametrize("make", [lambda: None, closed_pipe, lambda: open("/dev/full", "w")])
def test_messages_that_nobody_reads_change_nothing(replace, capsys, make):
    replace("stderr", make())
    assert main.main(["sample", "--run", "nowhere", "--out", "a.png"]) == 2
    assert main.main(["presets"]) == 0
    assert "digits" in capsys.readouterr().out


def test_closed_standard_output_changes_nothing(replace):
    replace("stdout", None)
    assert main.main(["presets"]) == 0


@pytest.mark.parametrize("text", ["数字", "12.5 ± 0.1 ↓", "a\udcff"])
def test_every_character_can_be_written(replace, text):
    written = io.BytesIO()
    replace("stdout", io.TextIOWrapper(written, encoding="ascii", errors="strict"))
    with streams.robust_streams():
        print(text)
    assert written.getvalue().endswith(b"\n") and written.getvalue().isascii()


def test_closed_descriptors_are_not_given_to_files(monkeypatch):
    opened = []

    def fstat(number):
        if number == 1:
            raise OSError(errno.EBADF, "Bad file descriptor")

    with monkeypatch.context() as patched:  # pytest itself uses these functions afterwards.
        patched.setattr(streams.os, "fstat", fstat)
        patched.setattr(streams.os, "open", lambda path, _: opened.append(path) or 1)
        streams._fill_closed_descriptors()
    assert opened == [os.devnull]


def run_error(monkeypatch, capsys, error):
    """Runs a command that raises an error; returns its exit code and its messages."""

    def fail(_):
        raise error

    command = main.COMMANDS["presets"]
    monkeypatch.setattr(main, "COMMANDS", {**main.COMMANDS, "presets": command._replace(run=fail)})
    code = main.main(["presets"])
    return code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (ConfigError("run \x1b]0;title\x07\nname"), 2, r"run \x1b]0;title\x07\nname"),
        (OSError(errno.ENAMETOOLONG, "File name too long", "a" * 5000), 2, "File name too long"),
        (OSError(errno.ELOOP, "Too many levels of symbolic links", "a"), 2, "a cannot be used"),
        (PermissionError(errno.EACCES, "Permission denied", "a"), 2, "change its permissions"),
        (OSError(errno.ENOSPC, "No space left on device", "a"), 4, "Free disk space"),
        (OSError(errno.EIO, "Input/output error"), 4, "Check the disk"),
        (MemoryError(), 2, "not enough memory. Set a smaller batch_size"),
        (
            jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes.\n x"),
            2,
            "on the device (RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes.)",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_unexpected_errors_are_one_line(monkeypatch, capsys, error, code, message):
    found, err = run_error(monkeypatch, capsys, error)
    assert found == code and message in err and err.count("\n") == 1 and len(err) < 500
    assert err.startswith("minmax-jax: ") and "\x1b" not in err


@pytest.mark.parametrize("error", [ValueError("x"), OSError("x"), TypeError("x")])
def test_bugs_keep_their_traceback(monkeypatch, capsys, error):
    with pytest.raises(type(error)):
        run_error(monkeypatch, capsys, error)
    assert failures.describe(error) is None


def test_write_failed_has_its_own_code():
    assert failures.describe(WriteFailed("x")).exit_code == 4
