"""The authors' MNIST networks, and a classifier of zeros and ones."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.nn import leaky_relu, log_sigmoid

import minmax_jax as mm
from minmax_jax import gan

PIXELS, SLOPE, DROPOUT = 784, 0.2, 0.3


@dataclasses.dataclass(frozen=True)
class Sizes:
    """Sizes of networks and batches. The defaults are the authors'.

    Attributes:
      width: Smallest hidden layer; the generator has layers 100-256-512-1024-784 and the
        discriminator the same in reverse order, without the latents.
      latent: Dimension of the latent vectors.
      batch: Batch size.
    """

    width: int = 256
    latent: int = 100
    batch: int = 128


def dense(key: jax.Array, sizes: Sequence[int]) -> list[dict[str, jax.Array]]:
    """Returns layers with Glorot-uniform weights and zero biases."""
    init = jax.nn.initializers.glorot_uniform()
    keys = jax.random.split(key, len(sizes) - 1)
    return [
        {"w": init(k, (a, b)), "b": jnp.zeros(b)}
        for k, a, b in zip(keys, sizes[:-1], sizes[1:], strict=True)
    ]


def start(sizes: Sizes, key: jax.Array) -> mm.Players:
    """Returns the initial parameters of both networks."""
    w = sizes.width
    return mm.Players(
        min=dense(jax.random.fold_in(key, 0), (sizes.latent, w, 2 * w, 4 * w, PIXELS)),
        max=dense(jax.random.fold_in(key, 1), (PIXELS, 4 * w, 2 * w, w, 1)),
    )


def forward(
    layers: Any, x: jax.Array, drop: jax.Array | None = None, num_dropped: int | None = None
) -> jax.Array:
    """Applies layers with leaky ReLU between them, and with dropout if a key is given.

    Args:
      layers: Weights and biases.
      x: Inputs, one per row.
      drop: Key of the dropout, or None for no dropout.
      num_dropped: Number of hidden layers with dropout, from the first; None for all.
    """
    num_dropped = len(layers) if num_dropped is None else num_dropped
    for i, layer in enumerate(layers[:-1]):
        x = leaky_relu(x @ layer["w"] + layer["b"], SLOPE)
        if drop is not None and i < num_dropped:
            kept = jax.random.bernoulli(jax.random.fold_in(drop, i), 1 - DROPOUT, x.shape)
            x = jnp.where(kept, x / (1 - DROPOUT), 0)
    return x @ layers[-1]["w"] + layers[-1]["b"]


def generate(generator: Any, latents: jax.Array) -> jax.Array:
    """Returns images of shape (n, 784) with values in (−1, 1)."""
    return jnp.tanh(forward(generator, latents))


def losses(sizes: Sizes, num_dropped: int | None = None, *, training: bool = True) -> mm.Players:
    """Returns the non-saturating loss of the generator and the loss of the discriminator.

    Both are functions of `(players, key, images)`.

    Args:
      sizes: Sizes of networks and batches.
      num_dropped: Number of hidden layers of the discriminator with dropout; None for all.
      training: Whether there is dropout at all.
    """

    def logits(z: mm.Players, key: jax.Array, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        real_key, fake_key, drop_key = jax.random.split(key, 3)
        chosen = jax.random.randint(real_key, (sizes.batch,), 0, len(images))
        real = images[chosen].astype(jnp.float32) / 127.5 - 1
        fake = generate(z.min, jax.random.normal(fake_key, (sizes.batch, sizes.latent)))
        drop = drop_key if training else None
        both = forward(z.max, jnp.concatenate([real, fake]), drop, num_dropped)[:, 0]
        return both[: sizes.batch], both[sizes.batch :]

    def min_loss(z: mm.Players, key: jax.Array, images: jax.Array) -> jax.Array:
        return -jnp.mean(log_sigmoid(logits(z, key, images)[1]))

    def max_loss(z: mm.Players, key: jax.Array, images: jax.Array) -> jax.Array:
        real, fake = logits(z, key, images)
        return -jnp.mean(log_sigmoid(real)) - jnp.mean(log_sigmoid(-fake))

    return mm.Players(min_loss, max_loss)


def train_classifier(data: gan.Data, steps: int = 1500) -> tuple[Callable[[Any], Any], float]:
    """Trains a classifier into zero, one and neither.

    "Neither" contains the other eight digits, images with shuffled pixels, and noise of any
    contrast, so that such samples do not count as digits. The network has one hidden layer;
    training takes half a minute.

    Args:
      data: Images and labels of all digits.
      steps: Number of training steps.

    Returns:
      The classifier, and its accuracy on the test images.
    """
    random = np.random.default_rng(0)
    train = _examples(data.images, data.labels, random)
    test = _examples(data.test_images, data.test_labels, random)
    params, optimizer = dense(jax.random.key(0), (PIXELS, 128, 3)), optax.adam(1e-3)

    @jax.jit
    def step(params: Any, state: Any, x: jax.Array, y: jax.Array) -> Any:
        def loss_fn(params: Any) -> jax.Array:
            logits = forward(params, x)
            return optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()

        updates, state = optimizer.update(jax.grad(loss_fn)(params), state)
        return optax.apply_updates(params, updates), state

    state = optimizer.init(params)
    for _ in range(steps):
        index = random.integers(len(train[0]), size=128)
        params, state = step(params, state, scale(train[0][index]), train[1][index])
    predict = jax.jit(lambda images: forward(params, images).argmax(-1))
    return predict, float(np.mean(np.asarray(predict(scale(test[0]))) == test[1]))


def _examples(images: np.ndarray, labels: Any, random: Any) -> tuple[np.ndarray, np.ndarray]:
    """Returns flat images of all three classes, and their labels."""
    flat = images.reshape(len(images), -1)
    shuffled = random.permuted(flat[::8], axis=1)
    contrast = random.uniform(size=(len(shuffled), 1))
    noise = 127.5 + contrast * random.uniform(-127.5, 127.5, shuffled.shape)
    others = np.concatenate([shuffled, noise.astype(np.uint8)])
    classes = np.append(np.minimum(labels, 2), np.full(len(others), 2)).astype(np.int32)
    return np.concatenate([flat, others]), classes


def scale(images: np.ndarray) -> jax.Array:
    """Maps bytes to [−1, 1]."""
    return jnp.asarray(images, jnp.float32) / 127.5 - 1
