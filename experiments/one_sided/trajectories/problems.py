"""Dirac-GANs, and GANs with the trainer's networks, losses and data.

The trainer's field averages over devices and cannot be vmapped. These games run all seeds of a
method in one program, so they compute their losses here, from the same parts.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

import minmax_jax as mm
from minmax_jax import games, gan


class Problem(NamedTuple):
    """A game with seeds.

    Attributes:
      start: Function `seed -> Players` of initial parameters.
      descended: Field `(players, key) -> Players` of the losses that the players descend.
      saturating: Field `(players, key) -> Players` of the saturating payoff.
      learning_rates: Function from a method to the learning rates of its first update.
      ema_decay: Decay of the generator's moving average.
    """

    start: Callable[[int], mm.Players]
    descended: mm.FieldFn
    saturating: mm.FieldFn
    learning_rates: Callable[[str], mm.Players]
    ema_decay: float


def dirac(variant: str) -> Problem:
    """Returns a Dirac-GAN, whose behavior is known (see `games.dirac_gan`).

    The starts are standard normal.

    Args:
      variant: "non-saturating": GDA rotates around the equilibrium and no gradient vanishes;
        or "gradient-penalty": GDA converges to it and both gradients vanish.
    """
    own, payoff = games.dirac_gan(variant), games.dirac_gan("gan")

    @functools.cache
    def start(seed: int) -> mm.Players:
        theta, psi = jax.random.normal(jax.random.key(seed), (2,))
        return mm.Players({"theta": theta}, {"psi": psi})

    return Problem(
        start=start,
        descended=lambda z, key=0: own.field_fn(z),
        saturating=lambda z, key=0: payoff.field_fn(z),
        learning_rates=lambda method: (
            mm.Players(0.1, 0.1) if method == "sgda" else mm.Players(0.01, 0.01)
        ),
        ema_decay=0.99,
    )


def networks(preset: str, **fields: Any) -> Problem:
    """Returns the game of a trainer preset, with its networks, batch, loss and learning rates.

    Args:
      preset: Name of the preset.
      **fields: Changed fields, by flat name.
    """
    config = gan.preset(preset, **fields)
    examples = gan.load_data(config.data.source)
    images = jnp.asarray(examples.images)
    pair = gan.build_pair(config, images.shape[1:])

    def logits(z: mm.Players, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        real_key, latent_key = jax.random.split(key)
        indices = jnp.arange(config.training.batch_size)
        real = gan.draw_batch(images, real_key, indices)
        latents = gan.draw_latents(latent_key, indices, pair.latent_dim)
        fake = pair.generator.apply(z.min, pair.generator.stats, latents, train=True)[0]
        discriminate = lambda x: pair.discriminator.apply(  # noqa: E731
            z.max, pair.discriminator.stats, x, train=True
        )[0]
        return discriminate(real), discriminate(fake)

    @functools.cache
    def start(seed: int) -> mm.Players:
        fresh = gan.build_pair(gan.preset(preset, **{**fields, "seed": seed}), images.shape[1:])
        return mm.Players(fresh.generator.params, fresh.discriminator.params)

    def learning_rates(method: str) -> mm.Players:
        known = method if method in mm.optimizers else "adam_gda"
        named = gan.preset(preset, **{**fields, "optimizer": known})
        return mm.Players(named.optimizer.learning_rate_min, named.optimizer.learning_rate_max)

    own, payoff = gan.LOSSES[config.objective.loss], gan.LOSSES["saturating"]
    return Problem(
        start=start,
        descended=mm.general_sum(
            lambda z, key: own.min_loss(*logits(z, key)),
            lambda z, key: own.max_loss(*logits(z, key)),
            stochastic=True,
        ),
        saturating=mm.zero_sum(lambda z, key: -payoff.max_loss(*logits(z, key)), stochastic=True),
        learning_rates=learning_rates,
        ema_decay=config.training.ema_decay,
    )
