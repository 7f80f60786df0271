"""Inception through torch-fidelity: what is loaded, and what is refused."""

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
    """A file of random weights of the right names and shapes, made without any other file."""
    from torch_fidelity import feature_extractor_inceptionv3 as module

    path = tmp_path_factory.mktemp("weights") / "random.pth"
    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(module.FeatureExtractorInceptionV3, "load_state_dict", lambda *_, **__: None)
        network = module.FeatureExtractorInceptionV3("inception", ["2048"])
    torch.save(network.state_dict(), path)
    return path


def test_features_are_those_of_torch_fidelity(torch, weights):
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    images = small_data((32, 32, 3), 4).images
    ours = features.inception(str(weights))
    found = ours.extract(images)
    network = FeatureExtractorInceptionV3("reference", ["2048", "logits"], str(weights))
    theirs, _ = network(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))
    np.testing.assert_allclose(found.features, theirs.numpy(), rtol=1e-4, atol=1e-6)
    assert found.features.shape == (4, 2048) and found.probabilities.shape == (4, 1008)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-4)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()[:8]
    assert ours.facts == {"weights": digest}
    assert features.describe(ours.name, ours.facts) == f"inception {digest}"


def test_floats_and_grey_images_are_the_same_images(weights):
    grey = small_data((28, 28, 1), 3).images
    extract = features.inception(str(weights)).extract
    expected = extract(np.repeat(grey, 3, axis=3)).features
    for images in (grey, grey.astype(np.float32) / 127.5 - 1):
        np.testing.assert_array_equal(extract(images).features, expected)


class Harmful:
    """Unpickled, it would leave a trace."""

    def __reduce__(self):
        return (exec, ("import sys; sys.harmed = True",))


def test_no_pickle_is_loaded(torch, tmp_path):
    pickle.loads(pickle.dumps(Harmful()))  # the trace that it would leave
    assert sys.harmed
    del sys.harmed
    for write in (lambda path: torch.save({"fc": Harmful()}, path),
                  lambda path: path.write_bytes(pickle.dumps({"fc": Harmful()}))):  # fmt: skip
        path = tmp_path / "harmful.pth"
        write(path)
        with pytest.raises(ConfigError, match="holds no weights of torch-fidelity's Inception"):
            features.inception(str(path))
        assert not hasattr(sys, "harmed")


def test_weights_of_another_network_and_missing_files_are_one_line(torch, tmp_path):
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(ConfigError, match=r"other\.pth holds no weights") as caught:
        features.inception(str(tmp_path / "other.pth"))
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError, match=r"absent\.pth is no file"):
        features.inception(str(tmp_path / "absent.pth"))


def test_without_a_connection_it_says_where_the_weights_are(torch, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def refuse(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    notes = []
    with pytest.raises(ConfigError, match=r"cannot be downloaded.*give --inception-weights FILE"):
        features.inception(note=notes.append)
    assert "downloading Inception weights" in notes[0]


@pytest.mark.skipif(
    importlib.util.find_spec("torch_fidelity") is not None, reason="torch-fidelity is installed"
)
def test_without_the_package_it_says_what_to_install():
    with pytest.raises(ConfigError, match=r"pip install 'minmax-jax\[fid\]'"):
        features.inception()
