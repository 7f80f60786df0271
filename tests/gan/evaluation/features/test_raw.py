"""Tests of the extractors pixels and points, and of the choice of an extractor."""

import numpy as np
import pytest

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.evaluation import features
from tests.gan.conftest import small_data


def test_pixels_returns_scaled_pixels_row_by_row():
    images = small_data((5, 4, 3))
    pixels = features.build("pixels", images)
    found = pixels.extract(images.images)
    np.testing.assert_allclose(found.features, images.images.reshape(64, -1) / 127.5 - 1, atol=1e-6)
    assert pixels.facts == {"size": "5x4x3"} and found.probabilities is None


def test_pixels_averages_large_images_over_blocks():
    images = small_data((70, 64, 1))
    found = features.pixels(images).extract(images.images)
    assert features.pixels(images).facts == {"size": "23x32x1"}  # blocks of 3 by 2 pixels
    expected = images.images[0, 3:6, 2:4, 0].mean() / 127.5 - 1
    np.testing.assert_allclose(found.features[0].reshape(23, 32)[1, 1], expected, atol=1e-6)


def test_points_returns_vectors_and_default_depends_on_data():
    gaussians = data_lib.gaussians(num=100)
    points = features.build(features.default(gaussians), gaussians)
    np.testing.assert_array_equal(points.extract(gaussians.images).features, gaussians.images)
    assert features.default(small_data()) == "classifier"
    assert features.default(small_data()._replace(labels=None)) == "pixels"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pixels", "extractors=pixels: gaussians contains vectors. Use points"),
        ("inceptoin", "extractors='inceptoin' is not known; did you mean inception"),
    ],
)
def test_build_rejects_unsuitable_extractors(name, message):
    with pytest.raises(ConfigError, match=message):
        features.build(name, data_lib.gaussians(num=100))
