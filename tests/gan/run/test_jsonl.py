import errno
import json
import math

import numpy as np
import pytest

from minmax_jax.gan.run import jsonl


def test_appended_records_are_read_in_order(tmp_path):
    records = [{"step": step, "scores": {"a": step / 3}} for step in range(3)]
    assert [jsonl.append(tmp_path / "a", record) for record in records] == records
    assert jsonl.read(tmp_path / "a") == records


def test_read_of_absent_file_is_empty(tmp_path):
    assert jsonl.read(tmp_path / "a") == [] and not (tmp_path / "a").exists()


def test_nonfinite_floats_become_null_at_any_depth(tmp_path):
    record = {"a": math.nan, "b": {"c": [1.0, math.inf]}, "d": (-math.inf, "nan")}
    returned = jsonl.append(tmp_path / "a", record)
    assert returned == {"a": None, "b": {"c": [1.0, None]}, "d": [None, "nan"]}
    assert jsonl.read(tmp_path / "a") == [returned]


def test_cut_off_lines_are_skipped_and_append_starts_a_new_line(tmp_path):
    path = tmp_path / "a"
    jsonl.append(path, {"step": 1})
    with path.open("ab") as file:
        file.write(b'{"step": 2, "text": "\xc3')
    assert jsonl.read(path) == [{"step": 1}]
    jsonl.append(path, {"step": 3})
    assert jsonl.read(path) == [{"step": 1}, {"step": 3}]


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
    monkeypatch.setattr(type(tmp_path), "open", lambda *_, **__: file)
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
