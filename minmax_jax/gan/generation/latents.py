"""Latents of samples and of interpolations."""

import jax
import jax.numpy as jnp

from minmax_jax.gan import data as data_lib


def seeded_latents(latent_dim: int, num: int, *, seed: int = 0, start: int = 0) -> jax.Array:
    """Returns the standard normal latents `start`, `start + 1`, … of a seed.

    Args:
      latent_dim: Dimension of the latent space.
      num: Number of latents.
      seed: Seed.
      start: Index of the first latent.

    Returns:
      Latents `(num, latent_dim)`.
    """
    return data_lib.latents(jax.random.key(seed), jnp.arange(start, start + num), latent_dim)


def latent_arcs(starts: jax.Array, ends: jax.Array, num_frames: int, *, loop: bool) -> jax.Array:
    """Interpolates between latents on the arcs `cos(t) · start + sin(t) · end`.

    If start and end are independent standard normals, every point on the arc is
    standard normal too; points on a straight line would be too short. In many
    dimensions two latents are nearly orthogonal and of equal norm, and the arc is
    close to the great circle through them.

    Args:
      starts: Latents `(n, latent_dim)`.
      ends: Latents `(n, latent_dim)`.
      num_frames: Number of points per arc.
      loop: Whether to follow the whole circle, without repeating the start at the
        end. Otherwise the arc is a quarter of the circle and includes both ends.

    Returns:
      Latents `(n, num_frames, latent_dim)`.
    """
    turn = jnp.arange(num_frames) / num_frames * 4 if loop else jnp.linspace(0, 1, num_frames)
    angle = (turn * jnp.pi / 2)[None, :, None]
    return jnp.cos(angle) * starts[:, None] + jnp.sin(angle) * ends[:, None]


def truncate(latents: jax.Array, bound: float | None) -> jax.Array:
    """Clips latents to −bound…bound, which trades variety for typical samples.

    Args:
      latents: Latents of any shape.
      bound: Bound in standard deviations, for example 0.7, or None for no truncation.

    Reference:
      Marchesi, "Megapixel Size Image Creation using Generative Adversarial Networks", 2017, and
      Brock et al., ICLR 2019. The latter draw values beyond the bound again instead.
    """
    return latents if bound is None else jnp.clip(latents, -bound, bound)
