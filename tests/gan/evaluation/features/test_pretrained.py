"""Tests of the Inception extractor from torch-fidelity."""

import hashlib
import importlib.util
import pickle
import sys

import numpy as np
import pytest

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.evaluation import features
from tests.gan.conftest import small_data


@pytest.fixture(scope="module")
def torch():
    pytest.importorskip("torch_fidelity", reason="needs the extra fid (torch-fidelity)")
    return pytest.importorskip("torch", reason="needs the extra fid (torch)")


@pytest.fixture(scope="module")
def weights(torch, tmp_path_factory):
    """Writes random weights with the right names and shapes."""
    from torch_fidelity import feature_extractor_inceptionv3 as module

    path = tmp_path_factory.mktemp("weights") / "random.pth"
    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(module.FeatureExtractorInceptionV3, "load_state_dict", lambda *_, **__: None)
        network = module.FeatureExtractorInceptionV3("inception", ["2048"])
    torch.save(network.state_dict(), path)
    return path


def test_inception_features_match_torch_fidelity(torch, weights):
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    images = small_data((32, 32, 3), 4).images
    extractor = features.inception(str(weights))
    found = extractor.extract(images)
    network = FeatureExtractorInceptionV3("reference", ["2048", "logits"], str(weights))
    expected, _ = network(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))
    np.testing.assert_allclose(found.features, expected.numpy(), rtol=1e-4, atol=1e-6)
    assert found.features.shape == (4, 2048) and found.probabilities.shape == (4, 1008)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-4)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()[:8]
    assert extractor.facts == {"weights": digest}
    assert features.describe(extractor.name, extractor.facts) == f"inception {digest}"


def test_inception_accepts_floats_and_gray_images(weights):
    gray = small_data((28, 28, 1), 3).images
    extract = features.inception(str(weights)).extract
    expected = extract(np.repeat(gray, 3, axis=3)).features
    for images in (gray, gray.astype(np.float32) / 127.5 - 1):
        np.testing.assert_array_equal(extract(images).features, expected)


class Harmful:
    """Sets `sys.harmed` when it is unpickled."""

    def __reduce__(self):
        return (exec, ("import sys; sys.harmed = True",))


def test_inception_does_not_unpickle_code(torch, tmp_path):
    pickle.loads(pickle.dumps(Harmful()))  # shows that unpickling runs the code
    assert sys.harmed
    del sys.harmed
    for write in (
        lambda path: torch.save({"fc": Harmful()}, path),
        lambda path: path.write_bytes(pickle.dumps({"fc": Harmful()})),
    ):
        path = tmp_path / "harmful.pth"
        write(path)
        with pytest.raises(
            ConfigError, match="does not contain torch-fidelity's Inception weights"
        ):
            features.inception(str(path))
        assert not hasattr(sys, "harmed")


def test_inception_rejects_other_weights_and_missing_files(torch, tmp_path):
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(ConfigError, match=r"other\.pth does not contain") as caught:
        features.inception(str(tmp_path / "other.pth"))
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError, match=r"inception_weights=.*absent\.pth is not a file"):
        features.inception(str(tmp_path / "absent.pth"))


def test_inception_without_network_names_the_remedy(torch, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def refuse(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    notes = []
    with pytest.raises(ConfigError, match=r"cannot be downloaded.*pass --inception-weights FILE"):
        features.inception(note=notes.append)
    assert "downloading Inception weights" in notes[0]


def test_check_names_missing_package_and_missing_weights(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"needs torch-fidelity .*'minmax-jax\[fid\]'"):
        features.check("inception", small_data())
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    features.check("inception", small_data())
    with pytest.raises(ConfigError, match="inception_weights=absent is not a file"):
        features.check("inception", small_data(), inception_weights="absent")


@pytest.mark.skipif(
    importlib.util.find_spec("torch_fidelity") is not None, reason="torch-fidelity is installed"
)
def test_inception_without_package_names_the_remedy():
    with pytest.raises(ConfigError, match=r"pip install 'minmax-jax\[fid\]'"):
        features.inception()
