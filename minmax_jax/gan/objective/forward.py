"""Forward pass of both networks on one microbatch, and the samples for it.

All randomness derives from the step's key, the sample index `draw` and the index of the
example in the global batch. So one device and eight devices use the same batches, and a
resumed run repeats the uninterrupted one.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

import minmax_jax as mm
from minmax_jax import parallel
from minmax_jax.gan import data as data_lib
from minmax_jax.gan import networks
from minmax_jax.gan.objective import losses, penalties


class Game(NamedTuple):
    """Networks, loss and batch of a GAN, constant during a run.

    Attributes:
      pair: The two networks.
      loss: Loss of each player, as a function of logits.
      penalty: Penalty in the discriminator's loss, or None.
      batch_size: Number of examples in the global batch.
      num_devices: Number of devices among which the batch is divided.
      microbatches: Number of microbatches per device.
      axis_name: Mapped axis of the devices, or None for one device outside of such a map.
      one_pass: Whether real and generated examples go through the discriminator at once, if it
        supports that. It is slower for a method that uses the generator's gradient alone, such
        as alternating updates.
    """

    pair: networks.Pair
    loss: losses.Loss
    penalty: penalties.Penalty | None
    batch_size: int
    num_devices: int
    microbatches: int = 1
    axis_name: str | None = parallel.AXIS
    one_pass: bool = True


class Samples(NamedTuple):
    """Random inputs of one field or payoff evaluation: one microbatch of one device.

    Attributes:
      real: Examples of the dataset.
      latents: Latents of the generator.
      mix: Uniform random number per pair of examples, for the gradient penalty.
      dropout_keys: One PRNG key per example and application of a network.
    """

    real: jax.Array
    latents: jax.Array
    mix: jax.Array
    dropout_keys: jax.Array


class Outputs(NamedTuple):
    """Outputs of both networks on one microbatch of one device.

    Attributes:
      real: Examples of the dataset.
      fake: Examples of the generator.
      real_logits: Logits of the discriminator for `real`.
      fake_logits: Logits of the discriminator for `fake`.
      mix: Uniform random number per pair of examples, for the gradient penalty.
      discriminator: Function from inputs to logits for the penalty. It starts from the
        statistics that the pass over `real` returned.
      stats: Statistics of both networks after the forward pass.
    """

    real: jax.Array
    fake: jax.Array
    real_logits: jax.Array
    fake_logits: jax.Array
    mix: jax.Array
    discriminator: penalties.Discriminator
    stats: mm.Players


def samples_fn(game: Game, images: jax.Array, key: jax.Array) -> Callable[..., Samples]:
    """Returns the function that draws the samples of one step: `(draw, part=0) -> Samples`.

    Draw once per field evaluation and pass the samples to the losses of both players. XLA would
    not merge two equal draws on CPU, where a PRNG is a loop, nor the forward passes after them.

    Args:
      game: Networks and batch size.
      images: Dataset, or this device's shard of it.
      key: PRNG key of the step. The returned function folds its argument `draw` into it.

    Returns:
      A function of the sample index and the index of the microbatch.
    """
    size = game.batch_size // (game.num_devices * game.microbatches)
    device = 0 if game.axis_name is None else lax.axis_index(game.axis_name)
    first = device * game.microbatches

    def samples(draw: int | jax.Array, part: int | jax.Array = 0) -> Samples:
        indices = (first + part) * size + jnp.arange(size)
        keys = jax.random.split(jax.random.fold_in(key, draw), 4)
        return Samples(
            real=data_lib.batch(images, keys[0], indices),
            latents=data_lib.latents(keys[1], indices, game.pair.latent_dim),
            mix=jax.vmap(lambda i: jax.random.uniform(jax.random.fold_in(keys[2], i)))(indices),
            dropout_keys=_dropout_keys(keys[3], indices),
        )

    return samples


def forward_fn(
    game: Game, images: jax.Array, stats: mm.Players, key: jax.Array
) -> Callable[..., Outputs]:
    """Returns the forward pass of one step: `forward(players, draw, part=0) -> Outputs`.

    Args:
      game: Networks and batch size.
      images: Dataset, or this device's shard of it.
      stats: BatchNorm statistics before the step.
      key: PRNG key of the step. The returned function folds its argument `draw` into it.

    Returns:
      A function of the parameters, the sample index and the index of the microbatch.
    """
    draw_samples, pass_samples = samples_fn(game, images, key), networks_fn(game, stats)
    return lambda players, draw, part=0: pass_samples(players, draw_samples(draw, part))


def networks_fn(game: Game, stats: mm.Players) -> Callable[..., Outputs]:
    """Returns the forward pass of both networks on given samples.

    Args:
      game: Networks and batch size.
      stats: BatchNorm statistics before the step.

    Returns:
      A function of the parameters and the samples. With `real_is_constant=True`, derivatives
      treat the logits of real examples as constants, which makes them cheaper.
    """
    generator, discriminator = game.pair.generator, game.pair.discriminator

    def forward(
        players: mm.Players, samples: Samples, *, real_is_constant: bool = False
    ) -> Outputs:
        real, latents, mix, dropout_keys = samples
        fake, min_stats = generator.apply(
            players.min, stats.min, latents, train=True, keys=dropout_keys[_GENERATOR]
        )

        # Real and fake examples are separate batches, each normalized by its own statistics
        # (Radford et al., 2016). The running statistics are updated first with the real
        # batch, then with the fake batch.
        found = networks.apply_in_order(
            discriminator,
            players.max,
            stats.max,
            (real, fake),
            one_pass=game.one_pass,
            frozen_parts=int(real_is_constant),
            keys=(dropout_keys[_REAL], dropout_keys[_FAKE]),
        )
        real_logits, fake_logits = found.outputs

        def penalized(inputs: jax.Array) -> jax.Array:
            after_real = found.stats_after_first()
            return discriminator.apply(
                players.max, after_real, inputs, train=True, keys=dropout_keys[_PENALTY]
            )[0]

        return Outputs(
            real,
            fake,
            real_logits,
            fake_logits,
            mix,
            discriminator=penalized,
            stats=mm.Players(min_stats, found.stats),
        )

    return forward


# Each application of a network uses different dropout keys.
_USES = _GENERATOR, _REAL, _FAKE, _PENALTY = range(4)


def _dropout_keys(key: jax.Array, indices: jax.Array) -> jax.Array:
    """Returns keys `(application, example)`, with an application such as `_REAL`."""
    per_example = jax.vmap(jax.random.fold_in, in_axes=(None, 0))
    return jnp.stack([per_example(jax.random.fold_in(key, use), indices) for use in _USES])
