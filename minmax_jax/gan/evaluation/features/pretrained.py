"""Inception-v3 features by torch-fidelity, from a file of weights.

Only with the published weights, 6726825d, are distances in its 2048 features what papers call
FID and KID; and only with their counts of images and their resizing, which torch-fidelity does.
Torch reads the weights without unpickling anything but tensors.
"""

import hashlib
import importlib
import os
import pickle
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from minmax_jax.gan.base import cache
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.evaluation.features.extractor import Extracted, Extractor

BATCH = 50
PUBLISHED = "6726825d"
"""The first eight digits of the SHA-256 of the published weights."""


def inception(
    weights: str | None = None, note: Callable[[str], None] = lambda line: None
) -> Extractor:
    """Returns the Inception extractor; `facts["weights"]` begins the SHA-256 of its weights.

    Args:
      weights: file of weights as torch-fidelity has them; None takes the published ones, from
        the cache or downloaded into it.
      note: called with one line before a download.

    Raises:
      ConfigError: torch-fidelity is not installed, or the weights are missing or are others.
    """
    try:
        torch: Any = importlib.import_module("torch")
        module: Any = importlib.import_module("torch_fidelity.feature_extractor_inceptionv3")
    except ImportError as error:
        raise ConfigError(
            f"extractors=inception needs torch-fidelity ({error}); "
            "pip install 'minmax-jax[fid]', or give another extractor"
        ) from error
    path = Path(weights) if weights else _published(torch, module.URL_INCEPTION_V3, note)
    if not path.is_file():
        raise ConfigError(f"inception_weights={path} is no file; give the file of weights")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    names = ["2048", "logits_unbiased"]
    try:
        with _tensors_only():
            network = module.FeatureExtractorInceptionV3("inception", names, str(path))
    except (pickle.UnpicklingError, RuntimeError, KeyError, AttributeError, TypeError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ConfigError(
            f"inception_weights={path} holds no weights of torch-fidelity's Inception "
            f"({reason:.120}); give that file, or none to download it"
        ) from error
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = network.to(device)

    def extract(images: np.ndarray) -> Extracted:
        parts = []
        for start in range(0, len(images), BATCH):
            chunk = torch.from_numpy(_bytes(images[start : start + BATCH])).to(device)
            with torch.no_grad():
                features, logits = network(chunk)
            p = logits.double().softmax(dim=1).float()
            parts.append((features.cpu().numpy(), p.cpu().numpy()))
        features, probabilities = zip(*parts, strict=True)
        return Extracted(np.concatenate(features), np.concatenate(probabilities))

    return Extractor("inception", extract, {"weights": digest}, key=f"inception-{digest}")


def _bytes(images: np.ndarray) -> np.ndarray:
    """Returns images as uint8 `(n, 3, height, width)`; grey becomes three equal channels."""
    if images.dtype != np.uint8:
        images = np.clip(np.rint((images + 1) * 127.5), 0, 255).astype(np.uint8)
    colour = np.broadcast_to(images, (*images.shape[:-1], 3))
    return np.ascontiguousarray(colour.transpose(0, 3, 1, 2))


@contextmanager
def _tensors_only() -> Iterator[None]:
    """Makes `torch.load` refuse any pickle but tensors; torch-fidelity itself would run it."""
    name = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of files that are refused a moment later
            yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _published(torch: Any, url: str, note: Callable[[str], None]) -> Path:
    """Returns the file of the published weights, downloaded and verified if it is not there."""
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
            f"the Inception weights cannot be downloaded ({reason:.120}); fetch {url} elsewhere "
            "and give --inception-weights FILE"
        ) from error
    return path
