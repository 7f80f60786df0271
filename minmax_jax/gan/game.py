"""The game of a GAN at one training step: two networks, a loss, one device's share of a batch.

Every random number derives from (seed, step, draw, index of the example in the global
batch), so that one device and eight see the same batches, and a resumed run repeats the
uninterrupted one.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

import minmax_jax as mm
from minmax_jax import parallel
from minmax_jax.gan import data, losses, networks

Draw = int | jax.Array
"""Which of a step's samples an oracle call sees."""


class Game(NamedTuple):
    """What is played: fixed for a run.

    Attributes:
      pair: the two networks.
      loss: each player's loss of the discriminator's logits.
      penalty: weight of the gradient penalty in the discriminator's loss.
      batch_size: examples in the global batch.
      num_devices: devices that share it.
    """

    pair: networks.Pair
    loss: losses.Loss
    penalty: float
    batch_size: int
    num_devices: int


class Oracles(NamedTuple):
    """The game at one step: functions of (players, draw), averaged over devices.

    Attributes:
      field: returns `(Players, stats)`: the field, and the statistics after this call.
      payoff: what the discriminator maximises.
      losses: each player's loss, `Players` of functions.
    """

    field: Callable[..., Any]
    payoff: Callable[..., jax.Array]
    losses: mm.Players


def oracles(game: Game, images: jax.Array, stats: mm.Players, key: jax.Array) -> Oracles:
    """Returns the game at one step, for one device's share of the batch.

    A zero-sum loss without penalty is one payoff, whose two gradients come from one
    backward pass; any other is a loss for each player.

    Args:
      game: what is played.
      images: the whole data set, `(N, *sample_shape)`.
      stats: statistics before the step.
      key: the step's key; each call folds its draw into it.
    """
    play_draw = play(game, images, stats, key)

    def min_loss(players: mm.Players, draw: Draw) -> tuple[jax.Array, Any]:
        out = play_draw(players, draw)
        return game.loss.min_loss(out.real_logits, out.fake_logits), out.stats.min

    def max_loss(players: mm.Players, draw: Draw) -> tuple[jax.Array, Any]:
        out = play_draw(players, draw)
        loss = game.loss.max_loss(out.real_logits, out.fake_logits)
        if game.penalty:
            judge = lambda inputs: out.judge(inputs)[0]  # noqa: E731
            loss += game.penalty * losses.gradient_penalty(judge, out.real, out.fake, out.mix)
        return loss, out.stats.max

    def payoff(players: mm.Players, draw: Draw) -> tuple[jax.Array, Any]:
        out = play_draw(players, draw)
        return -game.loss.max_loss(out.real_logits, out.fake_logits), out.stats

    form = {"stochastic": True, "axis_name": parallel.AXIS}
    if game.loss.zero_sum and not game.penalty:
        field = mm.zero_sum(payoff, has_aux=True, **form)
    else:
        field = mm.general_sum(min_loss, max_loss, has_aux=True, **form)
    values = [mm.payoff(lambda z, draw, f=f: f(z, draw)[0], **form) for f in (min_loss, max_loss)]
    return Oracles(
        field=field,
        payoff=lambda players, draw=0: -values[1](players, draw),
        losses=mm.Players(*values),
    )


class Round(NamedTuple):
    """One device's share of one draw, played.

    Attributes:
      real: examples of the data.
      fake: examples of the generator.
      real_logits: the discriminator's answers to `real`.
      fake_logits: and to `fake`.
      mix: a uniform number for each pair, for the gradient penalty.
      judge: the discriminator as it stands after `real`: inputs to (logits, statistics).
      stats: statistics of both networks afterwards.
    """

    real: jax.Array
    fake: jax.Array
    real_logits: jax.Array
    fake_logits: jax.Array
    mix: jax.Array
    judge: Callable[[jax.Array], tuple[jax.Array, Any]]
    stats: mm.Players


def play(
    game: Game, images: jax.Array, stats: mm.Players, key: jax.Array
) -> Callable[[mm.Players, Draw], Round]:
    """Returns the function that plays one round: real and fake examples, both judged."""
    generator, discriminator, latent_dim, _ = game.pair
    share = game.batch_size // game.num_devices
    indices = lax.axis_index(parallel.AXIS) * share + jnp.arange(share)

    def play_draw(players: mm.Players, draw: Draw) -> Round:
        real_key, latent_key, mix_key = jax.random.split(jax.random.fold_in(key, draw), 3)
        real = data.batch(images, real_key, indices)
        latents = data.latents(latent_key, indices, latent_dim)
        mix = jax.vmap(lambda i: jax.random.uniform(jax.random.fold_in(mix_key, i)))(indices)
        fake, min_stats = generator.apply(players.min, stats.min, latents, train=True)
        # Real and fake examples pass by themselves, each batch normalised by its own
        # statistics (Radford et al., 2016); the running ones take both in turn.
        real_logits, max_stats = discriminator.apply(players.max, stats.max, real, train=True)

        def judge(inputs: jax.Array) -> tuple[jax.Array, Any]:
            return discriminator.apply(players.max, max_stats, inputs, train=True)

        fake_logits, max_stats_after = judge(fake)
        after = mm.Players(min_stats, max_stats_after)
        return Round(real, fake, real_logits, fake_logits, mix, judge, after)

    return play_draw
