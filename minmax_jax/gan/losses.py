"""GAN losses as functions of the discriminator's logits, each player's own to minimise.

With r the logits of real and s those of fake examples, σ the sigmoid:

| name           | discriminator minimises            | generator minimises |
| saturating     | −E log σ(r) − E log(1 − σ(s))      | E log(1 − σ(s))     |
| non-saturating | the same                           | −E log σ(s)         |
| hinge          | E max(0, 1 − r) + E max(0, 1 + s)  | −E s                |
| wasserstein    | E s − E r                          | −E s                |
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.nn import log_sigmoid, relu

from minmax_jax.gan.table import Table


class Loss(NamedTuple):
    """The two losses of a GAN.

    Attributes:
      min_loss: `min_loss(real, fake) -> scalar`, the generator's, of logits `(batch,)`.
      max_loss: `max_loss(real, fake) -> scalar`, the discriminator's, to *minimise*.
      zero_sum: whether the two gradients are those of one payoff, `-max_loss`.
    """

    min_loss: Callable[[jax.Array, jax.Array], jax.Array]
    max_loss: Callable[[jax.Array, jax.Array], jax.Array]
    zero_sum: bool


def cross_entropy(real: jax.Array, fake: jax.Array) -> jax.Array:
    """`−E log σ(r) − E log(1 − σ(s))`, by log-sigmoids that do not overflow."""
    return -jnp.mean(log_sigmoid(real)) - jnp.mean(log_sigmoid(-fake))


def hinge(real: jax.Array, fake: jax.Array) -> jax.Array:
    """`E max(0, 1 − r) + E max(0, 1 + s)`."""
    return jnp.mean(relu(1.0 - real)) + jnp.mean(relu(1.0 + fake))


LOSSES: Table[Loss] = Table(
    "loss",
    {
        "saturating": Loss(
            lambda real, fake: jnp.mean(log_sigmoid(-fake)), cross_entropy, zero_sum=True
        ),
        "non-saturating": Loss(
            lambda real, fake: -jnp.mean(log_sigmoid(fake)), cross_entropy, zero_sum=False
        ),
        "hinge": Loss(lambda real, fake: -jnp.mean(fake), hinge, zero_sum=False),
        "wasserstein": Loss(
            lambda real, fake: -jnp.mean(fake),
            lambda real, fake: jnp.mean(fake) - jnp.mean(real),
            zero_sum=True,
        ),
    },
)
"""Name -> the two losses (Goodfellow et al., 2014; Miyato et al., 2018; Arjovsky et al., 2017)."""


def gradient_penalty(
    discriminator: Callable[[jax.Array], jax.Array],
    real: jax.Array,
    fake: jax.Array,
    mix: jax.Array,
) -> jax.Array:
    """WGAN-GP: `E (‖∇D(x̂)‖ − 1)²` at `x̂ = mix·real + (1 − mix)·fake`.

    It belongs to the discriminator's loss; gradients to the generator are stopped. The norm
    is over all numbers of one example, its derivative at zero is zero.

    Args:
      discriminator: maps `(batch, *sample_shape)` to `(batch,)`, each example by itself
        (a BatchNorm in it would couple them; WGAN-GP uses none).
      real: examples of the data, `(batch, *sample_shape)`.
      fake: examples of the generator, alike.
      mix: uniform numbers in [0, 1), `(batch,)`.

    References:
      Gulrajani et al., `Improved training of Wasserstein GANs
      <https://arxiv.org/abs/1704.00028>`_, 2017.
    """
    weight = mix.reshape(-1, *[1] * (real.ndim - 1))
    between = weight * real + (1.0 - weight) * jax.lax.stop_gradient(fake)
    gradient = jax.grad(lambda x: jnp.sum(discriminator(x)))(between)
    squared = jnp.sum(jnp.square(gradient).reshape(gradient.shape[0], -1), axis=-1)
    zero = squared == 0
    norm = jnp.where(zero, 0.0, jnp.sqrt(jnp.where(zero, 1.0, squared)))
    return jnp.mean(jnp.square(norm - 1.0))
