"""The game of a GAN at one training step: two networks, a loss, one device's share of a batch.

Every random number derives from (seed, step, draw, index of the example in the global
batch), so that one device and eight see the same batches, and a resumed run repeats the
uninterrupted one.
"""

import functools
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

Draw = int | jax.Array
"""Which of a step's samples an oracle call sees."""

Call = tuple[Draw, int | jax.Array]
"""The draw, and which microbatch of it."""


class Game(NamedTuple):
    """What is played: fixed for a run.

    Attributes:
      pair: the two networks.
      loss: each player's loss of the discriminator's logits.
      penalty: the penalty in the discriminator's loss, or None.
      batch_size: examples in the global batch.
      num_devices: devices that share it.
      microbatches: parts in which a device takes its share, one after another.
      axis_name: mapped axis of the devices; None: one device, under no such map.
    """

    pair: networks.Pair
    loss: losses.Loss
    penalty: penalties.Penalty | None
    batch_size: int
    num_devices: int
    microbatches: int = 1
    axis_name: str | None = parallel.AXIS


class Oracles(NamedTuple):
    """The game at one step: functions of (players, draw), averaged over devices.

    Attributes:
      field: returns `(Players, stats)`: the field, and the statistics after this call.
      payoff: what the discriminator maximises.
      min_loss: what the generator minimises, as a function of both players: the payoff in
        a zero-sum game.
      losses: each player's loss as it is logged, `Players` of functions. A lazy penalty
        counts with its plain weight here, whether it is due or not.
    """

    field: Callable[..., Any]
    payoff: Callable[..., jax.Array]
    min_loss: Callable[..., jax.Array]
    losses: mm.Players


def oracles(
    game: Game, images: jax.Array, stats: mm.Players, key: jax.Array, due: bool | jax.Array = True
) -> Oracles:
    """Returns the game at one step, for one device's share of the batch.

    A zero-sum loss is one payoff, with its penalty if it has one, and its two gradients come
    from one backward pass; any other is a loss for each player.

    A batch in microbatches is the mean over them: for means over examples and networks
    without BatchNorm the same numbers. A BatchNorm normalises each microbatch (of all devices)
    by itself, and its running statistics take the mean of what each would have made of them.

    Args:
      game: what is played.
      images: the whole data set, `(N, *sample_shape)`.
      stats: statistics before the step.
      key: the step's key; each call folds its draw into it.
      due: whether the step takes the penalty, see `due`: the same for every call within the
        step, so that a method that calls the field several times plays one game.
    """
    play_part = play(game, images, stats, key)

    def min_loss(players: mm.Players, call: Call) -> tuple[jax.Array, Any]:
        out = play_part(players, *call)
        return game.loss.min_loss(out.real_logits, out.fake_logits), out.stats.min

    def max_loss(players: mm.Players, call: Call, due: bool | jax.Array = due) -> Any:
        out = play_part(players, *call)
        return _max_loss(game, out, due), out.stats.max

    def payoff(players: mm.Players, call: Call) -> tuple[jax.Array, mm.Players]:
        out = play_part(players, *call)
        return -_max_loss(game, out, due), out.stats

    zero_sum = game.loss.zero_sum
    field = (
        mm.zero_sum(payoff, stochastic=True, has_aux=True)
        if zero_sum
        else mm.general_sum(min_loss, max_loss, stochastic=True, has_aux=True)
    )
    value = lambda loss: _averaged(game, mm.payoff(_first(loss), stochastic=True))  # noqa: E731
    logged = functools.partial(max_loss, due=True)
    return Oracles(
        field=_averaged(game, field, has_aux=True),
        payoff=value(payoff),
        min_loss=value(payoff if zero_sum else min_loss),
        losses=mm.Players(value(min_loss), value(logged)),
    )


def due(game: Game, step: jax.Array) -> bool | jax.Array:
    """Returns whether the update after `step` others takes the penalty: always if it is not lazy.

    The interval counts updates. Within one that is due every call of the field takes the
    penalty with `weight · every`: both points of extragradient, each of k discriminator
    steps, both payoffs of an accept test. A method's own rule sees one gradient, so that
    Adam's moments take the penalty in with all else; StyleGAN2 makes a step of its own for it
    instead, and rescales Adam's constants to that.
    """
    if game.penalty is None or game.penalty.every == 1:
        return True
    return step % game.penalty.every == 0


def _max_loss(game: Game, out: "Round", due: bool | jax.Array) -> jax.Array:
    loss = game.loss.max_loss(out.real_logits, out.fake_logits)
    if game.penalty is None:
        return loss
    return loss + game.penalty(out.judge, out.real, out.fake, out.mix, due)


def _averaged(game: Game, oracle: Callable[..., Any], has_aux: bool = False) -> Callable[..., Any]:
    """Averages over microbatches and then, once, over devices."""
    return mm.accumulate(oracle, game.microbatches, has_aux=has_aux, axis_name=game.axis_name)


def _first(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: function(*args)[0]


class Round(NamedTuple):
    """One device's share of one draw, or a part of it, played.

    Attributes:
      real: examples of the data.
      fake: examples of the generator.
      real_logits: the discriminator's answers to `real`.
      fake_logits: and to `fake`.
      mix: a uniform number for each pair, for the gradient penalty.
      judge: the discriminator as it stands after `real`, for the penalty: inputs to logits.
      stats: statistics of both networks afterwards.
    """

    real: jax.Array
    fake: jax.Array
    real_logits: jax.Array
    fake_logits: jax.Array
    mix: jax.Array
    judge: Callable[[jax.Array], jax.Array]
    stats: mm.Players


def play(game: Game, images: jax.Array, stats: mm.Players, key: jax.Array) -> Callable[..., Round]:
    """Returns `play_part(players, draw, part=0)`: real and fake examples, both judged."""
    generator, discriminator, latent_dim, _ = game.pair
    size = game.batch_size // (game.num_devices * game.microbatches)
    device = 0 if game.axis_name is None else lax.axis_index(game.axis_name)
    first = device * game.microbatches

    def play_part(players: mm.Players, draw: Draw, part: int | jax.Array = 0) -> Round:
        indices = (first + part) * size + jnp.arange(size)
        keys = jax.random.split(jax.random.fold_in(key, draw), 4)
        real = data_lib.batch(images, keys[0], indices)
        latents = data_lib.latents(keys[1], indices, latent_dim)
        mix = jax.vmap(lambda i: jax.random.uniform(jax.random.fold_in(keys[2], i)))(indices)
        noise = [jax.random.fold_in(keys[3], use) for use in range(4)]
        own = lambda use: jax.vmap(lambda i: jax.random.fold_in(noise[use], i))(indices)  # noqa: E731
        fake, min_stats = generator.apply(
            players.min, stats.min, latents, train=True, keys=own(_GENERATOR)
        )

        # Real and fake examples pass by themselves, each batch normalised by its own
        # statistics (Radford et al., 2016); the running ones take both in turn.
        def judge(inputs: jax.Array, stats: Any, use: int) -> tuple[jax.Array, Any]:
            return discriminator.apply(players.max, stats, inputs, train=True, keys=own(use))

        real_logits, max_stats = judge(real, stats.max, _REAL)
        fake_logits, max_stats_after = judge(fake, max_stats, _FAKE)
        return Round(
            real, fake, real_logits, fake_logits, mix,
            judge=lambda inputs: judge(inputs, max_stats, _PENALTY)[0],
            stats=mm.Players(min_stats, max_stats_after),
        )  # fmt: skip

    return play_part


# What the noise of dropout is for: each application of a network draws its own.
_GENERATOR, _REAL, _FAKE, _PENALTY = range(4)
