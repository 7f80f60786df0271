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
from experiments.one_sided.trajectories.balance import balanced_width
from minmax_jax import games, gan


class Problem(NamedTuple):
    """A game with seeds.

    Attributes:
      start: Function `seed -> Players` of initial parameters.
      descended: Field `(players, key) -> Players` of the losses that the players descend.
      saturating: Field `(players, key) -> Players` of the saturating payoff, or of the payoff of a
        loss that is zero-sum itself.
      learning_rates: Function from a method to the learning rates of its first update.
      ema_decay: Decay of the generator's moving average.
      data: Dataset that the generator imitates, or None.
      pair: Networks, or None.
    """

    start: Callable[[int], mm.Players]
    descended: mm.FieldFn
    saturating: mm.FieldFn
    learning_rates: Callable[[str], mm.Players]
    ema_decay: float
    data: gan.Data | None = None
    pair: gan.Pair | None = None


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


def networks(preset: str, *, balanced: bool = False, **fields: Any) -> Problem:
    """Returns the game of a trainer preset, with its networks, batch, loss and learning rates.

    Args:
      preset: Name of the preset.
      balanced: Whether the discriminator has about as many parameters as the generator, by
        another width, instead of the preset's width for both.
      **fields: Changed fields, by flat name.

    Raises:
      ConfigError: If the gradient penalty meets a discriminator with BatchNorm, which couples
        the examples of a batch.
    """
    config = gan.preset(preset, **fields)
    examples = gan.load_data(config.data.source)
    images = jnp.asarray(examples.images)
    shape = images.shape[1:]
    width = balanced_width(config, shape) if balanced else config.networks.width

    def build(seed: Any) -> gan.Pair:
        pair = gan.build_pair(config.replace(seed=seed), shape)
        if width == config.networks.width:
            return pair
        wide = gan.build_pair(config.replace(seed=seed, width=width), shape)
        return pair._replace(discriminator=wide.discriminator)

    @jax.jit  # One program for the initial parameters of all seeds.
    def initial(seed: jax.Array) -> mm.Players:
        fresh = build(jax.random.key(seed))
        return mm.Players(fresh.generator.params, fresh.discriminator.params)

    @functools.cache
    def start(seed: int) -> mm.Players:
        return initial(jnp.asarray(seed))

    def learning_rates(method: str) -> mm.Players:
        known = method if method in mm.optimizers else "adam_gda"
        named = gan.preset(preset, **{**fields, "optimizer": known})
        return mm.Players(named.optimizer.learning_rate_min, named.optimizer.learning_rate_max)

    pair = build(config.run.seed)
    return Problem(
        start,
        *_fields(config, pair, images),
        learning_rates,
        config.training.ema_decay,
        examples,
        pair,
    )


def _fields(config: gan.Config, pair: gan.Pair, images: jax.Array) -> tuple[mm.FieldFn, mm.FieldFn]:
    """Returns the field of the losses that the players descend, and the one of the payoff."""

    def outputs(z: mm.Players, key: jax.Array) -> tuple[jax.Array, jax.Array, Callable[..., Any]]:
        real_key, latent_key = jax.random.split(key)
        indices = jnp.arange(config.training.batch_size)
        real = gan.draw_batch(images, real_key, indices)
        latents = gan.draw_latents(latent_key, indices, pair.latent_dim)
        fake = pair.generator.apply(z.min, pair.generator.stats, latents, train=True)[0]
        discriminate = lambda x: pair.discriminator.apply(  # noqa: E731
            z.max, pair.discriminator.stats, x, train=True
        )[0]
        return real, fake, discriminate

    def logits(z: mm.Players, key: jax.Array) -> tuple[jax.Array, jax.Array]:
        real, fake, discriminate = outputs(z, key)
        return discriminate(real), discriminate(fake)

    own = gan.LOSSES[config.objective.loss]
    payoff = own if own.zero_sum else gan.LOSSES["saturating"]
    penalty = _penalty(config, pair, outputs) if config.objective.penalty else None

    def max_loss(loss: gan.Loss, z: mm.Players, key: jax.Array) -> jax.Array:
        value = loss.max_loss(*logits(z, key))
        return value if penalty is None else value + penalty(z, key)

    return (
        mm.general_sum(
            lambda z, key: own.min_loss(*logits(z, key)),
            lambda z, key: max_loss(own, z, key),
            stochastic=True,
        ),
        mm.zero_sum(lambda z, key: -max_loss(payoff, z, key), stochastic=True),
    )


def _penalty(
    config: gan.Config, pair: gan.Pair, outputs: Callable[..., Any]
) -> Callable[[mm.Players, jax.Array], jax.Array]:
    """Returns the gradient penalty of the discriminator's loss, on the batch of its key."""
    if jax.tree.leaves(pair.discriminator.stats):
        raise gan.ConfigError(
            f"loss={config.objective.loss} with a gradient penalty: the discriminator of "
            f"{config.networks.name} has BatchNorm, which couples examples. Use the preset "
            "gaussians or cifar10-resnet."
        )
    penalty_fn = gan.PENALTIES[config.objective.penalty_type]
    indices = jnp.arange(config.training.batch_size)

    def penalty(z: mm.Players, key: jax.Array) -> jax.Array:
        real, fake, discriminate = outputs(z, key)
        mix = jax.random.uniform(jax.random.fold_in(key, 2), indices.shape)
        return config.objective.penalty * penalty_fn(discriminate, real, fake, mix)

    return penalty
