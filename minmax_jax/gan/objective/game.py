"""Vector field, payoff and losses of one GAN training step."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

import minmax_jax as mm
from minmax_jax.gan import data as data_lib
from minmax_jax.gan.objective import losses
from minmax_jax.gan.objective.forward import Game, Outputs, Samples, networks_fn, samples_fn


class FieldAux(NamedTuple):
    """What an evaluation of the vector field returns beside the field.

    Attributes:
      stats: BatchNorm statistics and spectral-normalization vectors of both networks after the
        step (`Players`).
      real_sign: Mean of sign(D(x)) over the real examples, for the control rule of the
        augmentation, or an empty tuple without such a rule.
    """

    stats: Any
    real_sign: Any


class GameFunctions(NamedTuple):
    """Functions of `(players, draw)` at one step, averaged over microbatches and devices.

    Attributes:
      field_fn: Returns the vector field (`Players`), and `FieldAux` with the BatchNorm statistics
        after the step.
      payoff_fn: Returns the objective that the discriminator maximizes.
      min_loss_fn: Returns the loss that the generator minimizes: in a zero-sum game, the payoff.
      loss_fns: `Players` of functions that return the logged losses. The discriminator's loss
        includes the penalty at every step, with weight `weight`, even if `every` exceeds 1.
      penalty_field_fn: Returns the vector field of the penalty alone, with weight
        `weight * every`, on other samples than `field_fn`. None without a separate penalty.
    """

    field_fn: Callable[..., Any]
    payoff_fn: Callable[..., jax.Array]
    min_loss_fn: Callable[..., jax.Array]
    loss_fns: mm.Players
    penalty_field_fn: Callable[..., mm.Players] | None = None


def game_functions(
    game: Game, images: Any, stats: mm.Players, key: jax.Array, due: bool | jax.Array = True
) -> GameFunctions:
    """Returns the vector field, payoff and losses of one training step.

    If the loss is zero-sum, the game has one payoff, which includes the penalty, and one backward
    pass gives both gradients. Any other loss needs one backward pass per player.

    Each function averages over the microbatches and then over the devices. The result equals
    that for the whole batch if losses are means over examples and the networks have no
    BatchNorm. BatchNorm normalizes each microbatch (of all devices) separately. Every microbatch
    starts from `stats`, and the new running statistics are the mean over the microbatches.

    Args:
      game: Networks, loss and batch size.
      images: Dataset, or this device's shard of it: images, or `Examples` with labels.
      stats: BatchNorm statistics and spectral-normalization vectors before the step.
      key: PRNG key of the step. Each returned function folds its argument `draw` into it.
      due: Whether the penalty is applied in this step. See `penalty_due`. It is the same for all
        calls within the step, so that all field evaluations of one update belong to the same game.
    """
    forward, draw_samples = networks_fn(game, stats), samples_fn(game, images, key)
    average = functools.partial(_average, game, draw_samples)

    def min_loss(players: mm.Players, samples: Samples) -> tuple[jax.Array, Any]:
        uses_real = losses.min_loss_uses_real(game.loss, samples.mix.shape)
        out = forward(players, samples, real_is_constant=not uses_real)
        return game.loss.min_loss(out.real_logits, out.fake_logits), out.stats.min

    def max_loss(
        players: mm.Players, samples: Samples, due: bool | jax.Array = due
    ) -> tuple[jax.Array, Any]:
        out = forward(players, samples)
        return _max_loss(game, out, due), FieldAux(out.stats.max, _real_sign(game, out))

    def payoff(players: mm.Players, samples: Samples) -> tuple[jax.Array, FieldAux]:
        out = forward(players, samples)
        return -_max_loss(game, out, due), FieldAux(out.stats, _real_sign(game, out))

    zero_sum = game.loss.zero_sum
    field_fn = (
        mm.zero_sum(payoff, stochastic=True, has_aux=True)
        if zero_sum
        else _join_aux(mm.general_sum(min_loss, max_loss, stochastic=True, has_aux=True))
    )
    logged_max_loss = functools.partial(max_loss, due=True)
    return GameFunctions(
        field_fn=average(field_fn, has_aux=True),
        payoff_fn=average(_value(payoff)),
        min_loss_fn=average(_value(payoff if zero_sum else min_loss)),
        loss_fns=mm.Players(average(_value(min_loss)), average(_value(logged_max_loss))),
        penalty_field_fn=_penalty_field_fn(game, images, stats, key),
    )


def _penalty_field_fn(
    game: Game, images: Any, stats: mm.Players, key: jax.Array
) -> Callable[..., mm.Players] | None:
    penalty = game.penalty
    if penalty is None or not penalty.separate:
        return None
    forward = networks_fn(game, stats)
    batches = data_lib.for_penalty(images)
    draw_samples = samples_fn(game, batches, jax.random.fold_in(key, data_lib.PENALTY_STREAM))

    def payoff(players: mm.Players, samples: Samples) -> jax.Array:
        return -penalty.every * _penalty(game, forward(players, samples), due=True)

    return _average(game, draw_samples, mm.zero_sum(payoff, stochastic=True))


def game_at(game: Game, step: Any, augmentation_state: Any = ()) -> Game:
    """Returns the game with the values that its schedules have after `step` updates.

    Args:
      game: Game of the run.
      step: Number of updates so far.
      augmentation_state: State of the augmentation, if ADA controls its probability.
    """
    penalty, augmentation = game.penalty, game.augmentation
    return game._replace(
        penalty=penalty and penalty.at(step),
        augmentation=augmentation and augmentation.at(augmentation_state, step),
    )


def penalty_due(game: Game, step: jax.Array) -> bool | jax.Array:
    """Returns whether the update after `step` updates applies the penalty.

    The interval `every` counts updates. In an update with penalty, every field and payoff
    evaluation includes it with weight `weight * every`: both points of extragradient, each of k
    discriminator steps, both payoffs of an accept test. An optimizer receives one gradient, so
    Adam's moments include the penalty. A separate penalty is never part of the game, because the
    optimizer makes a step of its own for it (`mm.regularize_lazily`), as in StyleGAN2.
    """
    if game.penalty is not None and game.penalty.separate:
        return False
    if game.penalty is None or game.penalty.every == 1:
        return True
    return step % game.penalty.every == 0


def _max_loss(game: Game, out: Outputs, due: bool | jax.Array) -> jax.Array:
    loss = game.loss.max_loss(out.real_logits, out.fake_logits)
    if game.penalty is None or due is False:
        return loss
    return loss + _penalty(game, out, due)


def _penalty(game: Game, out: Outputs, due: bool | jax.Array) -> jax.Array:
    return game.penalty(  # pyright: ignore[reportOptionalCall]
        out.discriminator,
        out.real,
        out.fake,
        out.mix,
        due,
        labels=out.labels,
        fake_labels=out.fake_labels,
    )


def _real_sign(game: Game, out: Outputs) -> Any:
    if game.augmentation is None or game.augmentation.control is None:
        return ()
    return jnp.mean(jnp.sign(out.real_logits))


def _join_aux(field_fn: Any) -> Any:
    """Returns a general-sum field with one `FieldAux` for both players."""

    def evaluate(players: mm.Players, samples: Samples) -> tuple[mm.Players, FieldAux]:
        field, (min_stats, aux) = field_fn.evaluate(players, samples)
        return field, aux._replace(stats=mm.Players(min_stats, aux.stats))

    return dataclasses.replace(field_fn, evaluate=evaluate)


def _average(
    game: Game, draw_samples: Callable[..., Samples], function: Any, has_aux: bool = False
) -> Any:
    """Returns a function of samples as a function of `draw`.

    It is averaged over microbatches and then, once, over devices.
    """

    def evaluate(players: mm.Players, microbatch: mm.Microbatch) -> Any:
        return function.evaluate(players, draw_samples(*microbatch))

    drawn = dataclasses.replace(function, evaluate=evaluate)
    return mm.accumulate(drawn, game.microbatches, has_aux=has_aux, axis_name=game.axis_name)


def _value(function: Callable[..., Any]) -> Any:
    """Returns the payoff function of a loss that also returns statistics."""
    return mm.payoff(lambda *args: function(*args)[0], stochastic=True)
