"""Classifies which modes the generator of `modes` has reached."""

import math

import jax
import jax.numpy as jnp

from minmax_jax._util.products import product
from minmax_jax._util.types import Players
from minmax_jax.games.modes.model import modes_logit, modes_points

OUTCOMES = ("both", "one", "average", "noise", "diverged")
"""Possible outcomes, in the order of the indices that `modes_outcome` returns."""


def modes_reached(
    players: Players,
    *,
    correlation: float = 0.3,
    latents: jax.Array | None = None,
    cosine: float = 0.9,
    norm: float = 0.05,
) -> jax.Array:
    """Returns the shares of latents that reach u₁, u₂ and the direction of u₁ + u₂.

    Here u₁ and u₂ are the two modes, and G is the generator. A latent z reaches a unit vector u
    if `⟨G(z), u⟩ ≥ cosine·‖G(z)‖` and `‖G(z)‖ ≥ norm`.

    Args:
      players: Players of `modes`, of any dimension.
      correlation: Correlation γ of the modes.
      latents: Latents z with equal weights, of shape (n, m_G) for m_G generator vectors.
        Defaults to the one-hot vectors.
      cosine: Minimum cosine of the angle between G(z) and u.
      norm: Minimum norm of G(z).

    Returns:
      Three shares in [0, 1].
    """
    points = players.min["v"] if latents is None else product(latents, players.min["v"])
    u = modes_points(correlation)
    targets = jnp.concatenate([u, u.sum(0, keepdims=True) / math.sqrt(2 + 2 * correlation)])
    norms = jnp.linalg.norm(points, axis=-1, keepdims=True)
    near = product(points[:, :2], targets.T) >= cosine * norms
    return jnp.mean(near & (norms >= norm), axis=0)


def modes_outcome(
    players: Players,
    *,
    correlation: float = 0.3,
    latents: jax.Array | None = None,
    share: float = 0.1,
    cosine: float = 0.9,
    norm: float = 0.05,
) -> jax.Array:
    """Classifies the outcome of a run, as an index into `OUTCOMES`.

    Let u₁ and u₂ be the two modes, which have length one. A vector is reached if at least
    `share` of the latents reach it, see `modes_reached`.

    - `"diverged"`: a parameter is not finite, or a generator vector has a coordinate of absolute
      value above 1e6.
    - `"both"`: u₁ and u₂ are reached.
    - `"one"`: only one of them is reached.
    - `"average"`: neither is reached, but the direction of u₁ + u₂ is.
    - `"noise"`: none of the three is reached.

    Args:
      players: Players of `modes`, of any dimension.
      correlation: Correlation γ of the modes.
      latents: Latents z with equal weights, of shape (n, m_G) for m_G generator vectors.
        Defaults to the one-hot vectors.
      share: Minimum share of the latents.
      cosine: Minimum cosine of the angle between a generated point G(z) and the vector.
      norm: Minimum norm of G(z).

    Returns:
      An int32 scalar. Use `vmap` for several runs.

    Examples:
      >>> import jax.numpy as jnp
      >>> import minmax_jax as mm
      >>> from minmax_jax import games
      >>> v = games.modes_points(0.3)
      >>> players = mm.Players(min={"v": v}, max={"a": jnp.zeros(())})
      >>> games.OUTCOMES[int(games.modes_outcome(players))]
      'both'
      >>> players = mm.Players(min={"v": v[:1]}, max={"a": jnp.zeros(())})
      >>> games.OUTCOMES[int(games.modes_outcome(players))]
      'one'
    """
    shares = modes_reached(
        players, correlation=correlation, latents=latents, cosine=cosine, norm=norm
    )
    u1, u2, average = shares >= share - 1e-6  # In float32, 1/10 may round below 0.1.
    alive = jnp.array([jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(players)]).all()
    diverged = ~alive | (jnp.abs(players.min["v"]).max() > 1e6)
    return jnp.select([diverged, u1 & u2, u1 | u2, average], [4, 0, 1, 2], 3).astype(jnp.int32)


def modes_fake_probability(
    players: Players,
    *,
    bias_coefficient: float = 1.0,
    linear_beyond: float | None = None,
) -> jax.Array:
    """Returns the mean of D(G(z)) over one-hot latents z, for generator G and discriminator D.

    Args:
      players: Players of `modes`.
      bias_coefficient: Coefficient λ/√d of the bias. Defaults to one, as in `modes`.
      linear_beyond: Threshold beyond which the cubic is replaced by its tangent, or None.

    Returns:
      A scalar: ½ if the discriminator cannot distinguish generated points from data.
    """
    logits = modes_logit(
        players.max,
        players.min["v"],
        bias_coefficient=bias_coefficient,
        linear_beyond=linear_beyond,
    )
    return jax.nn.sigmoid(logits).mean()
