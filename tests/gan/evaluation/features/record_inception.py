"""Records features of torch-fidelity's Inception network with random weights.

    python -m tests.gan.evaluation.features.record_inception

The record, `inception.json`, lets the tests compare with torch-fidelity where it is not installed.
"""

import json
from pathlib import Path

import numpy as np

from minmax_jax.gan.evaluation.features.inception_file import LEAVES
from minmax_jax.gan.evaluation.features.inception_network import empty_network
from minmax_jax.gan.evaluation.features.inception_weights import shapes
from tests.gan.evaluation.features.torch_files import torch_bytes

PATH = Path(__file__).with_name("inception.json")

SHOWN = slice(None, None, 32)
"""Features and probabilities in the record."""


def random_weights():
    """Returns the content of a file with random weights that keep the size of activations."""
    random, tensors = np.random.RandomState(0), {}
    for path, shape in sorted(shapes(empty_network()).items()):
        *parents, module, leaf = path.split("/")
        normal = random.standard_normal(shape).astype(np.float32)
        if leaf == "kernel":
            value = normal * np.float32(np.sqrt(2 / np.prod(shape[:-1])))
            value = value.transpose(3, 2, 0, 1) if len(shape) == 4 else value.T
        else:
            value = normal / 10 if leaf in ("bias", "mean") else 1 + np.abs(normal) / 10
        tensors[".".join([*parents, LEAVES[module, leaf]])] = np.ascontiguousarray(value)
    return torch_bytes(tensors)


def images():
    """Returns one image of noise, and one with smooth colors."""
    noise = np.random.RandomState(1).randint(0, 256, (32, 32, 3))
    rows, columns = np.mgrid[:32, :32]
    smooth = np.stack([8 * rows, 8 * columns, 4 * (rows + columns)], axis=-1)
    return np.stack([noise, smooth]).astype(np.uint8)


def with_torch(path, pictures):
    """Returns features and probabilities from torch-fidelity, float64."""
    import torch
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    network = FeatureExtractorInceptionV3("reference", ["2048", "logits_unbiased"], str(path))
    features, logits = network(torch.from_numpy(pictures.transpose(0, 3, 1, 2).copy()))
    return features.double().numpy(), logits.double().softmax(dim=1).numpy()


def main():
    """Writes the record."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "random.pth"
        path.write_bytes(random_weights())
        features, probabilities = with_torch(path, images())
    record = {
        "made_by": "torch-fidelity 0.4.0, float32",
        "features": features[:, SHOWN].astype(np.float32).tolist(),
        "mean_features": features.mean(axis=1).tolist(),
        "probabilities": probabilities[:, SHOWN].astype(np.float32).tolist(),
    }
    PATH.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
