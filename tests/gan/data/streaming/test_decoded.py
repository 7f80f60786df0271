"""Decoded images in files equal decoded images, whatever happens to the files."""

import time

import numpy as np
import pytest

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import ConfigError, DataError, DataFailed
from minmax_jax.gan.config import presets
from minmax_jax.gan.data.streaming import decoded, lazy
from tests.gan.data.image_files import write_classes

pytest.importorskip("grain", reason="needs the extra stream")


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """Function that loads a set of ten images with a cache of three files."""
    write_classes(tmp_path / "set", classes=2, count=5)
    monkeypatch.setattr(decoded, "_FILE_BYTES", 4 * 28)
    options = data_lib.Streaming(always=True, workers=0, cache=str(tmp_path / "decoded"))
    return lambda: data_lib.load(str(tmp_path / "set"), streaming=options)


def count_decoded(monkeypatch):
    """Returns a list to which the number of decoded images of each call is appended."""
    counts, decode = [], lazy.decode
    monkeypatch.setattr(lazy, "decode", lambda *args: counts.append(len(args[2])) or decode(*args))
    return counts


def files(tmp_path):
    return sorted((tmp_path / "decoded").glob("*/*.npy"))


def test_cached_images_are_not_decoded_again(loaded, tmp_path, monkeypatch):
    known = data_lib.load(str(tmp_path / "set"))
    found = loaded()
    assert [path.name for path in files(tmp_path)] == ["000000.npy", "000001.npy", "000002.npy"]
    counts = count_decoded(monkeypatch)
    np.testing.assert_array_equal(found.images[:], known.images)
    assert not counts


def test_complete_cache_is_used_by_the_next_run(loaded, tmp_path, monkeypatch):
    loaded()
    monkeypatch.setattr(decoded.DecodedImages, "write", lambda *_: pytest.fail("written again"))
    loaded()


def test_image_with_wrong_checksum_is_decoded_again(loaded, tmp_path, monkeypatch):
    known, found = data_lib.load(str(tmp_path / "set")), loaded()
    content = bytearray(files(tmp_path)[1].read_bytes())
    content[-1] ^= 1  # A pixel of the last image of this file.
    files(tmp_path)[1].write_bytes(content)
    counts = count_decoded(monkeypatch)
    np.testing.assert_array_equal(found.images[:], known.images)
    assert sum(counts) <= 1  # It may be held out.


def test_truncated_file_is_written_again(loaded, tmp_path):
    known = data_lib.load(str(tmp_path / "set"))
    loaded()
    path = files(tmp_path)[0]
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    np.testing.assert_array_equal(loaded().images[:], known.images)
    assert path.read_bytes() == whole


def test_writing_is_atomic_and_leaves_nothing_behind(loaded, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left"))
    )
    message = r"cache_decoded=.*decoded: cannot write 0.*\.npy \(No space left\)\. Make space"
    with pytest.raises(DataFailed, match=message):
        loaded()
    deadline = time.monotonic() + 30
    while list((tmp_path / "decoded").glob("*/*.part")):  # Other threads are still writing.
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert not files(tmp_path)


def test_cache_of_another_preprocessing_is_separate(loaded, tmp_path):
    loaded()
    options = data_lib.Streaming(always=True, workers=0, cache=str(tmp_path / "decoded"))
    found = data_lib.load(str(tmp_path / "set"), resize=2, streaming=options)
    assert found.images[:1].shape == (
        1,
        *data_lib.load(str(tmp_path / "set"), resize=2).images.shape[1:],
    )
    assert len(list((tmp_path / "decoded").iterdir())) == 2


def test_unusable_folder_is_one_line(tmp_path):
    write_classes(tmp_path / "set", classes=2, count=5)
    (tmp_path / "file").touch()
    options = data_lib.Streaming(always=True, workers=0, cache=str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"cache_decoded=.*Pass a folder that can be written"):
        data_lib.load(str(tmp_path / "set"), streaming=options)


def test_unused_folder_is_noted(tmp_path):
    for source, stream in (("digits", False), ("digits", True), (str(tmp_path / "set"), False)):
        write_classes(tmp_path / "set", classes=2, count=5)
        values = {"data": source, "stream": stream, "cache_decoded": str(tmp_path / "decoded")}
        notes = presets.preset("digits", **values).data.load().notes
        assert "--cache-decoded is not used" in notes[-1]
    values = {**values, "stream": True, "stream_workers": 0}
    notes = presets.preset("digits", **values).data.load().notes
    assert not any("--cache-decoded" in note for note in notes)


def test_share_of_memory_above_one_is_refused():
    with pytest.raises(ConfigError, match="stream_above must be at most 1, got 50"):
        presets.preset("digits", stream_above=50.0).check()
