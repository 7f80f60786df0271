"""The rows computed on the host are those that the compiled step draws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.data import batches
from minmax_jax.gan.data.streaming import order


@pytest.mark.parametrize(
    ("seed", "step", "draw", "count", "penalty"),
    [
        (0, 0, 0, 1000, False),
        (7, 123, 2, 50_000, False),
        (2**31 - 1, 99_999, 1, 2**31 - 1, False),
        (3, 5, 17, 1, True),
        (3, 5, 2**20, 70_001, True),
    ],
)
def test_batch_rows_equal_those_of_the_compiled_step(seed, step, draw, count, penalty):
    key = jax.random.fold_in(jax.random.key(np.uint32(seed)), step)
    key = jax.random.fold_in(key, data_lib.PENALTY_STREAM) if penalty else key
    key = jax.random.split(jax.random.fold_in(key, draw), 4)[0]
    indices = np.arange(3, 11)
    positions = [
        jax.random.randint(jax.random.fold_in(key, index), (), 0, count) for index in indices
    ]
    found = order.batch_rows(seed, step, draw, indices, count, penalty=penalty)
    np.testing.assert_array_equal(found, np.asarray(positions))


@pytest.mark.parametrize("count", [1, 600, 2**31 - 1])
def test_rows_equal_those_drawn_with_64_bit_integers(count):
    with jax.enable_x64(True):
        key = jax.random.split(jax.random.fold_in(jax.random.key(4), 9), 4)[0]
        positions = batches._positions(key, jnp.arange(5), count)
        assert positions.dtype == jnp.int64
    key = order.fold_in(order.fold_in((np.uint32(0), np.uint32(4)), 9), 0)
    found = order._below(count, order.fold_in(key, np.arange(5)), np.uint64)
    np.testing.assert_array_equal(found, np.asarray(positions))


def test_batch_rows_equal_labeled_batch():
    labels = jnp.arange(600, dtype=jnp.int32)
    images = labels.astype(jnp.float32)[:, None]
    key = jax.random.split(jax.random.fold_in(jax.random.fold_in(jax.random.key(4), 9), 1), 4)[0]
    drawn = data_lib.labeled_batch(data_lib.Examples(images, labels), key, jnp.arange(16))
    found = order.batch_rows(4, 9, 1, np.arange(16), 600)
    np.testing.assert_array_equal(found, np.asarray(drawn.labels))
    np.testing.assert_array_equal(found, np.asarray(drawn.images)[:, 0])
