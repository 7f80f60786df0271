"""Datasets that a thread loads, and their outlines."""

import threading

import numpy as np
import pytest

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.config.data import DataConfig
from minmax_jax.gan.data import loading, parts, registry
from tests.gan.data.image_files import write_classes, write_flat

WAIT = 30.0


@pytest.fixture
def root(tmp_path):
    """A folder of 18 images in three classes."""
    return write_classes(tmp_path / "set")


def outlines(root, **options):
    """Loads a folder; returns the outlines that were announced, and the dataset."""
    found = []
    return found, data_lib.load(str(root), announce=found.append, **options)


def test_outline_agrees_with_the_dataset(root):
    (outline,), data = outlines(root, channels=3)
    assert loading.agree(outline, data)
    assert outline.images.shape == data.images.shape == (14, 4, 6, 3)
    assert outline.images.strides == (0,) * 4 and not outline.images.any()
    np.testing.assert_array_equal(outline.labels, data.labels)
    assert outline.name == data.name and outline.num_classes == data.num_classes == 3
    assert outline.class_counts == data.class_counts


def test_outline_of_images_without_classes(tmp_path):
    write_flat(tmp_path / "set", [f"{index}.png" for index in range(12)])
    (outline,), data = outlines(tmp_path / "set")
    assert outline.labels is None and loading.agree(outline, data)


def test_nothing_is_announced_if_decoding_takes_no_time(root):
    assert len(outlines(root)[0]) == 1
    assert outlines(root)[0] == []


@pytest.mark.parametrize("options", [{"skip_broken": True}, {"shard_fn": lambda count: slice(3)}])
def test_nothing_is_announced_if_rows_may_be_left_out(root, options):
    assert outlines(root, **options)[0] == []


@pytest.mark.parametrize(
    "change",
    [
        {"images": np.zeros((14, 4, 6, 1), np.uint8)},
        {"images": np.zeros((15, 4, 6, 3), np.uint8)},
        {"images": np.zeros((14, 4, 6, 3), np.float32)},
        {"num_classes": 4},
        {"kind": "vector"},
        {"labels": None},
    ],
)
def test_outlines_of_other_data_do_not_agree(root, change):
    data = outlines(root, channels=3)[1]
    outline = loading.outline(data, data.images.shape)
    assert loading.agree(outline, data)
    assert not loading.agree(outline, data._replace(**change))


def test_outline_is_there_before_the_images(root, monkeypatch):
    seen, decode = threading.Event(), parts.decode

    def slow(name, rows, chosen, *args):
        if len(chosen) > 1:  # The first image is decoded for the outline.
            assert seen.wait(WAIT)
        return decode(name, rows, chosen, *args)

    monkeypatch.setattr(parts, "decode", slow)
    started = DataConfig(source=str(root)).start_loading()
    outline = started.outline()
    assert not outline.images.any()
    seen.set()
    assert loading.agree(outline, started.data()) and started.data().images.any()


def test_dataset_takes_the_place_of_an_outline(root):
    known = data_lib.load(str(root))
    started = DataConfig(source=str(root)).start_loading()
    np.testing.assert_array_equal(started.outline().images, known.images)


def test_errors_of_the_thread_are_raised(tmp_path):
    started = DataConfig(source=str(tmp_path / "none")).start_loading()
    for ask in (started.outline, started.data):
        with pytest.raises(DataError, match="there is no such folder"):
            ask()


def test_errors_after_the_outline_are_raised(root):
    (root / "class2" / "5.png").write_bytes(b"no image")
    (root / "class1" / "5.png").write_bytes(b"no image")
    started = DataConfig(source=str(root)).start_loading()
    assert started.outline().images.shape[1:] == (4, 6, 1)
    with pytest.raises(DataError, match="cannot be decoded"):
        started.data()


def test_registered_datasets_load_in_the_same_thread(monkeypatch):
    threads = []

    def own():
        threads.append(threading.current_thread())
        return data_lib.digits()

    monkeypatch.setitem(registry.DATA_SETS._registered, "own", own)
    started = DataConfig(source="own").start_loading()
    assert threads == [threading.current_thread()]
    assert started.outline().name == started.data().name
