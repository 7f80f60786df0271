import errno
import json
import math
import os

import numpy as np
import pytest

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.run import jsonl


def test_appended_records_are_read_in_order(tmp_path):
    records = [{"step": step, "a": step / 3, "b": "text"} for step in range(3)]
    assert [jsonl.append(tmp_path / "a", record) for record in records] == records
    assert jsonl.read(tmp_path / "a") == records


DEEP = b'{"step": 2, "a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"step": 2, "loss', "not JSON"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b'"a text"', "not a JSON object"),
        (b'{"loss_min": 1.0}', "step must be an integer from 0"),
        (b'{"step": true}', "step must be an integer"),
        (b'{"step": 2.5}', "step must be an integer"),
        (b'{"step": -1}', "step must be an integer"),
        (b'{"step": 2147483648}', "step must be an integer"),
        (b'{"step": 2, "loss_min": [1.0]}', "loss_min must be a number, text or null"),
        (b'{"step": 2, "loss_min": ' + b"9" * 50 + b"}", "an integer is too large"),
        (b'{"step": 2, "loss_min": ' + b"9" * 5000 + b"}", "an integer is too large"),
        (DEEP, "nested too deeply"),
        (b'{"step": 2, "a": "' + b"a" * jsonl.MAX_LINE + b'"}', "longer than 1,048,576 bytes"),
    ],
    ids=lambda value: value[:30] if isinstance(value, bytes) else None,
)
def test_corrupt_line_costs_that_line_and_is_named(tmp_path, line, reason):
    path, notes = tmp_path / "metrics.jsonl", []
    path.write_bytes(b'{"step": 1}\n' + line + b'\n{"step": 3}\n')
    assert jsonl.read(path, note=notes.append) == [{"step": 1}, {"step": 3}]
    assert len(notes) == 1 and len(notes[0]) < 300 and "\n" not in notes[0]
    assert notes[0].startswith(f"{path}:2: skipped") and reason in notes[0]
    assert jsonl.keep_until(path, 3, note=notes.append) == [{"step": 1}, {"step": 3}]
    assert jsonl.read(path, note=pytest.fail) == [{"step": 1}, {"step": 3}]


def test_many_corrupt_lines_give_one_note(tmp_path):
    notes = []
    (tmp_path / "a").write_bytes(bytes([0, 10]) * 5000)
    assert jsonl.read(tmp_path / "a", note=notes.append) == []
    assert len(notes) == 1 and "a:1: skipped" in notes[0] and "4999 other lines" in notes[0]


def test_nonfinite_constants_are_read_as_null(tmp_path):
    (tmp_path / "a").write_text('{"step": 1, "a": NaN, "b": -Infinity, "c": 1e999}\n')
    assert jsonl.read(tmp_path / "a") == [{"step": 1, "a": None, "b": None, "c": None}]


def test_text_in_a_column_is_nan(tmp_path):
    _, values = jsonl.column([{"step": 1, "a": "text"}, {"step": 2, "a": True}], "a")
    np.testing.assert_array_equal(values, [np.nan, np.nan])


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_other_things_than_files_raise_one_line(tmp_path, make):
    make(tmp_path / "a")
    with pytest.raises(ConfigError, match=r"a cannot be read \("):
        jsonl.read(tmp_path / "a")
    with pytest.raises(OSError):
        jsonl.append(tmp_path / "a", {"step": 1})


def test_append_does_not_follow_links(tmp_path):
    (tmp_path / "thesis").write_text("years of work")
    (tmp_path / "a").symlink_to("thesis")
    with pytest.raises(OSError):
        jsonl.append(tmp_path / "a", {"step": 1})
    assert (tmp_path / "thesis").read_text() == "years of work"


def test_read_of_absent_file_is_empty(tmp_path):
    assert jsonl.read(tmp_path / "a") == [] and not (tmp_path / "a").exists()


def test_nonfinite_floats_become_null_at_any_depth(tmp_path):
    record = {"a": math.nan, "b": {"c": [1.0, math.inf]}, "d": (-math.inf, "nan")}
    returned = jsonl.append(tmp_path / "a", record, check=lambda _: "")
    assert returned == {"a": None, "b": {"c": [1.0, None]}, "d": [None, "nan"]}
    assert jsonl.read(tmp_path / "a", check=lambda _: "") == [returned]


def test_cut_off_lines_are_skipped_and_append_starts_a_new_line(tmp_path):
    path = tmp_path / "a"
    jsonl.append(path, {"step": 1})
    with path.open("ab") as file:
        file.write(b'{"step": 2, "text": "\xc3')
    assert jsonl.read(path) == [{"step": 1}]
    jsonl.append(path, {"step": 3})
    notes = []
    assert jsonl.read(path, note=notes.append) == [{"step": 1}, {"step": 3}]
    assert len(notes) == 1 and f"{path}:2" in notes[0]


def test_append_uses_one_write(tmp_path, monkeypatch):
    writes = []

    class File:
        """File that records its writes."""

        limit = None

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def seek(self, *place):
            return 0

        def read(self, size):
            return b""

        def write(self, data):
            writes.append(data)
            if len(writes) > 1:
                raise OSError(errno.ENOSPC, "No space left on device")
            return self.limit or len(data)

    file = File()
    monkeypatch.setattr(jsonl.files, "open_to_append", lambda _: file)
    jsonl.append(tmp_path / "a", {"step": 1})
    assert writes == [b'{"step": 1}\n']
    file.limit = 5  # a full disk takes a part of the line
    writes.clear()
    with pytest.raises(OSError, match="No space"):
        jsonl.append(tmp_path / "a", {"step": 1})


def test_keep_until_removes_later_records(tmp_path):
    for step in (10, 20, 20, 30):
        jsonl.append(tmp_path / "a", {"step": step})
    assert [record["step"] for record in jsonl.keep_until(tmp_path / "a", 20)] == [10, 20, 20]
    lines = (tmp_path / "a").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [10, 20, 20]


def test_column_returns_steps_and_values_of_records_that_have_it():
    records = [{"step": 1, "a": 0.5}, {"step": 2}, {"step": 3, "a": None}]
    steps, values = jsonl.column(records, "a")
    np.testing.assert_array_equal(steps, [1, 3])
    np.testing.assert_array_equal(values, [0.5, np.nan])
