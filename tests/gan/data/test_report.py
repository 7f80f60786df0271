import numpy as np
import pytest

from minmax_jax.gan import data as data_lib


def image_data(count=50_000, test_count=10_000, **fields):
    values = {
        "images": np.zeros((count, 1, 1, 3), np.uint8).repeat(2, axis=1),
        "labels": np.zeros(count, np.int32),
        "test_images": np.zeros((test_count, 2, 1, 3), np.uint8),
        "test_labels": np.zeros(test_count, np.int32),
        "name": "cifar10",
        "num_classes": 10,
        "kind": "image",
    }
    return data_lib.Data(**{**values, **fields})


def test_lines_report_counts_size_and_classes():
    text = "cifar10: 50,000 training images 1×2×3 in 10 classes; 10,000 held out"
    assert data_lib.lines(image_data()) == [text]


def test_lines_of_unlabeled_data_name_no_classes():
    data = image_data(labels=None, test_labels=None, num_classes=None)
    assert data_lib.lines(data) == ["cifar10: 50,000 training images 1×2×3; 10,000 held out"]


def test_lines_of_a_shard_report_the_whole_dataset():
    data = image_data(5, 0, totals=data_lib.Totals(1234, 0, 56))
    assert "1,234 training images" in data_lib.lines(data)[0]
    assert "; 56 held out" in data_lib.lines(data)[0]


@pytest.mark.parametrize(("batch_size", "count"), [(64, 1), (65, 2)])
def test_lines_note_a_dataset_smaller_than_a_batch(batch_size, count):
    lines = data_lib.lines(image_data(64, 8), batch_size)
    assert len(lines) == count
    if count == 2:
        assert "batch size, 65, exceeds the number of training examples" in lines[1]


def test_lines_escape_control_characters():
    data = image_data(6, 1, name="a\x1b[2J\nb", notes=("left out: \x07",))
    assert all(line.isprintable() for line in data_lib.lines(data))
