import numpy as np
import pytest

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import DataError
from tests.gan.data.image_files import pixels

IMAGES = pixels((12, 4, 4))


def test_names_of_classes_become_classes():
    names = np.array(["dog", "cat", "eel"] * 4)
    data = data_lib.from_arrays(IMAGES, names, test_images=IMAGES[:3], test_labels=names[:3])
    assert data.num_classes == 3
    assert data.labels.tolist() == [1, 0, 2] * 4 and data.test_labels.tolist() == [1, 0, 2]
    assert data.notes == ()


def test_data_split_at_random_say_so():
    data = data_lib.from_arrays(IMAGES)
    assert (data.count, data.test_count) == (10, 2)
    assert "held out at random" in data_lib.lines(data)[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"images": IMAGES[:5]}, "images must contain at least 6 examples, got 5. Pass more"),
        ({"images": IMAGES[:0]}, "images must be uint8 images"),
        ({"labels": np.arange(5)}, r"labels must have shape \[12\], one label per example"),
        ({"labels": np.full(12, -1)}, "got -1 in row 0 of the training examples"),
        ({"labels": np.full(12, 2**40)}, "got 1099511627776 in row 0"),
        ({"labels": np.array([None] * 12)}, "got no label in row 0"),
        ({"labels": np.linspace(0, 1, 12)}, "got 0.0 in row 0"),
        ({"labels": np.arange(12), "test_images": IMAGES}, "labels and test_labels, or neither"),
        ({"test_labels": np.arange(12)}, "test_labels require test_images"),
        ({"test_images": IMAGES[:, :3]}, "must have the same shape and dtype"),
        ({"images": np.full((9, 2), np.nan)}, "images must be finite"),
    ],
)
def test_unusable_arrays_are_refused(arguments, message):
    with pytest.raises(DataError, match=message):
        data_lib.from_arrays(**{"images": IMAGES, **arguments})
