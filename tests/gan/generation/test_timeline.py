"""The strip of samples over time, and the fixed inputs of a run."""

import numpy as np
import pytest
from PIL import Image

from minmax_jax.gan import networks
from minmax_jax.gan.generation import fixed, image_io, timeline
from minmax_jax.gan.generation.latents import seeded_latents


def grid(shade, columns=8, rows=3):
    images = np.full((columns * rows, 4, 4, 3), 10, np.uint8)
    images[::columns] = shade  # The first column.
    return image_io.grid(images, columns=columns)


def test_strip_shows_the_first_column_of_each_step():
    images = {step: grid(shade) for step, shade in ((100, 60), (2000, 120), (30_000, 180))}
    strip = np.asarray(timeline.strip(images, 8))
    height, width = np.asarray(images[100]).shape[:2]
    assert strip.shape == (height + 18, 3 * width // 8, 3)
    for index, image in enumerate(images.values()):
        shown = strip[18:, index * width // 8 : (index + 1) * width // 8]
        np.testing.assert_array_equal(shown, np.asarray(image)[:, : width // 8])
    headers = [strip[:18, index * width // 8 : (index + 1) * width // 8] for index in range(3)]
    assert all(header.min() < 100 for header in headers)  # Each has dark text.


def test_strip_leaves_out_images_of_another_size():
    images = {1: grid(1, rows=2), 2: grid(2), 3: grid(3)}
    assert timeline.strip(images, 8).size[0] == 2 * images[3].size[0] // 8
    assert timeline.strip({5: Image.new("RGB", (30, 20))}, 1).size == (30, 38)


@pytest.mark.parametrize("count", [1, 2, 12, 13, 1000])
def test_choose_keeps_first_and_last_of_many_steps(count):
    steps = list(range(0, 10 * count, 10))
    chosen = timeline.choose(steps)
    assert (chosen[0], chosen[-1], len(chosen)) == (steps[0], steps[-1], min(count, 12))
    assert chosen == sorted(set(chosen))


def pair(shape, num_classes=0):
    def apply(params, stats, inputs, *, train, keys=None, labels=None):
        raise AssertionError

    network = networks.Network(apply, {}, {})
    return networks.Pair(network, network, 5, shape, num_classes)


def test_unconditional_grid_has_the_latents_of_sample():
    latents, labels, columns = fixed.fixed_inputs(pair((4, 4, 1)))
    np.testing.assert_array_equal(latents, seeded_latents(5, 64))
    assert labels is None and columns == 8


def test_conditional_grid_has_one_row_per_class():
    latents, labels, columns = fixed.fixed_inputs(pair((4, 4, 1), num_classes=3))
    np.testing.assert_array_equal(labels, np.repeat([0, 1, 2], 8))
    np.testing.assert_array_equal(latents, np.tile(seeded_latents(5, 8), (3, 1)))
    assert columns == 8 and labels.dtype == np.int32
    many = fixed.fixed_inputs(pair((4, 4, 1), num_classes=1000)).labels
    assert len(many) == 16 * 8 and many[0] == 0 and many[-1] == 999


def test_vectors_of_a_conditional_run_have_all_classes():
    latents, labels, _ = fixed.fixed_inputs(pair((2,), num_classes=3))
    assert latents.shape == (1000, 5) and np.bincount(labels).tolist() == [334, 333, 333]
