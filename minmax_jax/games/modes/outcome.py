"""How a run of the game `modes` ended: which modes the generator reached."""

import math

import jax
import jax.numpy as jnp

from minmax_jax._util.types import Players
from minmax_jax.games.modes.model import modes_logit, modes_points

OUTCOMES = ("both", "one", "average", "noise", "diverged")
"""What `modes_outcome` counts, by index."""


def modes_reached(
    players: Players,
    *,
    correlation: float = 0.3,
    latents: jax.Array | None = None,
    cosine: float = 0.9,
    norm: float = 0.05,
) -> jax.Array:
    """Returns the share of z whose G(z) reaches u₁, u₂ and the direction of u₁ + u₂.

    G(z) reaches a unit vector u where `⟨G(z), u⟩ ≥ cosine·‖G(z)‖` and `‖G(z)‖ ≥ norm`.

    Args:
      players: of `modes`, in whatever dimension they have.
      correlation: γ, as in `modes`.
      latents: (n, m_G), the values of z that count, each alike; None: the one-hot ones.
      cosine: how near in direction.
      norm: how far from zero.

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
    """Returns the index in `OUTCOMES` of where the players ended.

    diverged: some parameter is no finite number, or the generator's longest vector exceeds
    1e6, where the modes have length one. both: each of u₁ and u₂ is reached by at least
    `share` of z. one: only one of them. average: neither, but u₁ + u₂ is. noise: none of
    the three.

    Args:
      players: as in `modes_reached`, which says what reached means.
      correlation: as in `modes_reached`.
      latents: as in `modes_reached`.
      share: the least share of z, 10% by convention here.
      cosine: as in `modes_reached`.
      norm: as in `modes_reached`.

    Returns:
      An int32 scalar; `vmap` it over runs.

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
    u1, u2, average = shares >= share - 1e-6  # 1/10 in float32 is at least a tenth
    alive = jnp.array([jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(players)]).all()
    diverged = ~alive | (jnp.abs(players.min["v"]).max() > 1e6)
    return jnp.select([diverged, u1 & u2, u1 | u2, average], [4, 0, 1, 2], 3).astype(jnp.int32)


def modes_fake_probability(
    players: Players,
    *,
    bias_coefficient: float = 1.0,
    linear_beyond: float | None = None,
) -> jax.Array:
    """Returns the mean of D(G(z)) over one-hot z: how far D is ahead of G.

    Args:
      players: of `modes`.
      bias_coefficient: λ/√d, one where `modes` is left at its default λ.
      linear_beyond: as in `modes`.

    Returns:
      A scalar; ½ where D cannot tell.
    """
    logits = modes_logit(
        players.max,
        players.min["v"],
        bias_coefficient=bias_coefficient,
        linear_beyond=linear_beyond,
    )
    return jax.nn.sigmoid(logits).mean()
