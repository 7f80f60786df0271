"""The published file of Inception weights, and its content as arrays."""

import os
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from minmax_jax.gan.base import cache
from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.messages import Note, short
from minmax_jax.gan.evaluation.features import torch_file

URL = (
    "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
    "weights-inception-2015-12-05-6726825d.pth"
)
"""Address of the published weights, from which torch-fidelity downloads them too (91 MB)."""

NAME = URL.rpartition("/")[2]
"""Name of the published file."""

SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
"""SHA-256 of the published file, whose name contains the first eight digits."""

COMMAND = "minmax-jax convert-inception"
"""Command that converts the published file."""

_MAX_BYTES = 1 << 30

LEAVES = {
    ("conv", "kernel"): "conv.weight",
    ("bn", "scale"): "bn.weight",
    ("bn", "bias"): "bn.bias",
    ("bn", "mean"): "bn.running_mean",
    ("bn", "var"): "bn.running_var",
    ("fc", "kernel"): "fc.weight",
    ("fc", "bias"): "fc.bias",
}
"""Name of each array in the file, by the last two names of its path in the Flax module."""


def torch_folders() -> list[Path]:
    """Returns the folders in which torch-fidelity, by torch.hub, keeps downloaded weights."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    homes = [os.environ.get("TORCH_HOME"), Path(base) / "torch"]
    return [Path(home) / "hub" / "checkpoints" for home in homes if home]


def find() -> Path | None:
    """Returns the published file in a folder of torch.hub or in the cache, or None."""
    folders = [*torch_folders(), cache.cache_folder()]
    return next((folder / NAME for folder in folders if (folder / NAME).is_file()), None)


def read(argument: str, path: Path) -> bytes:
    """Returns the content of a file of weights.

    Args:
      argument: Name of the argument that contains the path, for messages.
      path: Path of the file.

    Raises:
      ConfigError: If it is not a readable file.
    """
    try:
        if not path.is_file():
            raise ConfigError(f"{argument}={path} is not a file. Pass the path of {NAME}.")
        if path.stat().st_size > _MAX_BYTES:
            raise ConfigError(
                f"{argument}={path} has more than {_MAX_BYTES >> 20} MiB. Pass the path of {NAME}."
            )
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{argument}={path} cannot be read ({error.strerror}). Pass the path of {NAME}."
        ) from error


def download(note: Note) -> bytes:
    """Downloads the published file, and returns its content, which is not checked.

    Raises:
      ConfigError: If it cannot be downloaded.
    """
    note(f"downloading the Inception weights (91 MB) from {URL}")
    try:
        with urllib.request.urlopen(URL, timeout=60) as response:
            return response.read(_MAX_BYTES)
    except OSError as error:
        reason = short(str(getattr(error, "reason", error)), 120).strip("'\"")
        raise ConfigError(
            f"the Inception weights cannot be downloaded ({reason}). Download {URL} on another "
            f"machine, and run {COMMAND} --weights FILE."
        ) from error


def arrays(
    content: bytes, shapes: Mapping[str, tuple[int, ...]], argument: str
) -> dict[str, np.ndarray]:
    """Returns the weights in a file by their paths in the Flax module.

    Args:
      content: Content of the file.
      shapes: Shape of each array, by its path in the module, such as `Conv2d_1a_3x3/bn/bias`.
      argument: Argument that chose the file, for messages.

    Returns:
      float32 arrays with Flax's order of the axes.

    Raises:
      ConfigError: If the file does not contain exactly these weights.
    """
    try:
        tensors = torch_file.read_tensors(content)
        found = {path: _take(tensors, path, shape) for path, shape in shapes.items()}
        # Newer versions of PyTorch also store how many batches BatchNorm has seen.
        unknown = [name for name in tensors if not name.endswith(".num_batches_tracked")]
        if unknown:
            raise torch_file.TorchFileError(f"{short(unknown[0])} is not known")
    except torch_file.TorchFileError as error:
        reason = short(str(error), 120).strip("'\"")
        raise ConfigError(
            f"{argument} does not contain torch-fidelity's Inception weights ({reason}). Pass the "
            f"path of {NAME}."
        ) from error
    return found


def _take(tensors: dict[str, np.ndarray], path: str, shape: tuple[int, ...]) -> np.ndarray:
    """Removes a tensor from `tensors`, and returns it with the order of Flax's axes."""
    *parents, module, leaf = path.split("/")
    name = ".".join([*parents, LEAVES[module, leaf]])
    if name not in tensors:
        raise torch_file.TorchFileError(f"{name} is missing")
    tensor = tensors.pop(name)
    # Kernels of convolutions change from (out, in, height, width) to (height, width, in, out).
    view = tensor.transpose(2, 3, 1, 0) if tensor.ndim == 4 else tensor.T
    if view.shape != shape or tensor.dtype.kind != "f":
        raise torch_file.TorchFileError(f"{name} is {tensor.dtype} of shape {tensor.shape}")
    return np.ascontiguousarray(view, np.float32)
