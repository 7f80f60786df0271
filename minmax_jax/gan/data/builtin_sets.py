"""Built-in datasets: a mixture of Gaussians and scikit-learn's digits."""

import gzip
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np

from minmax_jax.gan.data.dataset import Data, Modes


def gaussians(
    num_modes: int = 8, radius: float = 2.0, std: float = 0.05, num: int = 50_000, seed: int = 0
) -> Data:
    """Draws samples of equally weighted Gaussian modes on a circle in the plane.

    Args:
      num_modes: Number of modes, evenly spaced on the circle.
      radius: Radius of the circle.
      std: Standard deviation of every mode.
      num: Number of training examples. One fifth as many are held out.
      seed: Seed of the samples.
    """
    angles = 2 * np.pi * np.arange(num_modes) / num_modes
    centers = radius * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    random = np.random.default_rng(seed)
    labels = random.integers(num_modes, size=num + num // 5).astype(np.int32)
    points = (centers[labels] + std * random.normal(size=(len(labels), 2))).astype(np.float32)
    return Data(
        images=points[:num],
        labels=labels[:num],
        test_images=points[num:],
        test_labels=labels[num:],
        name="gaussians",
        num_classes=num_modes,
        kind="vector",
        modes=Modes(centers=centers, std=std),
    )


def digits() -> Data:
    """Loads scikit-learn's 8×8 handwritten digits, with every fifth image held out.

    Consecutive images come from the same writer, so a contiguous block would
    hold out a few writers only. This split is fixed, instead of following
    `held_out.choose`, because published scores were measured on it; its rows have
    one fixed order.
    """
    values = _read_digits()
    # The pixels of scikit-learn are 0…16.
    images = np.round(values[:, :-1] * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8, 1)
    labels = values[:, -1].astype(np.int32)
    held_out = np.arange(len(images)) % 5 == 4
    return Data(
        images=images[~held_out],
        labels=labels[~held_out],
        test_images=images[held_out],
        test_labels=labels[held_out],
        name="digits",
        num_classes=10,
        kind="image",
    )


def _read_digits() -> np.ndarray:
    """Returns 64 pixels and the class of each of scikit-learn's digits.

    The file is read directly, because importing scikit-learn takes longer than starting to train.
    """
    spec = importlib.util.find_spec("sklearn")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        file = Path(folder) / "datasets" / "data" / "digits.csv.gz"
        if file.exists():
            with gzip.open(file, "rt") as lines:
                return np.loadtxt(lines, delimiter=",")
    from sklearn.datasets import load_digits

    loaded: Any = load_digits()  # The stubs describe only the return type of `return_X_y=True`.
    return np.column_stack([loaded.data, loaded.target])
