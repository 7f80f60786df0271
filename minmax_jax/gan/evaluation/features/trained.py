"""A classifier trained once per data set, in whose features samples are judged.

Scores in these features compare runs on one data set with one another; they are not FID.
The classifier's test accuracy stands beside every score, because a poor one judges poorly.
"""

import hashlib
import time
import zlib
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
from minmax_jax.gan.evaluation.features.classifiers import Plain, Residual
from minmax_jax.gan.evaluation.features.extractor import Extracted, Extractor
from minmax_jax.gan.networks import Network, purify

VERSION = 2
"""Part of the cache key: raise it with any change to a network or its training."""

BATCH, CHUNK = 128, 500


class Recipe(NamedTuple):
    """How a classifier is made.

    Attributes:
      network: its class.
      width: channels of its first layer.
      steps: updates by Adam.
      rate: highest learning rate of the one-cycle schedule.
      mirrors: whether half of the images are seen mirrored.
    """

    network: Callable[..., nnx.Module]
    width: int
    steps: int
    rate: float
    mirrors: bool


PLAIN = Recipe(Plain, 16, 3125, 3e-3, False)
RESIDUAL = Recipe(Residual, 16, 2000, 6e-3, True)
RESIDUAL_ON_ACCELERATOR = Recipe(Residual, 128, 12_000, 6e-3, True)
"""About two minutes each: the last one on an accelerator, the others on two CPU cores."""


def recipe(data: data_lib.Data) -> Recipe:
    """Returns how the classifier of a data set is made: colour images need the larger one."""
    if data.images.shape[-1] == 1:
        return PLAIN
    return RESIDUAL if jax.default_backend() == "cpu" else RESIDUAL_ON_ACCELERATOR


def classifier(data: data_lib.Data, note: Callable[[str], None] = lambda line: None) -> Extractor:
    """Returns the classifier of a data set, trained now if it is not in the cache.

    Its `facts`: `test_accuracy`, the share of held-out images that it classifies rightly, and
    `network`, a checksum of its parameters: two scores compare only if it is the same.

    Args:
      data: labelled images.
      note: called with one line before and one after training.

    Raises:
      DataError: if the data are no labelled images.
    """
    if data.kind != "image" or data.labels is None or data.num_classes is None:
        raise DataError(f"data={data.name}: a classifier needs labelled images; it has none")
    made = recipe(data)
    shape, classes = data.images.shape[1:], data.num_classes
    network = purify(made.network(shape, classes, made.width, rngs=nnx.Rngs(0)))
    entry = f"classifier-{_fingerprint(data, made)}"
    leaves, structure = jax.tree.flatten((network.params, network.stats))
    stored = cache.load_arrays(entry)
    if stored is None or [stored[k].shape for k in stored] != [leaf.shape for leaf in leaves]:
        note(f"training a classifier of {data.name} (once; kept in {cache.cache_folder()})")
        start = time.monotonic()
        variables = _train(network, data, made)
        note(f"trained in {time.monotonic() - start:.0f} s")
        arrays = [np.asarray(leaf) for leaf in jax.tree.leaves(variables)]
        cache.save_arrays(entry, **{f"leaf{i:03}": array for i, array in enumerate(arrays)})
    else:
        variables = jax.tree.unflatten(structure, list(stored.values()))
    return _extractor(network, variables, data)


def _fingerprint(data: data_lib.Data, made: Recipe) -> str:
    about = (VERSION, data.images.shape, data.num_classes, made.network.__name__, *made[1:])
    digest = hashlib.sha256(repr(about).encode())
    for array in (data.images, np.asarray(data.labels)):
        digest.update(array.tobytes())
    return digest.hexdigest()[:24]


def _train(network: Network, data: data_lib.Data, made: Recipe) -> Any:
    """Adam with decayed weights over a one-cycle schedule, each image shifted a little."""
    schedule = optax.cosine_onecycle_schedule(made.steps, made.rate)
    optimizer = optax.adamw(schedule, weight_decay=5e-3 if made.mirrors else 0.0)
    images, labels = jnp.asarray(data.images), jnp.asarray(data.labels)
    reach = max(1, data.images.shape[1] // 14)

    def loss_fn(params: Any, stats: Any, x: jax.Array, y: jax.Array) -> Any:
        (_, logits), stats = network.apply(params, stats, x, train=True)
        return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean(), stats

    @partial(jax.jit, donate_argnums=(0, 1, 2))
    def step(params: Any, stats: Any, state: Any, index: jax.Array) -> Any:
        pick_key, move_key = jax.random.split(jax.random.fold_in(jax.random.key(0), index))
        picked = jax.random.randint(pick_key, (BATCH,), 0, len(images))
        x = _moved(data_lib.to_float(images[picked]), move_key, reach)
        if made.mirrors:
            mirrored = jax.random.bernoulli(jax.random.fold_in(move_key, 1), 0.5, (BATCH, 1, 1, 1))
            x = jnp.where(mirrored, x[:, :, ::-1], x)
        gradient, stats = jax.grad(loss_fn, has_aux=True)(params, stats, x, labels[picked])
        updates, state = optimizer.update(gradient, state, params)
        return optax.apply_updates(params, updates), stats, state

    params, stats = jax.tree.map(jnp.copy, (network.params, network.stats))
    state = optimizer.init(params)
    for index in range(made.steps):
        params, stats, state = step(params, stats, state, index)
    return params, stats


def _moved(images: jax.Array, key: jax.Array, reach: int) -> jax.Array:
    """Shifts every image by up to `reach` pixels in each direction, its own way."""
    padding = ((0, 0), (reach, reach), (reach, reach), (0, 0))
    padded = jnp.pad(images, padding, mode="edge")
    offsets = jax.random.randint(key, (len(images), 2), 0, 2 * reach + 1)

    def crop(image: jax.Array, offset: jax.Array) -> jax.Array:
        return jax.lax.dynamic_slice(image, (offset[0], offset[1], 0), images.shape[1:])

    return jax.vmap(crop)(padded, offsets)


def _extractor(network: Network, variables: Any, data: data_lib.Data) -> Extractor:
    @jax.jit
    def forward(variables: Any, images: jax.Array) -> Any:
        features, logits = network.apply(*variables, data_lib.to_float(images), train=False)[0]
        return features, jax.nn.softmax(logits)

    def extract(images: np.ndarray) -> Extracted:
        chunks = [images[start : start + CHUNK] for start in range(0, len(images), CHUNK)]
        parts = [jax.tree.map(np.asarray, forward(variables, chunk)) for chunk in chunks]
        features, probabilities = zip(*parts, strict=True)
        return Extracted(np.concatenate(features), np.concatenate(probabilities))

    predicted = np.asarray(extract(data.test_images).probabilities).argmax(axis=1)
    checksum = 0
    for leaf in jax.tree.leaves(variables):
        checksum = zlib.crc32(np.ascontiguousarray(leaf).tobytes(), checksum)
    facts = {
        "test_accuracy": float((predicted == data.test_labels).mean()),
        "network": f"{checksum:08x}",
    }
    return Extractor("classifier", extract, facts, num_classes=data.num_classes)
