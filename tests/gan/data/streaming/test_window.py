"""Windows give the batches that a dataset in memory gives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.data.streaming.arrays import ArrayExamples
from minmax_jax.gan.data.streaming.layout import Draws
from minmax_jax.gan.data.streaming.plan import BatchSource, plan
from minmax_jax.gan.data.streaming.window import Window

IMAGES = np.random.default_rng(0).integers(0, 256, (50, 2, 2, 1), dtype=np.uint8)
LABELS = np.arange(50, dtype=np.int32)
BATCH, SEED = 6, 3


def window(draws, first=4):
    source = BatchSource(
        plan(
            ArrayExamples(IMAGES),
            LABELS,
            draws,
            range(BATCH),
            seed=SEED,
            start=first,
            end=first + 2,
        )
    )
    batches = [source[index] for index in range(source.plan.layout.num_slots)]
    assert source.plan.num_windows == 1
    empty = data_lib.Examples(np.zeros((BATCH, 2, 2, 1), np.uint8), np.zeros(BATCH, np.int32))
    images = np.stack([empty.images if b.images is None else b.images for b in batches])
    labels = np.stack([empty.labels if b.labels is None else b.labels for b in batches])
    layout = source.plan.layout
    return Window(jnp.asarray(images), jnp.asarray(labels), LABELS, np.int32(first), layout)


def expected(step, draw, indices, penalty=False):
    key = jax.random.fold_in(jax.random.key(SEED), step)
    key = jax.random.fold_in(key, data_lib.PENALTY_STREAM) if penalty else key
    key = jax.random.split(jax.random.fold_in(key, draw), 4)[0]
    data = data_lib.Examples(jnp.asarray(IMAGES), jnp.asarray(LABELS))
    return data_lib.labeled_batch(data, key, indices)


def assert_same(found, wanted):
    np.testing.assert_array_equal(found.images, wanted.images)
    np.testing.assert_array_equal(found.labels, wanted.labels)


@pytest.mark.parametrize("traced", [False, True])
def test_microbatch_of_a_window_equals_a_drawn_one(traced):
    data = window(Draws(2))
    take = lambda step, draw, part: data_lib.microbatch(  # noqa: E731
        data_lib.at_step(data, step), None, jnp.arange(3), draw, part
    )
    # A compiled program rounds the conversion to floats once, operations one by one twice.
    take, draws = (jax.jit(take), jax.jit(expected)) if traced else (take, expected)
    for step, draw, part in [(4, 0, 0), (5, 1, 1)]:
        indices = jnp.arange(3) + 3 * part
        assert_same(take(step, draw, part), draws(step, draw, indices))


def test_penalty_of_a_window_has_batches_of_its_own():
    # The discriminator makes three steps per update; steps 12 and 16 of updates 4 and 5 are due.
    data = data_lib.for_penalty(data_lib.at_step(window(Draws(1, 3, 4)), 5))
    found = data_lib.microbatch(data, None, jnp.arange(BATCH), jnp.int32(16), 0)
    assert_same(found, expected(5, 16, jnp.arange(BATCH), penalty=True))


def test_microbatch_without_labels_has_none():
    data = data_lib.at_step(window(Draws(1)), 4)._replace(labels=None)
    assert data_lib.microbatch(data, None, jnp.arange(BATCH), 0, 0).labels is None
