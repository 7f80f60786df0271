"""Inception-v3 features from torch-fidelity, with weights from a file.

Distances in the 2048 features are FID and KID as reported in papers only with the
published weights (6726825d) and the same numbers of images. torch-fidelity resizes
images as the papers do. Only tensors are unpickled from the file of weights.
"""

import hashlib
import importlib
import importlib.util
import os
import pickle
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from minmax_jax.gan.base import cache
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.messages import Note, ignore_note
from minmax_jax.gan.evaluation.features.extractor import Extracted, Extractor
from minmax_jax.gan.generation.image_io import to_uint8

BATCH = 50
"""Number of images per call of the network."""

PUBLISHED = "6726825d"
"""First eight digits of the SHA-256 of the published weights."""


def inception(weights: str | None = None, note: Note = ignore_note) -> Extractor:
    """Creates the Inception extractor.

    `facts["weights"]` contains the first eight digits of the SHA-256 of the weights.

    Args:
      weights: File of weights in torch-fidelity's format. Default: the published
        weights, from the cache or downloaded into it.
      note: Called with one line before a download.

    Raises:
      ConfigError: If torch-fidelity is not installed, or the weights are missing or
        belong to another network.
    """
    torch, network, digest = _load_network(weights, note)
    device = next(network.parameters()).device

    def extract(images: np.ndarray) -> Extracted:
        parts = []
        for start in range(0, len(images), BATCH):
            chunk = torch.from_numpy(_to_rgb(images[start : start + BATCH])).to(device)
            with torch.no_grad():
                features, logits = network(chunk)
            p = logits.double().softmax(dim=1).float()
            parts.append((features.cpu().numpy(), p.cpu().numpy()))
        features, probabilities = zip(*parts, strict=True)
        return Extracted(np.concatenate(features), np.concatenate(probabilities))

    return Extractor("inception", extract, {"weights": digest}, key=f"inception-{digest}")


def check(weights: str | None = None) -> None:
    """Checks that torch-fidelity is installed and the file of weights exists.

    Raises:
      ConfigError: If not.
    """
    for module in ("torch", "torch_fidelity"):
        if importlib.util.find_spec(module) is None:
            raise _missing_package(f"No module named {module!r}")
    if weights is not None and not Path(weights).is_file():
        raise _missing_weights(weights)


def _missing_package(reason: object) -> ConfigError:
    return ConfigError(
        f"extractors=inception needs torch-fidelity ({reason}). Run pip install "
        "'minmax-jax[fid]', or use another extractor."
    )


def _missing_weights(path: object) -> ConfigError:
    return ConfigError(
        f"inception_weights={path} is not a file. Pass --inception-weights FILE, or omit it to "
        "download the weights."
    )


def _load_network(weights: str | None, note: Note) -> tuple[Any, Any, str]:
    """Returns the module `torch`, the network, and the first digits of its SHA-256."""
    try:
        torch: Any = importlib.import_module("torch")
        module: Any = importlib.import_module("torch_fidelity.feature_extractor_inceptionv3")
    except ImportError as error:
        raise _missing_package(error) from error
    path = Path(weights) if weights else _download(torch, module.URL_INCEPTION_V3, note)
    if not path.is_file():
        raise _missing_weights(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    names = ["2048", "logits_unbiased"]
    try:
        with _tensors_only():
            network = module.FeatureExtractorInceptionV3("inception", names, str(path))
    except (pickle.UnpicklingError, RuntimeError, KeyError, AttributeError, TypeError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ConfigError(
            f"inception_weights={path} does not contain torch-fidelity's Inception weights "
            f"({reason:.120}). Pass the right file, or omit it to download the weights."
        ) from error
    return torch, network.to("cuda" if torch.cuda.is_available() else "cpu"), digest


def _to_rgb(images: np.ndarray) -> np.ndarray:
    """Converts images to uint8 `(n, 3, height, width)`; gray becomes three equal channels."""
    if images.dtype != np.uint8:
        images = to_uint8(images)
    rgb = np.broadcast_to(images, (*images.shape[:-1], 3))
    return np.ascontiguousarray(rgb.transpose(0, 3, 1, 2))


@contextmanager
def _tensors_only() -> Iterator[None]:
    """Lets `torch.load` unpickle only tensors; torch-fidelity by itself would run any pickle."""
    name = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns about files that it then rejects.
            yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _download(torch: Any, url: str, note: Note) -> Path:
    """Returns the file of the published weights, after downloading it if it is not cached."""
    path = cache.cache_folder() / Path(url).name
    if path.is_file():
        return path
    note(f"downloading Inception weights (91 MB, once) to {path}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), hash_prefix=PUBLISHED, progress=False)
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(
            f"the Inception weights cannot be downloaded ({reason:.120}). Download {url} on "
            "another machine and pass --inception-weights FILE."
        ) from error
    return path
