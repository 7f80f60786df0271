"""What is trained: Dirac-GANs, and GANs of the trainer's networks, losses and data.

The trainer averages over devices, and such a field cannot be vmapped; these run all seeds of a
method in one program, so that the batch is drawn here, from the same parts.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

import minmax_jax as mm
from minmax_jax import games, gan
from minmax_jax.gan import data as data_lib
from minmax_jax.gan.objective import losses
from minmax_jax.gan.training import build


class Problem(NamedTuple):
    """A game with a seed.

    Attributes:
      start: `start(seed) -> Players`.
      descended: field of the losses that the players descend, `(players, key) -> Players`.
      saturating: field of the saturating payoff, alike.
      rates: method -> `Players` of learning rates at the first update.
      ema_decay: of the generator's moving average.
    """

    start: Callable[[int], mm.Players]
    descended: mm.FieldFn
    saturating: mm.FieldFn
    rates: Callable[[str], mm.Players]
    ema_decay: float


def dirac(variant: str) -> Problem:
    """The Dirac-GAN, where the truth is known: see `games.dirac_gan`.

    non-saturating: descent–ascent turns round the equilibrium, and no gradient vanishes.
    gradient-penalty: it is attracted, and both do. Starts: standard normal.
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
        rates=lambda method: mm.Players(0.1, 0.1) if method == "sgda" else mm.Players(0.01, 0.01),
        ema_decay=0.99,
    )


def networks(preset: str, **fields: Any) -> Problem:
    """A preset of the trainer: its networks, batch, loss and learning rates."""
    config = gan.preset(preset, **fields)
    examples = data_lib.load(config.data.source)
    images = jnp.asarray(examples.images)
    pair = build.build_pair(config, images.shape[1:])

    def logits(z: mm.Players, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        real_key, latent_key = jax.random.split(key)
        indices = jnp.arange(config.training.batch_size)
        real = data_lib.batch(images, real_key, indices)
        latents = data_lib.latents(latent_key, indices, pair.latent_dim)
        fake = pair.generator.apply(z.min, pair.generator.stats, latents, train=True)[0]
        judge = lambda x: pair.discriminator.apply(  # noqa: E731
            z.max, pair.discriminator.stats, x, train=True
        )[0]
        return judge(real), judge(fake)

    @functools.cache
    def start(seed: int) -> mm.Players:
        fresh = build.build_pair(gan.preset(preset, **{**fields, "seed": seed}), images.shape[1:])
        return mm.Players(fresh.generator.params, fresh.discriminator.params)

    def rates(method: str) -> mm.Players:
        known = method if method in mm.optimizers else "adam_gda"
        named = gan.preset(preset, **{**fields, "optimizer": known})
        return mm.Players(named.optimizer.learning_rate_min, named.optimizer.learning_rate_max)

    own, payoff = losses.LOSSES[config.objective.loss], losses.LOSSES["saturating"]
    return Problem(
        start=start,
        descended=mm.general_sum(
            lambda z, key: own.min_loss(*logits(z, key)),
            lambda z, key: own.max_loss(*logits(z, key)),
            stochastic=True,
        ),
        saturating=mm.zero_sum(lambda z, key: -payoff.max_loss(*logits(z, key)), stochastic=True),
        rates=rates,
        ema_decay=config.training.ema_decay,
    )
