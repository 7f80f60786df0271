"""Inception-v3 features, in which distances between images are FID and KID.

They are the FID and KID of papers only with the published weights (6726825d) and the same numbers
of images. Images are prepared as in torch-fidelity: rounded to 8 bits, and resized as in
TensorFlow 1.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from minmax_jax.gan.base.messages import Note, ignore_note
from minmax_jax.gan.evaluation.features import inception_network, inception_weights
from minmax_jax.gan.evaluation.features.extractor import Extracted, Extractor
from minmax_jax.gan.evaluation.features.resizing import resize_bilinear
from minmax_jax.gan.generation.image_io import to_uint8
from minmax_jax.gan.networks import Network

SIDE = 299
"""Height and width of the images that the network receives."""

RESIZING = f"8-bit RGB, TensorFlow 1 bilinear to {SIDE}x{SIDE}"
"""Preparation of the images, as records and tables name it."""

check = inception_weights.check


def inception(weights: str | None = None, note: Note = ignore_note) -> Extractor:
    """Creates the Inception extractor, which computes on all devices of this process.

    `facts["weights"]` contains the first eight digits of the SHA-256 of the weights.

    Args:
      weights: File of weights in torch-fidelity's format. Default: the published weights, as
        `minmax-jax convert-inception` stored them.
      note: Not used. Other extractors call it before slow operations.

    Raises:
      ConfigError: If the weights are missing, damaged, or belong to another network.
    """
    del note
    inception_weights.check(weights)
    network = inception_network.empty_network()
    variables, digest = inception_weights.load(network, weights)
    extract = _extract_fn(network, variables)
    facts = {"weights": digest}
    return Extractor("inception", extract, facts, key=f"inception-v3-{digest}", resizing=RESIZING)


def batch_per_device() -> int:
    """Returns the number of images per device and call, which bounds the memory.

    On a CPU, more images are not faster, and the last batch is filled with zeros.
    """
    return 8 if jax.default_backend() == "cpu" else 64


def forward(network: Network, variables: Any, images: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Computes the features and class probabilities of uint8 images `(n, height, width, 3)`."""
    # Scores are compared between machines, so an accelerator must not round the products.
    with jax.default_matmul_precision("highest"):
        # The graph of TensorFlow subtracts 128 and divides by 128.
        resized = (resize_bilinear(images, SIDE) - 128) / 128
        features, logits = network.apply(*variables, resized, train=False)[0]
    return features, jax.nn.softmax(logits)


def _extract_fn(network: Network, variables: Any) -> Callable[[np.ndarray], Extracted]:
    """Returns the function that extracts features, with the variables on all devices."""
    mesh = Mesh(np.array(jax.local_devices()), ("images",))
    split, whole = PartitionSpec("images"), PartitionSpec()
    variables = jax.device_put(variables, NamedSharding(mesh, whole))
    batch = batch_per_device() * mesh.size

    def on_device(variables: Any, images: jax.Array) -> Any:
        return forward(network, variables, images)

    mapped = jax.jit(jax.shard_map(on_device, mesh=mesh, in_specs=(whole, split), out_specs=split))

    def start(images: np.ndarray) -> tuple[int, Any]:
        # The last batch is padded, so that there is one compiled shape and the features of an
        # image do not depend on the number of images.
        padded = np.zeros((batch, *images.shape[1:3], 3), np.uint8)
        # A gray image becomes three equal channels.
        padded[: len(images)] = images if images.dtype == np.uint8 else to_uint8(images)
        return len(images), mapped(variables, jax.device_put(padded, NamedSharding(mesh, split)))

    def extract(images: np.ndarray) -> Extracted:
        parts, running = [], None
        # The devices compute one batch while the host prepares the next one.
        for first in range(0, max(len(images), 1), batch):
            waiting, running = running, start(images[first : first + batch])
            parts += _fetch(waiting)
        parts += _fetch(running)
        features, probabilities = zip(*parts, strict=True)
        return Extracted(np.concatenate(features), np.concatenate(probabilities))

    return extract


def _fetch(running: tuple[int, Any] | None) -> list[list[np.ndarray]]:
    """Waits for a batch and returns its results without padding, or nothing for None."""
    if running is None:
        return []
    count, results = running
    return [[np.asarray(array)[:count] for array in results]]
