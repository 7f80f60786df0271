import datasets
import numpy as np
import pytest
from PIL import Image

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import DataError
from tests import garbage
from tests.gan.data.image_files import pixels, write_classes, write_flat, write_image

# The library `datasets` does not close the files of a dataset that it rejects.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


@pytest.fixture(autouse=True)
def unclosed_files_warn_here():
    with garbage.collected():
        yield


NAMES = datasets.ClassLabel(names=["cat", "dog"])


def write_table(root, split="train", rows=10, seed=0, **columns):
    """Writes a Parquet file as on the Hub. A column is a pair of feature and values."""
    arrays = pixels((rows, 4, 6), seed)
    values = {"image": [Image.fromarray(array) for array in arrays]}
    features = {"image": datasets.Image()}
    for name, (feature, content) in columns.items():
        values[name], features[name] = content, feature
    table = datasets.Dataset.from_dict(values, features=datasets.Features(features))
    root.mkdir(exist_ok=True)
    table.to_parquet(root / f"{split}-00000-of-00001.parquet")
    return arrays


def test_splits_of_tables_are_used_as_they_are(tmp_path):
    root = tmp_path / "set"
    train = write_table(root, label=(NAMES, [0, 1] * 5))
    test = write_table(root, "test", rows=4, seed=1, label=(NAMES, [1] * 4))
    data = data_lib.load(str(root))
    np.testing.assert_array_equal(data.images[..., 0], train)
    np.testing.assert_array_equal(data.test_images[..., 0], test)
    assert data.labels.tolist() == [0, 1] * 5 and data.test_labels.tolist() == [1] * 4
    assert data.num_classes == 2 and data.notes == ()


def test_tables_without_test_split_are_split_like_folders(tmp_path):
    root = tmp_path / "set"
    write_table(root, rows=20, label=(NAMES, [0] * 10 + [1] * 10))
    data = data_lib.load(str(root))
    assert np.bincount(data.labels).tolist() == [8, 8]
    assert np.bincount(data.test_labels).tolist() == [2, 2]


def test_other_splits_are_reported(tmp_path):
    root = tmp_path / "set"
    for seed, split in enumerate(("train", "validation", "test")):
        write_table(root, split, rows=6 + seed, seed=seed)
    data = data_lib.load(str(root))
    assert (data.count, data.test_count) == (6, 8)
    assert data.notes == ("left out: split validation (7)",)


def test_test_and_validation_without_train_are_refused(tmp_path):
    write_table(tmp_path / "set", "test")
    write_table(tmp_path / "set", "validation")
    with pytest.raises(DataError, match=r"splits .*, but none named train"):
        data_lib.load(str(tmp_path / "set"))


def test_only_split_is_trained_on_whatever_its_name(tmp_path):
    write_table(tmp_path / "set", "test")
    data = data_lib.load(str(tmp_path / "set"))
    assert (data.count, data.test_count) == (8, 2)
    assert "trained on the only split, test" in data.notes


def test_string_labels_become_classes(tmp_path):
    root = tmp_path / "set"
    write_table(root, label=(datasets.Value("string"), ["dog", "cat"] * 5))
    write_table(root, "test", 2, label=(datasets.Value("string"), ["cat", "dog"]))
    data = data_lib.load(str(root))
    assert data.labels.tolist() == [1, 0] * 5 and data.test_labels.tolist() == [0, 1]
    assert data.num_classes == 2


def test_integer_column_named_label_becomes_classes(tmp_path):
    write_table(tmp_path / "set", label=(datasets.Value("int64"), [0, 3] * 5))
    assert data_lib.load(str(tmp_path / "set")).num_classes == 4


def test_two_label_columns_ask_for_one(tmp_path):
    root = tmp_path / "set"
    write_table(root, fine=(NAMES, [0, 1] * 5), coarse=(NAMES, [1] * 10))
    message = "2 label columns, fine and coarse. Pass --label-column fine or another"
    with pytest.raises(DataError, match=message):
        data_lib.load(str(root))
    data = data_lib.load(str(root), "coarse")
    assert set(data.labels) == {1} and data.num_classes == 2
    assert data_lib.load(str(root), "none").labels is None


def test_two_image_columns_ask_for_one(tmp_path):
    root = tmp_path / "set"
    images = [Image.fromarray(array) for array in pixels((10, 3, 5), 9)]
    write_table(root, mask=(datasets.Image(), images))
    message = "2 image columns, image and mask. Pass --image-column image or another"
    with pytest.raises(DataError, match=message):
        data_lib.load(str(root))
    assert data_lib.load(str(root), image_column="mask").images.shape[1:] == (3, 5, 1)
    with pytest.raises(DataError, match=r"no such column. Its image columns: image, mask"):
        data_lib.load(str(root), image_column="masks")


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        (NAMES, [0, None] * 5, "be complete, got no label in row 1"),
        (datasets.Value("int64"), [0, -1] * 5, "got -1 in row 1"),
        (datasets.Value("int64"), [0, 10**9] * 5, "got 1000000000 in row 1"),
        (datasets.Value("string"), list("abcdefghij"), "10 different strings in 10 rows"),
        (datasets.Value("float32"), [0.5] * 10, "type float32. Pass a column of class labels"),
        (datasets.Image(), None, "Pass a column of class labels"),
    ],
)
def test_unusable_label_columns_are_refused(tmp_path, column, values, message):
    values = values or [Image.new("L", (2, 2))] * 10
    write_table(tmp_path / "set", kind=(column, values))
    with pytest.raises(DataError, match=rf"label_column='kind'.*{message}") as error:
        data_lib.load(str(tmp_path / "set"), "kind", image_column="image")
    assert "\n" not in str(error.value)


def test_hidden_test_labels_name_their_split(tmp_path):
    write_table(tmp_path / "set", label=(NAMES, [0, 1] * 5))
    write_table(tmp_path / "set", "test", label=(NAMES, [-1] * 10))
    message = "-1 in row 0 of the test examples.*load without labels"
    with pytest.raises(DataError, match=message):
        data_lib.load(str(tmp_path / "set"))
    assert data_lib.load(str(tmp_path / "set"), "none").test_count == 10


def test_missing_image_is_broken(tmp_path):
    images = [Image.new("L", (3, 3), index) for index in range(9)]
    write_table(tmp_path / "set", picture=(datasets.Image(), [*images, None]))
    with pytest.raises(DataError, match=r"row 9 of split train has no image.*--skip-broken"):
        data_lib.load(str(tmp_path / "set"), image_column="picture")
    data = data_lib.load(str(tmp_path / "set"), image_column="picture", skip_broken=True)
    assert data.count + data.test_count == 9


def test_shards_of_tables_have_one_identity(tmp_path):
    write_table(tmp_path / "set", rows=11)
    shards = [
        data_lib.load(str(tmp_path / "set"), shard_fn=data_lib.shard_of_process(index, 2, 1))
        for index in range(2)
    ]
    whole = data_lib.load(str(tmp_path / "set"))
    np.testing.assert_array_equal(np.concatenate([s.images for s in shards]), whole.images)
    assert shards[0].totals == shards[1].totals and shards[0].totals.identity


def write_metadata(folder, names, column="label", value=lambda index: index % 2):
    rows = [f"{name},{value(index)}" for index, name in enumerate(names)]
    (folder / "metadata.csv").write_text("\n".join([f"file_name,{column}", *rows]) + "\n")


def test_metadata_of_a_folder_give_labels(tmp_path):
    names = [f"{i}_test.png" for i in range(10)]  # The word decides nothing here, too.
    root = write_flat(tmp_path / "set [1]*", names)
    write_metadata(root, names[:9], value=lambda index: "ab"[index % 2])
    data = data_lib.load(str(root))
    assert (data.count, data.test_count, data.num_classes) == (7, 2, 2)
    assert any("images without a row in the metadata (1)" in note for note in data.notes)


def test_metadata_in_split_folders_are_used(tmp_path):
    for split, count in (("train", 8), ("test", 4)):
        names = [f"{i}.png" for i in range(count)]
        write_flat(tmp_path / "set" / split, names)
        write_metadata(tmp_path / "set" / split, names)
    data = data_lib.load(str(tmp_path / "set"))
    assert (data.count, data.test_count, data.num_classes) == (8, 4, 2)


@pytest.mark.parametrize(
    ("prepare", "message"),
    [
        (lambda root: root.mkdir(), "Pass a folder of images"),
        (lambda root: None, "there is no such folder. Check the path."),
        (lambda root: (root.mkdir(), (root / "t.csv").write_text("a,b\n1,2\n")), "no image column"),
    ],
)
def test_unreadable_datasets_are_refused(tmp_path, prepare, message):
    prepare(tmp_path / "set")
    with pytest.raises(DataError, match=message) as error:
        data_lib.load(str(tmp_path / "set"))
    assert "\n" not in str(error.value)


def test_image_column_of_a_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"has no columns. Omit image_column"):
        data_lib.load(str(write_classes(tmp_path / "set")), image_column="image")


def test_image_file_instead_of_a_folder_is_refused(tmp_path):
    write_image(tmp_path / "0.png")
    with pytest.raises(DataError, match="Pass a folder of images"):
        data_lib.load(str(tmp_path / "0.png"))


def test_damaged_table_is_one_line(tmp_path, capfd):
    write_table(tmp_path / "set")
    (file,) = (tmp_path / "set").iterdir()
    file.write_bytes(file.read_bytes()[:-20])
    capfd.readouterr()
    with pytest.raises(DataError, match=r"cannot read it \(Parquet magic bytes not found") as error:
        data_lib.load(str(tmp_path / "set"))
    assert "\n" not in str(error.value)
    assert capfd.readouterr() == ("", "")
    assert not datasets.are_progress_bars_disabled()


@pytest.mark.parametrize(
    ("feature", "values", "shown"),
    [
        (datasets.Value("float32"), [0.0, 1.5] * 5, "float32"),
        (datasets.List(datasets.Value("int64")), [[0], [1]] * 5, "List"),
    ],
)
def test_label_column_of_another_type_is_not_ignored(tmp_path, feature, values, shown):
    write_table(tmp_path / "set", label=(feature, values))
    with pytest.raises(DataError, match=rf"column label has type {shown}.*--label-column none"):
        data_lib.load(str(tmp_path / "set"))
    assert data_lib.load(str(tmp_path / "set"), "none").labels is None


@pytest.mark.parametrize("stream", [False, True])
def test_files_replaced_under_one_fingerprint_are_read(tmp_path, stream):
    """Programs that use `Dataset.from_generator` write other images with the same fingerprint."""
    root = tmp_path / "set"
    for seed in range(2):
        images = [Image.fromarray(array) for array in pixels((10, 4, 6), seed)]
        table = datasets.Dataset.from_dict({"image": images}).cast_column("image", datasets.Image())
        table._fingerprint = "same"
        table.save_to_disk(root)
        assert '"_fingerprint": "same"' in (root / "state.json").read_text()
        cache = str(tmp_path / "decoded") if stream else ""
        streaming = data_lib.Streaming(stream, workers=0, cache=cache)
        data = data_lib.load(str(root), streaming=streaming)
        every = np.concatenate([data.images[:], data.test_images[:]])
        assert sorted(map(bytes, every)) == sorted(map(bytes, pixels((10, 4, 6), seed)))
