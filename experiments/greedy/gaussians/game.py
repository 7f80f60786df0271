"""Four Gaussian modes in the plane, networks, and shares of samples at modes."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.nn import log_sigmoid

import minmax_jax as mm

CENTERS = ((0.0, 1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, 0.0))
WEIGHTS = {"stated": (0.4, 0.2, 0.2, 0.2), "equal": (0.25, 0.25, 0.25, 0.25)}
"""Weights of the modes. In the published code, (0, 1) is both the first and the last angle."""
RADII = (0.1, 0.03)
"""Radii around a mode: 0.1, which decides whether it is reached, and three standard deviations."""
WIDE_RADIUS = 0.3
"""Radius nearer to a judgment by eye, as the authors made it."""
MIN_SHARE = 0.05
"""A mode is reached if at least this share of the samples is there."""


@dataclasses.dataclass(frozen=True)
class Sizes:
    """Sizes of networks and batches. The defaults are the authors'.

    Attributes:
      batch: Batch size.
      latent: Dimension of the latent vectors.
      width: Width of the two hidden layers.
      std: Standard deviation of the modes.
      gain: Gain of the orthogonal initialization.
    """

    batch: int = 512
    latent: int = 256
    width: int = 128
    std: float = 0.01
    gain: float = 0.8


def start(sizes: Sizes, key: jax.Array) -> mm.Players:
    """Returns networks with orthogonal weights and zero biases."""
    shapes = [(sizes.latent, sizes.width, sizes.width, 2), (2, sizes.width, sizes.width, 1)]
    init = jax.nn.initializers.orthogonal(sizes.gain)

    def perceptron(widths: tuple[int, ...], key: jax.Array) -> list[dict[str, jax.Array]]:
        pairs = zip(widths[:-1], widths[1:], jax.random.split(key, 3), strict=True)
        return [{"w": init(k, (a, b)), "b": jnp.zeros(b)} for a, b, k in pairs]

    keys = jax.random.split(key)
    return mm.Players(*(perceptron(s, k) for s, k in zip(shapes, keys, strict=True)))


def apply(layers: list[dict[str, jax.Array]], inputs: jax.Array) -> jax.Array:
    """Applies hidden layers with ReLU and a linear last layer."""
    for layer in layers[:-1]:
        inputs = jax.nn.relu(inputs @ layer["w"] + layer["b"])
    return inputs @ layers[-1]["w"] + layers[-1]["b"]


def samples(sizes: Sizes, generator: Any, key: jax.Array, count: int) -> jax.Array:
    """Draws `count` points from the generator."""
    return apply(generator, jax.random.normal(key, (count, sizes.latent)))


def real(sizes: Sizes, weights: Any, key: jax.Array) -> jax.Array:
    """Draws a batch from the mixture."""
    which_key, noise_key = jax.random.split(key)
    logits = jnp.log(jnp.asarray(weights))
    which = jax.random.categorical(which_key, logits, shape=(sizes.batch,))
    noise = jax.random.normal(noise_key, (sizes.batch, 2))
    return jnp.asarray(CENTERS)[which] + sizes.std * noise


def payoff(sizes: Sizes, weights: Any, loss: str) -> Callable[[mm.Players, jax.Array], jax.Array]:
    """Returns the payoff: E log σ(D(real)) + E log(1 − σ(D(fake))), or E D(real) − E D(fake)."""

    def value(players: mm.Players, draw: jax.Array) -> jax.Array:
        real_key, fake_key = jax.random.split(draw)
        points = real(sizes, weights, real_key), samples(sizes, players.min, fake_key, sizes.batch)
        r, s = (apply(players.max, x)[:, 0] for x in points)
        if loss == "wasserstein":
            return jnp.mean(r) - jnp.mean(s)
        return jnp.mean(log_sigmoid(r)) + jnp.mean(log_sigmoid(-s))

    return value


def shares(points: jax.Array, radii: tuple[float, ...] = RADII) -> jax.Array:
    """Returns the share of the points at each mode, of shape (radii, modes)."""
    distances = jnp.linalg.norm(points[:, None] - jnp.asarray(CENTERS), axis=-1)
    return jnp.stack([jnp.mean(distances <= radius, axis=0) for radius in radii])
