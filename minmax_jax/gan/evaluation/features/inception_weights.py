"""Converted weights of the Inception network in the cache folder."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from flax import traverse_util

from minmax_jax.gan.base import cache, private_folder
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.messages import Note, ignore_note
from minmax_jax.gan.evaluation.features import inception_file
from minmax_jax.gan.evaluation.features.inception_file import COMMAND, NAME, SHA256, URL
from minmax_jax.gan.evaluation.features.inception_network import empty_network
from minmax_jax.gan.networks import Network

DIGITS = 8
"""Number of digits of a SHA-256 that identify weights in records."""

ENTRY = f"inception-weights-{SHA256[:DIGITS]}"
"""Name of the converted weights in the cache."""

_CHECKSUM = "sha256"

Variables = tuple[Any, Any]
"""Parameters and BatchNorm statistics of the network: two nested dicts of arrays."""


def stored_path() -> Path:
    """Returns the path of the converted weights, which need not exist."""
    return cache.cache_folder() / f"{ENTRY}.npz"


def convert(
    weights: str | Path | None = None, note: Note = ignore_note, *, download: bool = False
) -> Path:
    """Converts the published weights, and stores them in the cache folder.

    The file is read as data; nothing in it is executed.

    Args:
      weights: The published file. Default: the file in the folder of torch.hub, where
        torch-fidelity keeps it.
      note: Called with one line before a download.
      download: Whether to download the file if `weights` is None and the file is not there.

    Returns:
      The path of the converted weights.

    Raises:
      ConfigError: If the file is missing, it is not the published one, or the converted weights
        cannot be stored.
    """
    content, source = _published(weights, note, download)
    digest = hashlib.sha256(content).hexdigest()
    if digest != SHA256:
        raise ConfigError(
            f"weights={source} is not the published file: its SHA-256 begins with "
            f"{digest[:DIGITS]}, not with {SHA256[:DIGITS]}. Download {URL} again."
        )
    arrays = inception_file.arrays(content, shapes(empty_network()), f"weights={source}")
    checksum = _checksum(arrays)
    cache.save_arrays(ENTRY, **arrays, **{_CHECKSUM: checksum})
    stored = cache.load_arrays(ENTRY)
    if stored is None or not np.array_equal(stored[_CHECKSUM], checksum):
        folder = cache.cache_folder()
        reason = private_folder.why_not_private(folder) or "it is not writable, or the disk is full"
        raise ConfigError(
            f"the Inception weights cannot be stored in {folder} ({reason}). Set XDG_CACHE_HOME to "
            "a folder of your own."
        )
    return stored_path()


def check(weights: str | Path | None) -> None:
    """Checks that the file of weights exists, or that the published weights were converted.

    Raises:
      ConfigError: If not. The message names the command and where to get the file.
    """
    if weights is None and not stored_path().is_file():
        raise ConfigError(
            "extractors=inception needs the published weights. Run "
            f"{COMMAND} --download once; or download {URL}, and run {COMMAND} --weights {NAME}."
        )
    if weights is not None and not Path(weights).is_file():
        raise ConfigError(
            f"inception_weights={weights} is not a file. Pass --inception-weights FILE, or omit it "
            "to use the published weights."
        )


def load(network: Network, weights: str | Path | None = None) -> tuple[Variables, str]:
    """Returns weights of the network, and the first digits of the SHA-256 of their file.

    Args:
      network: The network, from `empty_network`.
      weights: File of weights in torch-fidelity's format. Default: the published weights, as
        `convert` stored them.

    Raises:
      ConfigError: If the weights are missing, damaged, or belong to another network.
    """
    check(weights)
    if weights is None:
        return _unflatten(_load_stored(shapes(network))), SHA256[:DIGITS]
    content = inception_file.read("inception_weights", Path(weights))
    arrays = inception_file.arrays(content, shapes(network), f"inception_weights={weights}")
    return _unflatten(arrays), hashlib.sha256(content).hexdigest()[:DIGITS]


def _published(weights: str | Path | None, note: Note, download: bool) -> tuple[bytes, str | Path]:
    """Returns the content of the file that shall be converted, and its path or address."""
    path = Path(weights) if weights else inception_file.find()
    if path is not None:
        return inception_file.read("weights", path), path
    if not download:
        folders = " or ".join(map(str, inception_file.torch_folders()))
        raise ConfigError(
            f"weights: {NAME} is not in {folders}. Pass --download; or download {URL}, and pass "
            f"--weights FILE."
        )
    return inception_file.download(note), URL


def _load_stored(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Returns the converted weights after verifying their checksum and shapes."""
    stored = cache.load_arrays(ENTRY) or {}
    checksum = stored.pop(_CHECKSUM, np.zeros(0, np.uint8))
    found = {path: array.shape for path, array in stored.items()}
    if found != shapes or not np.array_equal(checksum, _checksum(stored)):
        reason = private_folder.why_not_private(cache.cache_folder()) or "its checksum is wrong"
        raise ConfigError(
            f"{stored_path()} cannot be used ({reason}). Delete it, and run {COMMAND} again."
        )
    return stored


def _checksum(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Returns the SHA-256 of the paths and the numbers of all arrays, uint8 `(32,)`."""
    digest = hashlib.sha256()
    for path in sorted(arrays):
        digest.update(f"{path} {arrays[path].dtype.str} {arrays[path].shape} ".encode())
        digest.update(np.ascontiguousarray(arrays[path]).data)
    return np.frombuffer(digest.digest(), np.uint8)


def shapes(network: Network) -> dict[str, tuple[int, ...]]:
    """Returns the shape of each parameter and statistic of the network by its path."""
    flat: dict[str, Any] = {}
    for tree in (network.params, network.stats):
        flat |= traverse_util.flatten_dict(tree, sep="/")
    return {path: leaf.shape for path, leaf in flat.items()}


def _unflatten(arrays: Mapping[str, np.ndarray]) -> Variables:
    """Returns parameters and statistics as nested dicts."""
    stats = {path: a for path, a in arrays.items() if path.endswith(("/mean", "/var"))}
    params = {path: a for path, a in arrays.items() if path not in stats}
    nested = [traverse_util.unflatten_dict(tree, sep="/") for tree in (params, stats)]
    return nested[0], nested[1]
