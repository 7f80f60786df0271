"""Datasets in folders of tables load without `datasets` the second time."""

import os

import datasets
import numpy as np
import pytest

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.data import tables
from tests import garbage
from tests.gan.data.test_tables import NAMES, write_table


class Read(Exception):
    """The table was read."""


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """A folder that was loaded once, after which reading a table raises `Read`."""
    root = tmp_path / "set"
    with garbage.collected():
        write_table(root, label=(NAMES, [0, 1] * 5), text=(datasets.Value("string"), ["a"] * 10))
        first = data_lib.load(str(root))

    def read(*args, **kwargs):
        raise Read

    monkeypatch.setattr(tables, "read_table", read)
    return root, first


def test_second_load_does_not_read_the_table(loaded):
    root, first = loaded
    again = data_lib.load(str(root))
    for found, wanted in zip(again, first, strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert again.labels.dtype == first.labels.dtype and again.notes == first.notes


def test_changed_file_is_read_again(loaded):
    root, _ = loaded
    file = next(root.iterdir())
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))
    with pytest.raises(Read):
        data_lib.load(str(root))


def test_new_file_is_read(loaded):
    root, _ = loaded
    (root / "note.txt").write_text("new")
    with pytest.raises(Read):
        data_lib.load(str(root))


@pytest.mark.parametrize(
    "options", [{"label_column": "none"}, {"channels": 3}, {"shard_fn": lambda count: slice(2)}]
)
def test_other_options_are_read(loaded, options):
    with pytest.raises(Read):
        data_lib.load(str(loaded[0]), **options)


def test_lost_images_are_read_again(loaded, tmp_path):
    for entry in (tmp_path / "cache" / "minmax_jax").glob("images-*"):
        entry.write_bytes(b"damaged")
    with pytest.raises(Read):
        data_lib.load(str(loaded[0]))
