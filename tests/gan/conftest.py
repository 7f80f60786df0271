"""Small datasets for tests of the trainer, without downloads."""

import numpy as np
import pytest

from minmax_jax.gan import data as data_lib


def small_data(shape=(28, 28, 1), count=64):
    images = np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8)
    labels = np.arange(count) % 4
    return data_lib.Data(
        images=images,
        labels=labels,
        test_images=images[:16],
        test_labels=labels[:16],
        name="noise",
        num_classes=4,
        kind="image",
    )


@pytest.fixture(scope="session")
def noise_images():
    return small_data()
