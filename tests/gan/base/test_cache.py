"""Cached arrays: damaged entries count as missing."""

import numpy as np
import pytest

from minmax_jax.gan.base import cache


@pytest.fixture
def entry(tmp_path, monkeypatch):
    """Path of an entry with an array of text, whose cache folder is private."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache.save_arrays("entry", numbers=np.arange(3), text=np.array("abc"))
    return tmp_path / "minmax_jax" / "entry.npz"


def test_entry_is_what_was_saved(entry):
    found = cache.load_arrays("entry")
    assert found["numbers"].tolist() == [0, 1, 2] and str(found["text"]) == "abc"


def test_every_flipped_bit_gives_the_arrays_or_nothing(entry):
    content = entry.read_bytes()
    missing = 0
    for bit in range(0, 8 * len(content), 3):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        entry.write_bytes(damaged)
        missing += cache.load_arrays("entry") is None
    assert missing > 100


@pytest.mark.parametrize("size", [0, 1, 30, 200])
def test_truncated_entry_counts_as_missing(entry, size):
    entry.write_bytes(entry.read_bytes()[:size])
    assert cache.load_arrays("entry") is None


def test_array_file_under_the_name_of_an_entry_counts_as_missing(entry):
    with entry.open("wb") as file:
        np.save(file, np.arange(3))
    assert cache.load_arrays("entry") is None
