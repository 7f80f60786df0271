"""Four Gaussian modes in the plane: the mixture, the two networks, and which modes are reached."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.nn import log_sigmoid

import minmax_jax as mm

CENTRES = ((0.0, 1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, 0.0))
WEIGHTS = {"stated": (0.4, 0.2, 0.2, 0.2), "equal": (0.25, 0.25, 0.25, 0.25)}
"""The published code draws (0, 1) twice as often: its angles end where they begin."""
RADII = (0.1, 0.03)
"""A sample is at a mode within 0.1; beside it, within three standard deviations."""
BY_EYE = 0.3
"""Who judges a picture by eye, as the authors did, counts samples further off as well."""
REACHED = 0.05
"""A mode is reached when at least this share of the samples is there."""


@dataclasses.dataclass(frozen=True)
class Sizes:
    """The authors' sizes: batch 512, latent 256, two hidden layers of 128."""

    batch: int = 512
    latent: int = 256
    width: int = 128
    std: float = 0.01
    gain: float = 0.8


def start(sizes: Sizes, key: jax.Array) -> mm.Players:
    """Orthogonal weights of gain 0.8, zero biases."""
    shapes = [(sizes.latent, sizes.width, sizes.width, 2), (2, sizes.width, sizes.width, 1)]
    init = jax.nn.initializers.orthogonal(sizes.gain)

    def perceptron(widths: tuple[int, ...], key: jax.Array) -> list[dict[str, jax.Array]]:
        pairs = zip(widths[:-1], widths[1:], jax.random.split(key, 3), strict=True)
        return [{"w": init(k, (a, b)), "b": jnp.zeros(b)} for a, b, k in pairs]

    keys = jax.random.split(key)
    return mm.Players(*(perceptron(s, k) for s, k in zip(shapes, keys, strict=True)))


def apply(layers: list[dict[str, jax.Array]], inputs: jax.Array) -> jax.Array:
    """Two hidden layers of ReLU, a linear end."""
    for layer in layers[:-1]:
        inputs = jax.nn.relu(inputs @ layer["w"] + layer["b"])
    return inputs @ layers[-1]["w"] + layers[-1]["b"]


def samples(sizes: Sizes, generator: Any, key: jax.Array, count: int) -> jax.Array:
    """`count` points of the generator."""
    return apply(generator, jax.random.normal(key, (count, sizes.latent)))


def real(sizes: Sizes, weights: Any, key: jax.Array) -> jax.Array:
    """A batch of the mixture."""
    which_key, noise_key = jax.random.split(key)
    logits = jnp.log(jnp.asarray(weights))
    which = jax.random.categorical(which_key, logits, shape=(sizes.batch,))
    noise = jax.random.normal(noise_key, (sizes.batch, 2))
    return jnp.asarray(CENTRES)[which] + sizes.std * noise


def payoff(sizes: Sizes, weights: Any, loss: str) -> Callable[[mm.Players, jax.Array], jax.Array]:
    """E log σ(D(real)) + E log(1 − σ(D(fake))), or without the logarithms for Wasserstein."""

    def value(players: mm.Players, draw: jax.Array) -> jax.Array:
        real_key, fake_key = jax.random.split(draw)
        points = real(sizes, weights, real_key), samples(sizes, players.min, fake_key, sizes.batch)
        r, s = (apply(players.max, x)[:, 0] for x in points)
        if loss == "wasserstein":
            return jnp.mean(r) - jnp.mean(s)
        return jnp.mean(log_sigmoid(r)) + jnp.mean(log_sigmoid(-s))

    return value


def shares(points: jax.Array, radii: tuple[float, ...] = RADII) -> jax.Array:
    """The share of the points at each mode, `(radii, modes)`."""
    distances = jnp.linalg.norm(points[:, None] - jnp.asarray(CENTRES), axis=-1)
    return jnp.stack([jnp.mean(distances <= radius, axis=0) for radius in radii])
