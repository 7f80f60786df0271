"""Classifies which modes the generator of `modes` has reached."""

import math

import jax
import jax.numpy as jnp

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
    """Returns the shares of z whose G(z) reaches u₁, u₂ and the direction of u₁ + u₂.

    G(z) reaches a unit vector u if `⟨G(z), u⟩ ≥ cosine·‖G(z)‖` and `‖G(z)‖ ≥ norm`.

    Args:
      players: Players of `modes`, of any dimension.
      correlation: Correlation γ of the modes.
      latents: Equally weighted values of z, of shape (n, m_G). Defaults to the one-hot vectors.
      cosine: Required cosine of the angle to u.
      norm: Required norm.

    Returns:
      Three shares in [0, 1].
    """
    points = players.min["v"] if latents is None else latents @ players.min["v"]
    u = modes_points(correlation)
    targets = jnp.concatenate([u, u.sum(0, keepdims=True) / math.sqrt(2 + 2 * correlation)])
    norms = jnp.linalg.norm(points, axis=-1, keepdims=True)
    near = points[:, :2] @ targets.T >= cosine * norms
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
    """Returns the index in `OUTCOMES` of the outcome of a run.

    - `"diverged"`: a parameter is not finite, or a generator vector has a coordinate above
      1e6. The modes have length one.
    - `"both"`: at least `share` of z reaches u₁, and at least `share` reaches u₂.
    - `"one"`: only one of them is reached.
    - `"average"`: neither is reached, but u₁ + u₂ is.
    - `"noise"`: none of the three is reached.

    Args:
      players: Players of `modes`, of any dimension.
      correlation: Correlation γ of the modes.
      latents: Equally weighted values of z, of shape (n, m_G). Defaults to the one-hot vectors.
      share: Required share of z.
      cosine: Required cosine of the angle to a vector that is reached.
      norm: Required norm of G(z).

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
    """Returns the mean of D(G(z)) over one-hot z.

    Args:
      players: Players of `modes`.
      bias_coefficient: Coefficient λ/√d of the bias. It is one for the default of `modes`.
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
