import os

import numpy as np
import pytest

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import DataError
from tests.gan.data.image_files import write_classes, write_flat, write_image


def test_words_in_file_names_do_not_make_splits(tmp_path):
    names = [f"{i:02}.png" for i in range(56)]
    names += ["my_train.png", "test.png", "train-00000-of-00001.png", "validation_x.png"]
    data = data_lib.load(str(write_flat(tmp_path / "set", names)))
    assert (data.count, data.test_count, data.labels) == (48, 12, None)


def test_words_in_class_names_do_not_make_splits(tmp_path):
    names = [f"{name}/{i}.png" for name in ("test_tube", "train_station") for i in range(5)]
    data = data_lib.load(str(write_flat(tmp_path / "set", names)))
    assert (data.count, data.test_count, data.num_classes) == (8, 2, 2)


def test_folders_train_and_test_are_splits_without_classes(tmp_path):
    names = [*(f"train/{i}.png" for i in range(7)), *(f"test/{i}.png" for i in range(3))]
    data = data_lib.load(str(write_flat(tmp_path / "set", names)))
    assert (data.count, data.test_count, data.labels, data.num_classes) == (7, 3, None, None)
    assert data.notes == ()


def test_folders_train_and_test_are_splits_with_classes(tmp_path):
    write_classes(tmp_path / "set" / "train", classes=2, count=4)
    write_classes(tmp_path / "set" / "test", classes=3, count=1)
    data = data_lib.load(str(tmp_path / "set"))
    assert (data.count, data.test_count, data.num_classes) == (8, 3, 3)
    assert list(data.labels) == [0] * 4 + [1] * 4 and list(data.test_labels) == [0, 1, 2]


def test_validation_is_held_out_only_without_test(tmp_path):
    names = [*(f"train/{i}.png" for i in range(7)), *(f"validation/{i}.png" for i in range(2))]
    root = write_flat(tmp_path / "set", names)
    assert data_lib.load(str(root)).test_count == 2
    write_flat(root / "test", ["a.png", "b.png", "c.png"])
    data = data_lib.load(str(root))
    assert data.test_count == 3
    assert data.notes == ("left out: images of the split validation (2)",)


def test_folder_that_contains_one_folder_is_entered(tmp_path):
    write_classes(tmp_path / "set" / "unpacked" / "images", classes=2)
    assert data_lib.load(str(tmp_path / "set")).num_classes == 2


def test_one_class_folder_gives_no_labels(tmp_path):
    data = data_lib.load(str(write_classes(tmp_path / "set", classes=1)))
    assert data.labels is None and data.num_classes is None


def test_other_files_are_left_out_and_counted(tmp_path):
    root = write_classes(tmp_path / "set")
    write_image(root / ".trash" / "0.png")
    write_image(root / "class0" / "._0.png")
    (root / "README.md").write_text("")
    (root / "class1" / "Thumbs.db").write_text("")
    os.mkfifo(root / "class1" / "pipe.png")  # Opening it would wait forever.
    data = data_lib.load(str(root))
    assert data.count + data.test_count == 18
    assert (
        "left out: files that are not images (2), hidden files (1), hidden folders (1), "
        "pipes or devices (1)" in data.notes
    )


def test_links_are_followed_once(tmp_path):
    root = write_classes(tmp_path / "elsewhere", classes=2)
    (tmp_path / "set").mkdir()
    for name in ("class0", "class1"):
        (tmp_path / "set" / name).symlink_to(root / name)
    (root / "class0" / "loop").symlink_to(tmp_path / "set")
    assert data_lib.load(str(tmp_path / "set")).count == 10


def test_label_column_none_ignores_class_folders(tmp_path):
    root = write_classes(tmp_path / "set")
    assert data_lib.load(str(root), "label").num_classes == 3
    data = data_lib.load(str(root), "none")
    assert data.labels is None and data.num_classes is None
    write_image(root / "class0" / "below" / "x.png", seed=99)
    assert data_lib.load(str(root), "none").count == 15


def beside(root):
    write_classes(root / "train")
    write_image(root / "cats" / "x.png")


def nearly(root):
    write_flat(root, ["Train/0.png", "Train/1.png", "val/0.png"])


def no_train(root):
    write_flat(root, ["test/0.png", "test/1.png", "validation/1.png"])


def outside_class(root):
    write_classes(root)
    write_image(root / "preview.png")


def below_class(root):
    write_classes(root)
    write_image(root / "class0" / "old" / "x.png")


def flat_test_split(root):
    write_classes(root / "train")
    write_flat(root / "test", ["0.png"])


@pytest.mark.parametrize(
    ("prepare", "label_column", "message"),
    [
        (beside, "", "the folders cats lie beside the split train. Move them"),
        (nearly, "", "the folders Train, val could be classes or splits. Rename"),
        (no_train, "", "a split test, but no folder train"),
        (outside_class, "", r"preview.png lies outside the class folders.*--label-column none"),
        (below_class, "", r"class0/old/x.png lies below a class folder"),
        (flat_test_split, "", "test/0.png lies outside the class folders"),
        (write_classes, "category", "names of its folders. Omit label_column"),
    ],
)
def test_ambiguous_folder_is_refused(tmp_path, prepare, label_column, message):
    prepare(tmp_path / "set")
    with pytest.raises(DataError, match=message) as error:
        data_lib.load(str(tmp_path / "set"), label_column)
    assert "\n" not in str(error.value)


def test_label_column_of_a_flat_folder_is_refused(tmp_path):
    root = write_flat(tmp_path / "set", [f"{i}.png" for i in range(8)])
    with pytest.raises(DataError, match=r"has no class folders. Omit label_column"):
        data_lib.load(str(root), "label")


def test_undecodable_names_are_loaded_and_escaped(tmp_path):
    root = write_flat(tmp_path / "set", [f"{i}.png" for i in range(7)])
    bad = os.fsencode(root) + b"/\xff\x1b[2J.png"
    with open(bad, "wb") as file:
        file.write(b"not an image")
    with pytest.raises(DataError, match=r"\\x1b\[2J.png cannot be decoded") as error:
        data_lib.load(str(root))
    str(error.value).encode()  # It can be printed.
    data = data_lib.load(str(root), skip_broken=True)
    assert data.count + data.test_count == 7 and "\x1b" not in data.skipped[0].file


def test_unreadable_path_is_one_line(tmp_path):
    with pytest.raises(DataError, match="File name too long"):
        data_lib.load(f"{tmp_path}/{'x' * 300}")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(DataError, match="there is no such folder"):
        data_lib.load(str(tmp_path / "loop"))


def test_rows_are_sorted_by_path(tmp_path):
    names = [f"train/{i}.png" for i in range(8)] + ["test/0.png"]
    root = write_flat(tmp_path / "set", names)
    first = [data_lib.load(str(root)).images for _ in range(2)]
    np.testing.assert_array_equal(*first)
    expected = write_image(tmp_path / "again.png", seed=3)
    np.testing.assert_array_equal(first[0][3, ..., 0], expected)


@pytest.mark.parametrize("name", ["./missing", "/missing/set", "../missing", "a/b/c"])
def test_missing_folder_is_not_looked_up_on_the_hub(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("datasets.load_dataset", lambda *_, **__: pytest.fail("looked up"))
    with pytest.raises(DataError, match=f"data={name}: there is no such folder. Check the path."):
        data_lib.load(name)
