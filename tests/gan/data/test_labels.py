import numpy as np
import pytest

from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.data.labels import to_classes


def test_integers_are_classes():
    (train, test), count = to_classes("labels", [0, 5, 2], [1])
    assert train.dtype == np.int32 and train.tolist() == [0, 5, 2] and test.tolist() == [1]
    assert count == 6


def test_strings_become_classes_in_alphabetical_order():
    (train, test), count = to_classes("labels", ["dog", "cat", "dog"], ["eel", "cat", "eel"])
    assert train.tolist() == [1, 0, 1] and test.tolist() == [2, 0, 2] and count == 3


def test_booleans_are_classes():
    (train,), count = to_classes("labels", [True, False])
    assert train.tolist() == [1, 0] and count == 2


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (([0, None],), "be complete, got no label in row 1 of the training examples. Add it"),
        (([0.0, float("nan")],), "got 0.0 in row 0|got no label in row 1"),
        ((["a", "a"], ["a", None]), "no label in row 1 of the test examples"),
        (([0, -1],), "integers from 0 to 65535 or strings, got -1 in row 1"),
        (([0, 10**9],), "got 1000000000 in row 1"),
        (([0, 10**30],), "got 1000000000000000000000000000000 in row 1"),
        (([0, 1.5],), "got 1.5 in row 1"),
        (([0, "a"],), "got 'a' in row 1"),
        (([[0], [1]],), r"got \[0\] in row 0"),
        ((list("abcdef"),), "be class labels, got 6 different strings in 6 rows, such as 'a'"),
    ],
)
def test_unusable_labels_are_refused(parts, message):
    with pytest.raises(DataError, match=f"^labels must .*({message})") as error:
        to_classes("labels", *parts)
    assert "\n" not in str(error.value)
