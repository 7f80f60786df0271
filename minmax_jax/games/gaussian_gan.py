"""A GAN of two small networks on a mixture of Gaussians in the plane."""

import itertools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_batching import sequential_vmap
from jax.nn import log_sigmoid

from minmax_jax._util import checks
from minmax_jax._util.types import Draw, Players
from minmax_jax.field import general_sum, payoff, zero_sum
from minmax_jax.games._draw import as_key
from minmax_jax.games._game import Game

LAYOUTS = ("ring", "four")
LOSSES = ("saturating", "non-saturating")
SOURCE = (
    "ring: Metz, Poole, Pfau, Sohl-Dickstein, arXiv 1611.02163, 2017, recalled; four modes and "
    "networks: Mangoubi, Sachdeva, Vishnoi, arXiv 2006.12376, from the authors' code"
)


def gaussian_gan(
    key: jax.Array,
    *,
    layout: str = "ring",
    loss: str = "saturating",
    batch_size: int = 512,
    latent_dim: int = 256,
    width: int = 128,
) -> Game:
    """Makes the GAN whose generator has to find all modes of a mixture in the plane.

    Generator N(0, I) → 128 → 128 → 2 and discriminator 2 → 128 → 128 → 1, ReLU between,
    weights orthogonal with gain 0.8, biases zero. The payoff is
    `E log D(X) + E log(1 − D(G(z)))` over a batch of each.

    Modes: "ring", eight of equal weight on a circle of radius 2, standard deviation .02;
    "four", (0, ±1) and (±1, 0), standard deviation .01, where (0, 1) carries 2/5 and the
    others 1/5 each, as in the code behind the published figures.

    Args:
      key: PRNG key of the networks, and of the samples where `field_fn` is called with an
        integer draw: the same sample then for the same draw. `solve(key=)` sends keys of
        its own, and so fresh samples in each update.
      layout: "ring" or "four".
      loss: "saturating", a zero-sum game, or "non-saturating": G descends −E log D(G(z)).
      batch_size: points, and latents, in each field evaluation.
      latent_dim: dimension of z.
      width: of the hidden layers.

    Returns:
      A `Game` whose players are tuples of `{"w": (in, out), "b": (out,)}`; `payoff_fn` is
      None for the non-saturating loss, `solution` always.

    Raises:
      TypeError, ValueError: for an unknown layout or loss, or a size below 1.

    Examples:
      >>> import jax
      >>> import minmax_jax as mm
      >>> game = mm.games.gaussian_gan(jax.random.key(0), batch_size=8, latent_dim=4, width=8)
      >>> rates = mm.Players(min=1e-3, max=1e-4)
      >>> key = jax.random.key(1)
      >>> end = mm.solve(mm.adam_gda(rates), game.field_fn, game.start, 2, key=key).players
      >>> mm.games.gaussian_generate(end.min, jax.random.normal(key, (5, 4))).shape
      (5, 2)

    References:
      Metz, Poole, Pfau, Sohl-Dickstein, `Unrolled generative adversarial networks
      <https://arxiv.org/abs/1611.02163>`_, 2017. Mangoubi, Sachdeva, Vishnoi, `A provably
      convergent and practical algorithm for min-max optimization with applications to GANs
      <https://arxiv.org/abs/2006.12376>`_, 2020.
    """
    checks.check_choice("gaussian_gan", "layout", layout, LAYOUTS)
    checks.check_choice("gaussian_gan", "loss", loss, LOSSES)
    for name, size in (("batch_size", batch_size), ("latent_dim", latent_dim), ("width", width)):
        checks.check_count("gaussian_gan", name, size)
    g_key, d_key, sample_key = jax.random.split(key, 3)
    start = Players(
        min=_network(g_key, (latent_dim, width, width, 2)),
        max=_network(d_key, (2, width, width, 1)),
    )

    def logits(players: Players, draw: Draw) -> tuple[jax.Array, jax.Array]:
        x_key, z_key = jax.random.split(as_key(sample_key, draw))
        dtype = players.min[0]["w"].dtype
        real = gaussian_points(x_key, batch_size, layout).astype(dtype)
        fake = _apply(players.min, jax.random.normal(z_key, (batch_size, latent_dim), dtype))
        return _apply(players.max, real)[:, 0], _apply(players.max, fake)[:, 0]

    def value(players: Players, draw: Draw) -> jax.Array:
        real, fake = logits(players, draw)
        return log_sigmoid(real).mean() + log_sigmoid(-fake).mean()

    if loss == "saturating":
        field_fn, payoff_fn = zero_sum(value, stochastic=True), payoff(value, stochastic=True)
        return Game(field_fn, payoff_fn, start, source=SOURCE)
    field_fn = general_sum(
        lambda players, draw: -log_sigmoid(logits(players, draw)[1]).mean(),
        lambda players, draw: -value(players, draw),
        stochastic=True,
    )
    return Game(field_fn, start=start, source=SOURCE)


def gaussian_generate(generator: Any, latents: jax.Array) -> jax.Array:
    """Returns G(z), (n, 2), for each row of latents, (n, latent_dim)."""
    return _apply(generator, latents)


def gaussian_modes(layout: str = "ring") -> tuple[np.ndarray, np.ndarray, float]:
    """Returns the modes' centres (k, 2), their weights (k,) and their standard deviation."""
    checks.check_choice("gaussian_modes", "layout", layout, LAYOUTS)
    if layout == "four":
        centres = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, -1.0], [-1.0, 0.0]])
        return centres, np.array([0.4, 0.2, 0.2, 0.2]), 0.01
    angles = 2 * math.pi * np.arange(8) / 8
    return 2 * np.stack([np.cos(angles), np.sin(angles)], axis=-1), np.full(8, 1 / 8), 0.02


def gaussian_points(key: jax.Array, num_points: int, layout: str = "ring") -> jax.Array:
    """Draws (num_points, 2) data from the mixture."""
    centres, weights, stddev = gaussian_modes(layout)
    mode_key, noise_key = jax.random.split(key)
    modes = jax.random.choice(mode_key, len(centres), (num_points,), p=jnp.asarray(weights))
    return jnp.asarray(centres)[modes] + stddev * jax.random.normal(noise_key, (num_points, 2))


def _network(key: jax.Array, sizes: tuple[int, ...]) -> tuple[dict[str, jax.Array], ...]:
    orthogonal = jax.nn.initializers.orthogonal(0.8)
    shapes = list(itertools.pairwise(sizes))
    keys = jax.random.split(key, len(shapes))

    def init(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        # One matrix after the other under `vmap`: on a CPU of few cores two batches of QR at a
        # time wait for each other's threads for ever (seen with jaxlib 0.10.2).
        return sequential_vmap(lambda key: orthogonal(key, shape))(key)

    return tuple(
        {"w": init(k, shape), "b": jnp.zeros(shape[1])}
        for k, shape in zip(keys, shapes, strict=True)
    )


def _apply(layers: Any, inputs: jax.Array) -> jax.Array:
    *hidden, last = layers
    for layer in hidden:
        inputs = jax.nn.relu(inputs @ layer["w"] + layer["b"])
    return inputs @ last["w"] + last["b"]
