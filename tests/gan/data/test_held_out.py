import numpy as np
import pytest

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.data import held_out, row_order
from tests.gan.data.image_files import pixels, write_classes, write_flat


def hashes(count, seed=0):
    return np.random.default_rng(seed).integers(2**63, size=count).astype(np.uint64)


def test_a_fifth_of_each_class_is_held_out():
    labels = np.repeat(np.arange(10), 50)  # sorted by class
    mask = held_out.choose(hashes(500), labels)
    np.testing.assert_array_equal(np.bincount(labels[mask]), [10] * 10)


def test_held_out_rows_look_random():
    mask = held_out.choose(hashes(5000))
    assert mask.sum() == 1000
    # A block or a regular pattern would be far from the binomial distribution of a fifth.
    blocks = mask.reshape(50, 100).sum(axis=1)
    assert 2.5 < blocks.std() < 5.5


def test_choice_does_not_depend_on_the_order_of_rows():
    keys, labels = hashes(300), np.random.default_rng(1).integers(4, size=300)
    order = np.random.default_rng(2).permutation(300)
    np.testing.assert_array_equal(
        held_out.choose(keys, labels)[order], held_out.choose(keys[order], labels[order])
    )


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([12] * 10, 24),
        ([1, 19], 4),
        ([1, 1, 1, 1, 6], 2),  # Only one class can give examples away.
        ([997, 3], 200),
        ([2] * 5, 2),
    ],
)
def test_every_class_keeps_a_training_example(sizes, expected):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    mask = held_out.choose(hashes(len(labels)), labels)
    assert mask.sum() == held_out.size(len(labels), labels) == expected
    assert set(labels[~mask]) == set(range(len(sizes)))


def test_classes_of_one_example_are_divided_as_one():
    labels = np.arange(10)
    mask = held_out.choose(hashes(10), labels)
    assert mask.sum() == held_out.size(10, labels) == 2


def test_at_most_ten_thousand_are_held_out():
    assert held_out.choose(hashes(100_000)).sum() == 10_000
    assert held_out.size(100_000, np.arange(100_000) % 7) == 10_000


def test_contents_and_arrays_have_the_same_hashes():
    rows = pixels((5, 4, 3))
    contents = held_out.hash_contents(row.tobytes() for row in rows)
    np.testing.assert_array_equal(contents, row_order.row_hashes(rows))


def test_ten_class_folders_of_twelve_images_are_all_trained_on(tmp_path):
    data = data_lib.load(str(write_classes(tmp_path / "set", classes=10, count=12)))
    assert len(data.images) == 96 and data.num_classes == 10
    assert set(np.bincount(data.labels)) <= {9, 10}
    assert set(np.bincount(data.test_labels)) <= {2, 3}


def test_file_names_do_not_change_the_choice(tmp_path):
    names = [f"{i:02}.png" for i in range(20)]
    first = data_lib.load(str(write_flat(tmp_path / "first", names)))
    second = data_lib.load(str(write_flat(tmp_path / "second", names[::-1])))
    assert len(first.test_images) == 4
    for part in ("images", "test_images"):
        np.testing.assert_array_equal(
            *(np.sort(getattr(data, part).reshape(-1, 24), axis=0) for data in (first, second))
        )


def test_arrays_are_split_by_the_same_rule():
    images, labels = pixels((60, 4, 4)), np.repeat(np.arange(3), 20)
    order = np.random.default_rng(0).permutation(60)
    sorted_rows = data_lib.from_arrays(images, labels)
    shuffled = data_lib.from_arrays(images[order], labels[order])
    np.testing.assert_array_equal(np.bincount(sorted_rows.test_labels), [4, 4, 4])
    np.testing.assert_array_equal(
        *(np.unique(data.test_images, axis=0) for data in (sorted_rows, shuffled))
    )
    mask = held_out.choose(row_order.row_hashes(images[..., None]), labels)
    np.testing.assert_array_equal(sorted_rows.images, images[~mask][..., None])


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_processes_load_the_shards_of_one_split(tmp_path, processes):
    root = write_classes(tmp_path / "set", classes=3, count=7)
    whole = data_lib.load(str(root))
    shards = [
        data_lib.load(str(root), shard_fn=data_lib.shard_of_process(index, processes, 1))
        for index in range(processes)
    ]
    np.testing.assert_array_equal(np.concatenate([s.images for s in shards]), whole.images)
    np.testing.assert_array_equal(np.concatenate([s.labels for s in shards]), whole.labels)
    assert {(s.count, s.test_count) for s in shards} == {(17, 4)}
    assert len({s.totals.identity for s in shards}) == 1
    assert all(len(s.test_images) == 0 for s in shards)


def test_process_without_rows_knows_the_shape(tmp_path):
    root = write_classes(tmp_path / "set", classes=2, count=3)
    shard_fn = data_lib.shard_of_process(7, 8, 1)
    assert data_lib.load(str(root), shard_fn=shard_fn).images.shape == (0, 4, 6, 1)


def test_another_dataset_has_another_identity(tmp_path):
    shard_fn = data_lib.shard_of_process(0, 2, 1)
    roots = [write_classes(tmp_path / name / "set") for name in ("a", "b")]
    identity = [data_lib.load(str(r), shard_fn=shard_fn).totals.identity for r in roots]
    assert identity[0] == identity[1]
    (roots[1] / "class0" / "0.png").rename(roots[1] / "class1" / "7.png")
    assert data_lib.load(str(roots[1]), shard_fn=shard_fn).totals.identity != identity[0]
