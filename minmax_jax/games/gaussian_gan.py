"""A small GAN on a mixture of Gaussians in the plane."""

import itertools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_batching import sequential_vmap

from minmax_jax._util import checks
from minmax_jax._util.types import Draw, Players
from minmax_jax.games._draw import as_key
from minmax_jax.games._game import Game
from minmax_jax.games._gan_losses import LOSSES, gan_functions

LAYOUTS = ("ring", "four")
SOURCE = (
    "ring: Metz, Poole, Pfau, Sohl-Dickstein, arXiv 1611.02163, 2017, not checked against the "
    "paper; four modes and networks: Keswani, Mangoubi, Sachdeva, Vishnoi, arXiv 2006.12376, "
    "2022, from the authors' code"
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
    """Creates a GAN whose generator must find all modes of a mixture in the plane.

    The generator has layers N(0, I) → 128 → 128 → 2, and the discriminator 2 → 128 → 128 → 1,
    with ReLU between layers. Weights are orthogonal with gain 0.8; biases are zero. The payoff
    is `E log D(X) + E log(1 − D(G(z)))` over one batch of points and one of latents.

    The layout `"ring"` has eight modes of equal weight on a circle of radius 2, with standard
    deviation 0.02. The layout `"four"` has modes (0, ±1) and (±1, 0) with standard deviation
    0.01; (0, 1) has weight 2/5 and the others 1/5, as in the code behind the published figures.

    Args:
      key: PRNG key for the networks, and for samples if `field_fn` receives integers as
        `draw`: equal integers then give equal samples. `solve(key=...)` passes keys instead, so
        each update uses fresh samples.
      layout: Layout of the modes: `"ring"` or `"four"`.
      loss: `"saturating"` for a zero-sum game, or `"non-saturating"`, where the generator
        descends −E log D(G(z)).
      batch_size: Number of points, and of latents, per field evaluation.
      latent_dim: Dimension of the latents z.
      width: Width of the hidden layers.

    Returns:
      A `Game` whose players are tuples of `{"w": (in, out), "b": (out,)}`. `payoff_fn` is None
      for the non-saturating loss. There is no known solution.

    Raises:
      TypeError: If a size is not an int.
      ValueError: If `layout` or `loss` is unknown, or a size is less than 1.

    Examples:
      >>> import jax
      >>> import minmax_jax as mm
      >>> game = mm.games.gaussian_gan(jax.random.key(0), batch_size=8, latent_dim=4, width=8)
      >>> optimizer = mm.adam_gda(mm.Players(min=1e-3, max=1e-4))
      >>> key = jax.random.key(1)
      >>> end = mm.solve(optimizer, game.field_fn, game.start, 2, key=key).players
      >>> mm.games.gaussian_generate(end.min, jax.random.normal(key, (5, 4))).shape
      (5, 2)

    References:
      Metz, Poole, Pfau, Sohl-Dickstein, `Unrolled generative adversarial networks
      <https://arxiv.org/abs/1611.02163>`_, 2017.

      Keswani, Mangoubi, Sachdeva, Vishnoi, `A convergent and dimension-independent min-max
      optimization algorithm <https://arxiv.org/abs/2006.12376>`_, 2022.
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

    field_fn, payoff_fn = gan_functions(logits, loss, stochastic=True)
    return Game(field_fn, payoff_fn, start, source=SOURCE)


def gaussian_generate(generator: Any, latents: jax.Array) -> jax.Array:
    """Returns G(z) of shape (n, 2) for latents of shape (n, latent_dim)."""
    return _apply(generator, latents)


def gaussian_modes(layout: str = "ring") -> tuple[np.ndarray, np.ndarray, float]:
    """Returns the centers (k, 2), the weights (k,) and the standard deviation of the modes."""
    checks.check_choice("gaussian_modes", "layout", layout, LAYOUTS)
    if layout == "four":
        centers = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, -1.0], [-1.0, 0.0]])
        return centers, np.array([0.4, 0.2, 0.2, 0.2]), 0.01
    angles = 2 * math.pi * np.arange(8) / 8
    return 2 * np.stack([np.cos(angles), np.sin(angles)], axis=-1), np.full(8, 1 / 8), 0.02


def gaussian_points(key: jax.Array, num_points: int, layout: str = "ring") -> jax.Array:
    """Draws points of shape (num_points, 2) from the mixture."""
    centers, weights, stddev = gaussian_modes(layout)
    mode_key, noise_key = jax.random.split(key)
    modes = jax.random.choice(mode_key, len(centers), (num_points,), p=jnp.asarray(weights))
    return jnp.asarray(centers)[modes] + stddev * jax.random.normal(noise_key, (num_points, 2))


def _network(key: jax.Array, sizes: tuple[int, ...]) -> tuple[dict[str, jax.Array], ...]:
    orthogonal = jax.nn.initializers.orthogonal(0.8)
    shapes = list(itertools.pairwise(sizes))
    keys = jax.random.split(key, len(shapes))

    def init(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        # Under `vmap`, matrices are initialized one after the other: two simultaneous batches of
        # QR decompositions can deadlock on a CPU with few cores (jaxlib 0.10.2).
        with jax.default_matmul_precision("highest"):
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
