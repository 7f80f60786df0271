"""Forward pass of both networks on one microbatch, and the samples for it.

All randomness derives from the step's key, the sample index `draw` and the index of the
example in the global batch. So one device and eight devices use the same batches, and a
resumed run repeats the uninterrupted one.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

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
    """

    pair: networks.Pair
    loss: losses.Loss
    penalty: penalties.Penalty | None
    batch_size: int
    num_devices: int
    microbatches: int = 1
    axis_name: str | None = parallel.AXIS


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
    generator, discriminator, latent_dim, _ = game.pair
    size = game.batch_size // (game.num_devices * game.microbatches)
    device = 0 if game.axis_name is None else lax.axis_index(game.axis_name)
    first = device * game.microbatches

    def forward(players: mm.Players, draw: int | jax.Array, part: int | jax.Array = 0) -> Outputs:
        indices = (first + part) * size + jnp.arange(size)
        keys = jax.random.split(jax.random.fold_in(key, draw), 4)
        real = data_lib.batch(images, keys[0], indices)
        latents = data_lib.latents(keys[1], indices, latent_dim)
        mix = jax.vmap(lambda i: jax.random.uniform(jax.random.fold_in(keys[2], i)))(indices)
        dropout_keys = _dropout_keys(keys[3], indices)
        fake, min_stats = generator.apply(
            players.min, stats.min, latents, train=True, keys=dropout_keys(_GENERATOR)
        )

        # Real and fake examples are separate batches, each normalized by its own statistics
        # (Radford et al., 2016). The running statistics are updated first with the real
        # batch, then with the fake batch.
        def discriminate(inputs: jax.Array, stats: Any, use: int) -> tuple[jax.Array, Any]:
            return discriminator.apply(
                players.max, stats, inputs, train=True, keys=dropout_keys(use)
            )

        real_logits, max_stats = discriminate(real, stats.max, _REAL)
        fake_logits, max_stats_after = discriminate(fake, max_stats, _FAKE)
        return Outputs(
            real,
            fake,
            real_logits,
            fake_logits,
            mix,
            discriminator=lambda inputs: discriminate(inputs, max_stats, _PENALTY)[0],
            stats=mm.Players(min_stats, max_stats_after),
        )

    return forward


# Each application of a network uses different dropout keys.
_GENERATOR, _REAL, _FAKE, _PENALTY = range(4)


def _dropout_keys(key: jax.Array, indices: jax.Array) -> Callable[[int], jax.Array]:
    """Returns a function that maps an application (such as `_REAL`) to one key per example."""
    noise = [jax.random.fold_in(key, use) for use in range(4)]
    return lambda use: jax.vmap(lambda i: jax.random.fold_in(noise[use], i))(indices)
