"""Tests of the Inception extractor, with a tiny network in place of Inception."""

import hashlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.evaluation import features
from minmax_jax.gan.evaluation.features import inception_network, inception_weights, pretrained
from minmax_jax.gan.networks import Network
from tests.gan.conftest import small_data
from tests.gan.evaluation.features.torch_files import torch_bytes


def _apply(params, stats, images, *, train):
    features = images.reshape(len(images), -1)[:, :12] @ params["fc"]["kernel"]
    return (features, 3 * features), stats


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """Replaces the network by one matrix, and returns a file with its weights."""
    kernel = jax.ShapeDtypeStruct((12, 4), np.float32)
    tiny = Network(_apply, {"fc": {"kernel": kernel}}, {})
    monkeypatch.setattr(inception_network, "empty_network", lambda: tiny)
    monkeypatch.setattr(pretrained, "SIDE", 8)
    monkeypatch.setattr(pretrained, "batch_per_device", lambda: 3)
    path = tmp_path / "tiny.pth"
    kernel = np.random.RandomState(0).normal(size=(4, 12)).astype(np.float32)
    path.write_bytes(torch_bytes({"fc.weight": kernel}))
    return path


def test_extractor_computes_on_all_devices_and_in_batches(weights):
    extractor = features.inception(str(weights))
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()[:8]
    assert extractor.facts == {"weights": digest} and digest in (extractor.key or "")
    assert features.describe(extractor.name, extractor.facts) == f"inception {digest}"
    images = small_data((16, 16, 3), 64).images
    images = np.concatenate([images, images[::-1]])[: 3 * jax.local_device_count() + 2]
    found = extractor.extract(images)
    pixels = (images[:, ::2, ::2].reshape(len(images), -1)[:, :12] - 128.0) / 128
    ((params, _), _) = inception_weights.load(inception_network.empty_network(), weights)
    expected = pixels @ params["fc"]["kernel"]
    np.testing.assert_allclose(found.features, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found.probabilities, jax.nn.softmax(3 * expected), rtol=1e-4)
    # An image has the same features whatever else is extracted with it.
    for count in (1, 4):
        some = extractor.extract(images[:count])
        np.testing.assert_array_equal(some.features, found.features[:count])
    assert extractor.extract(images[:0]).features.shape == (0, 4)


def test_extractor_uses_every_local_device(weights):
    if jax.local_device_count() == 1:
        pytest.skip("needs several devices")
    placed = []

    def apply(params, stats, images, *, train):
        jax.debug.callback(lambda count: placed.append(int(count)), jnp.int32(len(images)))
        return _apply(params, stats, images, train=train)

    tiny = inception_network.empty_network()._replace(apply=apply)
    variables, _ = inception_weights.load(tiny, weights)
    pretrained._extract_fn(tiny, variables)(small_data((16, 16, 3), 2).images)
    jax.effects_barrier()
    assert placed == [3] * jax.local_device_count()


def test_extractor_accepts_floats_and_gray_images(weights):
    gray = small_data((28, 28, 1), 3).images
    extract = features.inception(str(weights)).extract
    expected = extract(np.repeat(gray, 3, axis=3)).features
    for images in (gray, gray.astype(np.float32) / 127.5 - 1):
        np.testing.assert_array_equal(extract(images).features, expected)


def test_check_names_missing_weights(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for check in (features.check, features.build):
        with pytest.raises(ConfigError, match="Run minmax-jax convert-inception --download once"):
            check("inception", small_data())
    inception_weights.stored_path().parent.mkdir()
    inception_weights.stored_path().touch()
    features.check("inception", small_data())
    with pytest.raises(ConfigError, match="inception_weights=absent is not a file"):
        features.check("inception", small_data(), inception_weights="absent")
