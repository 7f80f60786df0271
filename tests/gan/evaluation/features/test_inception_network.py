"""Tests of the Inception network with random weights."""

import functools
import json

import jax
import numpy as np
import pytest

from minmax_jax.gan.evaluation import features
from minmax_jax.gan.evaluation.features import (
    inception_file,
    inception_network,
    inception_weights,
    pretrained,
)
from tests.gan.evaluation.features import record_inception


@pytest.fixture(scope="module")
def network():
    return inception_network.empty_network()


def test_inception_has_the_arrays_of_the_published_file(network):
    shapes = inception_weights.shapes(network)
    assert len(shapes) == 472
    # Inception-v3 has 21,785,568 parameters and 34,432 statistics before its last layer.
    weights = sum(np.prod(shape) for path, shape in shapes.items() if not path.startswith("fc/"))
    assert weights == 21_785_568 + 34_432
    assert shapes["fc/kernel"] == (2048, 1008) and shapes["fc/bias"] == (1008,)
    assert shapes["Conv2d_1a_3x3/conv/kernel"] == (3, 3, 3, 32)
    assert shapes["Mixed_6e/branch7x7dbl_4/conv/kernel"] == (7, 1, 192, 192)
    assert shapes["Mixed_7c/branch3x3dbl_3a/conv/kernel"] == (1, 3, 384, 384)


def test_inception_computes_in_full_precision(network):
    images = jax.ShapeDtypeStruct((2, 32, 32, 3), np.uint8)
    variables = network.params, network.stats
    traced = jax.make_jaxpr(functools.partial(pretrained.forward, network))(variables, images)
    shapes = [output.aval.shape for output in traced.jaxpr.outvars]
    assert shapes == [(2, 2048), (2, 1008)]
    names = ("conv_general_dilated", "dot_general")
    products = [equation for equation in traced.jaxpr.eqns if equation.primitive.name in names]
    assert len(products) == 94 + 1
    highest = jax.lax.Precision.HIGHEST
    assert {equation.params["precision"] for equation in products} == {(highest, highest)}


def test_average_pooling_does_not_count_the_padding():
    ones = np.ones((1, 4, 5, 2), np.float32)
    np.testing.assert_array_equal(inception_network.average_pool(ones), ones)
    x = np.random.RandomState(0).normal(size=(1, 4, 5, 2)).astype(np.float32)
    found = inception_network.average_pool(x)
    np.testing.assert_allclose(found[0, 0, 0], x[0, :2, :2].mean(axis=(0, 1)), rtol=1e-5)
    np.testing.assert_allclose(found[0, 1, 4], x[0, :3, 3:].mean(axis=(0, 1)), rtol=1e-5)
    np.testing.assert_array_equal(
        inception_network.max_pool(x)[0, 0, 0], x[0, :2, :2].max(axis=(0, 1))
    )
    np.testing.assert_array_equal(
        inception_network.halve(x)[0, 0, 1], x[0, :3, 2:5].max(axis=(0, 1))
    )


def test_blocks_differ_in_the_pooling_of_the_last_one():
    pools = {
        name: branch[0]
        for name, branches in inception_network.BLOCKS
        for branch in branches
        if callable(branch[0]) and not isinstance(branch[0], inception_network.Conv)
    }
    assert pools.pop("Mixed_7c") is inception_network.max_pool
    halved = {name for name, pool in pools.items() if pool is inception_network.halve}
    assert halved == {"Mixed_6a", "Mixed_7a"}
    assert {pool for name, pool in pools.items() if name not in halved} == {
        inception_network.average_pool
    }


def test_inception_cannot_be_trained(network):
    with pytest.raises(ValueError, match="train must be False, got True"):
        network.apply(network.params, network.stats, None, train=True)


@pytest.fixture(scope="module")
def random_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "random.pth"
    path.write_bytes(record_inception.random_weights())
    return path


def one_per_device(path):
    """Returns the extractor of a file with batches of one image per device, for speed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretrained, "batch_per_device", lambda: 1)
        return features.inception(str(path))


@pytest.fixture(scope="module")
def extractor(random_file):
    return one_per_device(random_file)


@pytest.mark.slow
def test_features_match_recorded_ones_of_torch_fidelity(extractor):
    expected = json.loads(record_inception.PATH.read_text())
    found = extractor.extract(record_inception.images())
    shown = record_inception.SHOWN
    np.testing.assert_allclose(found.features[:, shown], expected["features"], atol=1e-4)
    np.testing.assert_allclose(found.features.mean(axis=1), expected["mean_features"], rtol=1e-5)
    np.testing.assert_allclose(
        found.probabilities[:, shown], expected["probabilities"], rtol=1e-4, atol=1e-8
    )


@pytest.mark.slow
def test_features_match_torch_fidelity(extractor, random_file):
    pytest.importorskip("torch_fidelity", reason="needs the extra peers (torch-fidelity)")
    images = np.random.RandomState(0).randint(0, 256, (4, 64, 48, 3)).astype(np.uint8)
    found = extractor.extract(images)
    expected, probabilities = record_inception.with_torch(random_file, images)
    np.testing.assert_allclose(found.features, expected, atol=1e-4)
    np.testing.assert_allclose(found.probabilities, probabilities, rtol=1e-4, atol=1e-8)


@pytest.mark.slow
def test_published_features_match_torch_fidelity():
    pytest.importorskip("torch_fidelity", reason="needs the extra peers (torch-fidelity)")
    path = inception_file.find()
    if path is None:
        pytest.skip(f"needs the file {inception_file.NAME} in torch.hub's folder")
    extractor, images = one_per_device(path), record_inception.images()
    assert extractor.facts == {"weights": inception_file.SHA256[:8]}
    expected, probabilities = record_inception.with_torch(path, images)
    found = extractor.extract(images)
    np.testing.assert_allclose(found.features, expected, atol=1e-4)
    np.testing.assert_allclose(found.probabilities, probabilities, rtol=1e-4, atol=1e-8)
