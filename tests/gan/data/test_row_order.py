"""Tests of the order and the choice of examples by their content."""

import numpy as np
import pytest

from minmax_jax.gan.data import row_order


def images(count, seed=0):
    return np.random.RandomState(seed).randint(0, 256, (count, 4, 4, 1)).astype(np.uint8)


@pytest.mark.parametrize("count", [40, 200])
def test_sample_rows_does_not_depend_on_row_order(count):
    examples, labels = images(200), np.arange(200) % 3
    shuffle = np.random.RandomState(1).permutation(200)
    first = row_order.sample_rows(examples, labels, count)
    other = row_order.sample_rows(examples[shuffle], labels[shuffle], count)
    np.testing.assert_array_equal(examples[first], examples[shuffle][other])
    np.testing.assert_array_equal(labels[first], labels[shuffle][other])
    assert len(set(first.tolist())) == count


def test_sample_rows_of_sorted_data_covers_all_classes():
    labels = np.repeat(np.arange(10), [100, 100, 100, 100, 100, 100, 100, 100, 100, 300])
    chosen = row_order.sample_rows(images(1200), labels, 120)
    assert np.bincount(labels[chosen]).tolist() == [10] * 9 + [30]


def test_sample_rows_keeps_proportions_of_repeated_examples():
    # Only two different images: each must appear in the sample about as often as in the data.
    examples = np.repeat(images(2), [1000, 3000], axis=0)
    chosen = examples[row_order.sample_rows(examples, None, 400)]
    share = (chosen == examples[0]).all(axis=(1, 2, 3)).mean()
    assert 0.18 < share < 0.32


def test_sample_rows_differs_from_a_prefix_of_the_hash_order():
    # The examples with the smallest hashes may be held out, so a sample of other rows must not
    # prefer rows with small hashes.
    examples = images(1000)
    chosen = row_order.sample_rows(examples, None, 100)
    assert len(set(chosen) & set(row_order.content_order(examples)[:100])) < 30


@pytest.mark.parametrize(
    ("count", "sizes", "expected"),
    [(5, [5, 5, 5], [2, 2, 1]), (1, [1, 9], [0, 1]), (10, [1, 9], [1, 9]), (0, [2, 2], [0, 0])],
)
def test_stratified_rows_round_shares_to_the_count(count, sizes, expected):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    rows = row_order.stratified_rows(count, len(labels), labels)
    assert np.bincount(labels[rows], minlength=len(sizes)).tolist() == expected


def test_content_order_accepts_empty_data_and_floats():
    assert row_order.content_order(np.zeros((0, 3))).tolist() == []
    points = np.random.RandomState(0).normal(size=(50, 2)).astype(np.float32)
    order = row_order.content_order(points)
    reversed_order = row_order.content_order(points[::-1])
    np.testing.assert_array_equal(points[order], points[::-1][reversed_order])


def test_content_order_sorts_equal_examples_by_label():
    examples, labels = np.zeros((6, 2), np.uint8), np.array([2, 0, 1, 0, 2, 1])
    assert labels[row_order.content_order(examples, labels)].tolist() == [0, 0, 1, 1, 2, 2]
