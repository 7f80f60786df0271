"""Streamed datasets have the examples of the same datasets in memory."""

import pickle
import shutil

import numpy as np
import pytest

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.data import array_records as array_records_lib
from minmax_jax.gan.data import examples_proto
from minmax_jax.gan.data.streaming import choice
from tests.gan.data.image_files import write_classes, write_image

THREADS = data_lib.Streaming(always=True, workers=0)
pytest.importorskip("grain", reason="needs the extra stream")


def image_folder(root):
    write_classes(root, classes=2, count=5)
    return str(root), {}


def arrow_folder(root):
    import datasets

    write_classes(root / "files", classes=2, count=5)
    loaded = datasets.load_dataset("imagefolder", data_dir=str(root / "files"), split="train")
    loaded.save_to_disk(str(root / "arrow"))
    return str(root / "arrow"), {}


def array_records(root):
    from array_record.python.array_record_module import ArrayRecordWriter

    write_classes(root / "files", classes=2, count=6)
    for split, files in (("train", "class0"), ("test", "class1")):
        writer = ArrayRecordWriter(
            str(root / f"x-{split}.array_record-00000-of-00001"), "group_size:1"
        )
        for number, path in enumerate(sorted((root / "files" / files).iterdir()), start=2):
            example = examples_proto._example_class()()
            example.features.feature["image"].bytes_list.value.append(path.read_bytes())
            example.features.feature["label"].int64_list.value.append(number % 3)
            writer.write(example.SerializeToString())
        writer.close()
    shutil.rmtree(root / "files")
    return str(root), {}


def records_of_images(root):
    from array_record.python.array_record_module import ArrayRecordWriter

    writer = ArrayRecordWriter(str(root / "images.array_record"), "group_size:1")
    for number in range(8):
        write_image(root / "one.png", seed=number)
        writer.write((root / "one.png").read_bytes())
    writer.close()
    (root / "one.png").unlink()
    return str(root), {"resize": 3, "crop": "center"}


def test_damaged_record_file_is_one_line(tmp_path):
    name, _ = records_of_images(tmp_path)
    (tmp_path / "other.array_record").write_bytes(b"")
    message = r"^data: .*/other\.array_record cannot be read as ArrayRecord \(.*\)\. Repair or"
    with pytest.raises(DataError, match=message):
        data_lib.load(name, streaming=THREADS)


def test_record_that_cannot_be_read_is_broken(tmp_path, monkeypatch):
    records_of_images(tmp_path)
    rows = array_records_lib.RecordRows("train", [tmp_path / "images.array_record"])

    class Damaged(list):
        def __getitem__(self, row):
            raise RuntimeError("chunk is corrupt\nmore")

    monkeypatch.setitem(rows.__dict__, "_records", Damaged([0]))
    assert rows.content(0) is None
    with pytest.raises(DataError, match=r"record 0 of split train .*\(chunk is corrupt\)"):
        rows.record(0)


SETS = [array_records, arrow_folder, image_folder, records_of_images]


@pytest.mark.parametrize("make", SETS)
def test_streamed_examples_equal_those_in_memory(make, tmp_path):
    (tmp_path / "set").mkdir()
    name, options = make(tmp_path / "set")
    known = data_lib.load(name, **options)
    found = data_lib.load(name, **options, streaming=THREADS)
    assert found.is_streamed and not known.is_streamed
    assert found.images.shape == known.images.shape and found.images.dtype == known.images.dtype
    for part in ("images", "labels", "test_images", "test_labels"):
        whole = getattr(known, part)
        if whole is None:
            assert getattr(found, part) is None
        else:
            np.testing.assert_array_equal(getattr(found, part)[np.arange(len(whole))], whole)
    assert (found.num_classes, found.count) == (known.num_classes, known.count)
    # A process of its own receives paths and row numbers.
    again = pickle.loads(pickle.dumps(found.images))
    np.testing.assert_array_equal(again[2:4], known.images[2:4])


def test_broken_images_are_skipped_as_in_memory(tmp_path):
    folder = tmp_path / "set"
    write_classes(folder, classes=2, count=5)
    (folder / "class0" / "2.png").write_bytes(b"no image")
    known = data_lib.load(str(folder), skip_broken=True)
    for _ in range(2):  # The second time, the broken images are known.
        found = data_lib.load(str(folder), skip_broken=True, streaming=THREADS)
        np.testing.assert_array_equal(found.images[:], known.images)
        np.testing.assert_array_equal(found.labels, known.labels)
        assert found.skipped == known.skipped and len(found.skipped) == 1


def test_broken_image_is_reported_when_it_is_read(tmp_path):
    folder = tmp_path / "set"
    write_classes(folder, classes=2, count=5)
    found = data_lib.load(str(folder), streaming=THREADS)
    path = found.images.rows.name(int(found.images.chosen[3]))
    open(path, "wb").close()
    with pytest.raises(DataError, match=f"{path} cannot be decoded. Repair or remove it"):
        found.images[np.array([1, 3])]
    np.testing.assert_array_equal(found.images[1:2].shape, (1, *found.images.shape[1:]))


def test_streamed_images_do_not_become_an_array(tmp_path):
    write_classes(tmp_path / "set", classes=2, count=5)
    found = data_lib.load(str(tmp_path / "set"), streaming=THREADS)
    with pytest.raises(DataError, match="but they are streamed"):
        np.asarray(found.images)


@pytest.mark.parametrize(
    ("above", "memory", "streams"),
    [(0.5, 1e3, True), (0.001, 1e3, True), (0.5, 1e6, False), (0, 1, False)],
)
def test_streaming_is_chosen_by_memory(tmp_path, monkeypatch, above, memory, streams):
    write_classes(tmp_path / "set", classes=2, count=15)  # 30 images of 24 bytes.
    monkeypatch.setattr(choice, "total_memory", lambda: memory)
    found = data_lib.load(str(tmp_path / "set"), streaming=data_lib.Streaming(above=above))
    assert found.is_streamed == streams
    share = "0.1%" if above == 0.001 else "50%"
    note = f"streamed, because 30 decoded images of 6×4×1 would take 0.0 GB, more than {share} of"
    assert any(note in line for line in found.notes) == streams


def test_all_processes_choose_alike(tmp_path, monkeypatch):
    """The first processes have 8 of 30 images, the last one has 6."""
    write_classes(tmp_path / "set", classes=2, count=15)
    sizes = [8 * 24, 6 * 24]
    for memory, streams in ((min(sizes) - 1, True), (sum(sizes) / 2, True), (max(sizes), False)):
        monkeypatch.setattr(choice, "total_memory", lambda memory=memory: memory)
        streaming = data_lib.Streaming(above=1.0, workers=0)
        for index in range(4):
            shard_fn = data_lib.shard_of_process(index, 4, 2)
            found = data_lib.load(str(tmp_path / "set"), shard_fn=shard_fn, streaming=streaming)
            assert found.is_streamed == streams


def test_remembered_folder_is_streamed_above_the_share(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(choice, "total_memory", lambda: 1e6)
    (tmp_path / "set").mkdir()
    name, _ = arrow_folder(tmp_path / "set")
    shares = [(0.0, False), (0.5, False), (1e-4, True)]  # The last ones are 0.5 MB and 100 bytes.
    for above, streams in shares:
        assert data_lib.load(name, streaming=data_lib.Streaming(above=above)).is_streamed == streams


def test_missing_grain_is_one_line(tmp_path, monkeypatch):
    write_classes(tmp_path / "set", classes=2, count=5)
    monkeypatch.setitem(__import__("sys").modules, "grain", None)
    message = r"Run pip install 'minmax-jax\[stream\]', or train without --stream and with"
    for name in (str(tmp_path / "set"), "digits"):
        with pytest.raises(ValueError, match=message):
            data_lib.load(name, streaming=THREADS)
