"""Extractor that trains one classifier per dataset and uses its last hidden layer.

Scores in these features compare runs on one dataset; they are not FID. The test
accuracy of the classifier is stored with every score, because the features of an
inaccurate classifier are not informative.
"""

import hashlib
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base import cache
from minmax_jax.gan.base.errors import DataError
from minmax_jax.gan.base.messages import Note, ignore_note
from minmax_jax.gan.data import row_order
from minmax_jax.gan.evaluation.features.classifiers import Plain, Residual
from minmax_jax.gan.evaluation.features.extractor import Extracted, Extractor
from minmax_jax.gan.networks import Network, purify

VERSION = 3
"""Part of the cache key. Increase it with every change to a network or its training."""

BATCH = 128
"""Batch size in training."""

CHUNK = 500
"""Number of images from which features are extracted at once."""


class Recipe(NamedTuple):
    """Network and training of a classifier.

    Attributes:
      network: Class of the network.
      width: Number of channels of the first layer.
      steps: Number of updates by Adam.
      learning_rate: Highest learning rate of the one-cycle schedule.
      mirror: Whether to flip half of the images horizontally. If so, weight decay is used too.
    """

    network: Callable[..., nnx.Module]
    width: int
    steps: int
    learning_rate: float
    mirror: bool


PLAIN = Recipe(Plain, 16, 3125, 3e-3, False)
RESIDUAL = Recipe(Residual, 16, 2000, 6e-3, True)
RESIDUAL_ON_ACCELERATOR = Recipe(Residual, 128, 12_000, 6e-3, True)
"""Training takes about two minutes: on an accelerator for this recipe, on two CPU cores for the
other two."""


def recipe(data: data_lib.Data) -> Recipe:
    """Chooses the recipe for a dataset: color images need the residual network."""
    if data.images.shape[-1] == 1:
        return PLAIN
    return RESIDUAL if jax.default_backend() == "cpu" else RESIDUAL_ON_ACCELERATOR


def classifier(data: data_lib.Data, note: Note = ignore_note) -> Extractor:
    """Creates the classifier extractor of a dataset, and trains it if it is not cached.

    The same examples in another order give the same network.

    `facts["test_accuracy"]` is the proportion of held-out images that it classifies
    correctly; it is missing if none are held out. `facts["network"]` is a checksum of
    the parameters: scores can be compared only if it is equal.

    Args:
      data: Labeled images.
      note: Called with one line before and one line after training.

    Raises:
      DataError: If the data are not labeled images of at least two classes.
    """
    check(data)
    total, data = len(data.images), data_lib.in_memory(data)
    chosen = recipe(data)
    shape, classes = data.images.shape[1:], int(data.num_classes or 0)
    network = purify(chosen.network(shape, classes, chosen.width, rngs=nnx.Rngs(0)))
    entry = f"classifier-{_fingerprint(data, chosen)}"
    leaves, structure = jax.tree.flatten((network.params, network.stats))
    stored = cache.load_arrays(entry)
    if stored is None or [stored[k].shape for k in stored] != [leaf.shape for leaf in leaves]:
        part = "" if len(data.images) == total else f"{len(data.images):,} examples of "
        where = cache.cache_folder()
        note(f"training a classifier on {part}{data.name} (once; cached in {where})")
        start = time.monotonic()
        variables = _train(network, data, chosen)
        note(f"trained in {time.monotonic() - start:.0f} s")
        arrays = [np.asarray(leaf) for leaf in jax.tree.leaves(variables)]
        cache.save_arrays(entry, **{f"leaf{i:03}": array for i, array in enumerate(arrays)})
    else:
        variables = jax.tree.unflatten(structure, list(stored.values()))
    return _extractor(network, variables, data)


def check(data: data_lib.Data) -> None:
    """Checks that a classifier can be trained on a dataset.

    Raises:
      DataError: If the data are not labeled images of at least two classes.
    """
    if data.kind != "image" or data.labels is None or data.num_classes is None:
        raise DataError(
            f"data={data.name}: a classifier needs labeled images, and there are none. Choose "
            "another extractor, such as pixels or points."
        )
    if data.num_classes < 2:
        raise DataError(
            f"data={data.name}: a classifier needs images of at least two classes, got one class. "
            "Choose another extractor, such as pixels."
        )


def _fingerprint(data: data_lib.Data, recipe: Recipe) -> str:
    """Returns a digest of the examples, in any order, and of the recipe, for the cache."""
    about = (VERSION, data.images.shape, data.num_classes, recipe.network.__name__, *recipe[1:])
    digest = hashlib.sha256(repr(about).encode())
    hashes, labels = row_order.row_hashes(data.images), np.asarray(data.labels, np.int32)
    order = np.lexsort((labels, hashes))
    for array in (hashes[order], labels[order]):
        digest.update(array.tobytes())
    return digest.hexdigest()[:24]


def _train(network: Network, data: data_lib.Data, recipe: Recipe) -> Any:
    """Trains by AdamW with a one-cycle schedule and random shifts of the images."""
    schedule = optax.cosine_onecycle_schedule(recipe.steps, recipe.learning_rate)
    optimizer = optax.adamw(schedule, weight_decay=5e-3 if recipe.mirror else 0.0)
    images, labels = jnp.asarray(data.images), jnp.asarray(data.labels)
    order = jnp.asarray(row_order.content_order(data.images, data.labels))
    max_shift = max(1, data.images.shape[1] // 14)

    def loss_fn(params: Any, stats: Any, x: jax.Array, y: jax.Array) -> Any:
        (_, logits), stats = network.apply(params, stats, x, train=True)
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean(), stats

    @partial(jax.jit, donate_argnums=(0, 1, 2))
    def step(params: Any, stats: Any, state: Any, index: jax.Array) -> Any:
        batch_key, shift_key = jax.random.split(jax.random.fold_in(jax.random.key(0), index))
        chosen = order[jax.random.randint(batch_key, (BATCH,), 0, len(images))]
        x = _shift(data_lib.to_float(images[chosen]), shift_key, max_shift)
        if recipe.mirror:
            mirrored = jax.random.bernoulli(jax.random.fold_in(shift_key, 1), 0.5, (BATCH, 1, 1, 1))
            x = jnp.where(mirrored, x[:, :, ::-1], x)
        gradient, stats = jax.grad(loss_fn, has_aux=True)(params, stats, x, labels[chosen])
        updates, state = optimizer.update(gradient, state, params)
        return optax.apply_updates(params, updates), stats, state

    params, stats = jax.tree.map(jnp.copy, (network.params, network.stats))
    state = optimizer.init(params)
    for index in range(recipe.steps):
        params, stats, state = step(params, stats, state, index)
    return params, stats


def _shift(images: jax.Array, key: jax.Array, max_shift: int) -> jax.Array:
    """Shifts every image independently by up to `max_shift` pixels in each direction."""
    padding = ((0, 0), (max_shift, max_shift), (max_shift, max_shift), (0, 0))
    padded = jnp.pad(images, padding, mode="edge")
    offsets = jax.random.randint(key, (len(images), 2), 0, 2 * max_shift + 1)

    def crop(image: jax.Array, offset: jax.Array) -> jax.Array:
        return jax.lax.dynamic_slice(image, (offset[0], offset[1], 0), images.shape[1:])

    return jax.vmap(crop)(padded, offsets)


def forward(network: Network, variables: Any, images: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Computes the features and class probabilities of images in −1…1."""
    # Scores are compared between machines, so an accelerator must not round the products.
    with jax.default_matmul_precision("highest"):
        features, logits = network.apply(*variables, images, train=False)[0]
    return features, jax.nn.softmax(logits)


def _extractor(network: Network, variables: Any, data: data_lib.Data) -> Extractor:
    """Returns the extractor of a trained network, with its test accuracy and checksum."""
    compiled = jax.jit(partial(forward, network))

    def extract(images: np.ndarray) -> Extracted:
        parts = []
        # The last chunk is padded, so that there is one compiled shape and the features of an
        # image do not depend on the number of images.
        for start in range(0, max(len(images), 1), CHUNK):
            chunk = data_lib.to_float(images[start : start + CHUNK])
            padded = np.zeros((CHUNK, *images.shape[1:]), np.float32)
            padded[: len(chunk)] = chunk
            parts.append([np.asarray(array)[: len(chunk)] for array in compiled(variables, padded)])
        features, probabilities = zip(*parts, strict=True)
        return Extracted(np.concatenate(features), np.concatenate(probabilities))

    checksum = 0
    for leaf in jax.tree.leaves(variables):
        checksum = data_lib.crc32(np.asarray(leaf), checksum)
    facts: dict[str, Any] = {"network": f"{checksum:08x}"}
    if len(data.test_images):
        predicted = np.asarray(extract(data.test_images).probabilities).argmax(axis=1)
        accuracy = float((predicted == data.test_labels).mean())
        facts = {"test_accuracy": accuracy, **facts}
    return Extractor("classifier", extract, facts, num_classes=data.num_classes)
