"""Features in which samples are judged: a small classifier, trained once per data set.

Scores in these features compare runs on one data set with one another; they are not FID.
The classifier's test accuracy stands beside every score, because a poor one judges poorly.
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

from minmax_jax.gan import cache
from minmax_jax.gan import data as data_lib
from minmax_jax.gan.errors import DataError
from minmax_jax.gan.networks import Network, purify

VERSION = 1
"""Part of the cache key: raise it with any change to the network or its training."""

BATCH, CHUNK, SAMPLES_SEEN, MIN_STEPS = 128, 500, 400_000, 3000


class Features(NamedTuple):
    """A trained classifier.

    Attributes:
      embed: images (uint8, or float in −1…1) to float32 features `(n, 128)`.
      predict: images to classes `(n,)`.
      test_accuracy: share of the held-out images that it classifies rightly.
    """

    embed: Callable[[np.ndarray], np.ndarray]
    predict: Callable[[np.ndarray], np.ndarray]
    test_accuracy: float


class Classifier(nnx.Module):
    """Two strided convolutions, 128 features, one logit a class."""

    def __init__(
        self, shape: tuple[int, ...], num_classes: int, width: int = 16, *, rngs: nnx.Rngs
    ) -> None:
        """Makes width and 2·width channels at a half and a quarter of the resolution."""
        conv = partial(nnx.Conv, kernel_size=(5, 5), rngs=rngs)
        norm = partial(nnx.BatchNorm, momentum=0.9, rngs=rngs)
        self.conv0, self.norm0 = conv(shape[-1], width, strides=2, use_bias=False), norm(width)
        self.conv1 = conv(width, 2 * width, strides=2, use_bias=False)
        self.norm1 = norm(2 * width)
        pixels = -(-shape[0] // 4) * -(-shape[1] // 4)
        self.dense = nnx.Linear(pixels * 2 * width, 128, rngs=rngs)
        self.head = nnx.Linear(128, num_classes, rngs=rngs)

    def __call__(self, images: jax.Array, *, train: bool) -> tuple[jax.Array, jax.Array]:
        """Maps `(batch, height, width, channels)` to features and logits."""
        x = nnx.relu(self.norm0(self.conv0(images), use_running_average=not train))
        x = nnx.relu(self.norm1(self.conv1(x), use_running_average=not train))
        features = nnx.relu(self.dense(x.reshape(x.shape[0], -1)))
        return features, self.head(features)


def classifier(data: data_lib.Data, note: Callable[[str], None] = lambda line: None) -> Features:
    """Returns the classifier of a data set, trained now if it is not in the cache.

    Args:
      data: labelled images.
      note: called with one line before and one after training.

    Raises:
      DataError: if the data are no labelled images.
    """
    if data.kind != "image" or data.labels is None or data.num_classes is None:
        raise DataError(f"data={data.name}: a classifier needs labelled images; it has none")
    network = purify(Classifier(data.images.shape[1:], data.num_classes, rngs=nnx.Rngs(0)))
    entry = f"classifier-{_fingerprint(data)}"
    leaves, structure = jax.tree.flatten((network.params, network.stats))
    stored = cache.load_arrays(entry)
    if stored is None or [stored[k].shape for k in stored] != [leaf.shape for leaf in leaves]:
        note(f"training a classifier of {data.name} (once; kept in {cache.cache_folder()})")
        start = time.monotonic()
        variables = _train(network, data)
        note(f"trained in {time.monotonic() - start:.0f} s")
        arrays = [np.asarray(leaf) for leaf in jax.tree.leaves(variables)]
        cache.save_arrays(entry, **{f"leaf{i:03}": array for i, array in enumerate(arrays)})
    else:
        variables = jax.tree.unflatten(structure, list(stored.values()))
    return _features(network, variables, data)


def _fingerprint(data: data_lib.Data) -> str:
    digest = hashlib.sha256(f"{VERSION} {data.images.shape} {data.num_classes}".encode())
    for array in (data.images, np.asarray(data.labels)):
        digest.update(array.tobytes())
    return digest.hexdigest()[:24]


def _train(network: Network, data: data_lib.Data) -> Any:
    """Adam with a cosine schedule over about 400,000 images, each shifted a little."""
    steps = max(SAMPLES_SEEN // BATCH, 1) if len(data.images) > BATCH * 20 else MIN_STEPS
    optimizer = optax.adam(optax.cosine_onecycle_schedule(steps, 3e-3))
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
        gradient, stats = jax.grad(loss_fn, has_aux=True)(params, stats, x, labels[picked])
        updates, state = optimizer.update(gradient, state, params)
        return optax.apply_updates(params, updates), stats, state

    params, stats = jax.tree.map(jnp.copy, (network.params, network.stats))
    state = optimizer.init(params)
    for index in range(steps):
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


def _features(network: Network, variables: Any, data: data_lib.Data) -> Features:
    @jax.jit
    def forward(variables: Any, images: jax.Array) -> Any:
        return network.apply(*variables, data_lib.to_float(images), train=False)[0]

    def chunked(images: np.ndarray, which: int) -> np.ndarray:
        parts = [images[start : start + CHUNK] for start in range(0, len(images), CHUNK)]
        return np.concatenate([np.asarray(forward(variables, part)[which]) for part in parts])

    def predict(images: np.ndarray) -> np.ndarray:
        return chunked(images, 1).argmax(axis=-1)

    accuracy = float((predict(data.test_images) == data.test_labels).mean())
    return Features(lambda images: chunked(images, 0), predict, accuracy)
