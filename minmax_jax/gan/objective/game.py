"""Vector field, payoff and losses of one GAN training step."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax

import minmax_jax as mm
from minmax_jax.gan.objective.forward import Game, Outputs, forward_fn


class GameFunctions(NamedTuple):
    """Functions of `(players, draw)` at one step, averaged over microbatches and devices.

    Attributes:
      field_fn: Returns the vector field and the BatchNorm statistics after the step, both as
        `Players`.
      payoff_fn: Returns the objective that the discriminator maximizes.
      min_loss_fn: Returns the loss that the generator minimizes: in a zero-sum game, the payoff.
      loss_fns: `Players` of functions that return the logged losses. The discriminator's loss
        includes the penalty at every step, with weight `weight`, even if `every` exceeds 1.
    """

    field_fn: Callable[..., Any]
    payoff_fn: Callable[..., jax.Array]
    min_loss_fn: Callable[..., jax.Array]
    loss_fns: mm.Players


def game_functions(
    game: Game, images: jax.Array, stats: mm.Players, key: jax.Array, due: bool | jax.Array = True
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
      images: Dataset, or this device's shard of it.
      stats: BatchNorm statistics before the step.
      key: PRNG key of the step. Each returned function folds its argument `draw` into it.
      due: Whether the penalty is applied in this step. See `penalty_due`. It is the same for all
        calls within the step, so that all field evaluations of one update belong to the same game.
    """
    forward = forward_fn(game, images, stats, key)

    def min_loss(players: mm.Players, microbatch: mm.Microbatch) -> tuple[jax.Array, Any]:
        out = forward(players, *microbatch)
        return game.loss.min_loss(out.real_logits, out.fake_logits), out.stats.min

    def max_loss(
        players: mm.Players, microbatch: mm.Microbatch, due: bool | jax.Array = due
    ) -> tuple[jax.Array, Any]:
        out = forward(players, *microbatch)
        return _max_loss(game, out, due), out.stats.max

    def payoff(players: mm.Players, microbatch: mm.Microbatch) -> tuple[jax.Array, mm.Players]:
        out = forward(players, *microbatch)
        return -_max_loss(game, out, due), out.stats

    zero_sum = game.loss.zero_sum
    field_fn = (
        mm.zero_sum(payoff, stochastic=True, has_aux=True)
        if zero_sum
        else mm.general_sum(min_loss, max_loss, stochastic=True, has_aux=True)
    )
    logged_max_loss = functools.partial(max_loss, due=True)
    return GameFunctions(
        field_fn=_average(game, field_fn, has_aux=True),
        payoff_fn=_average_value(game, payoff),
        min_loss_fn=_average_value(game, payoff if zero_sum else min_loss),
        loss_fns=mm.Players(_average_value(game, min_loss), _average_value(game, logged_max_loss)),
    )


def penalty_due(game: Game, step: jax.Array) -> bool | jax.Array:
    """Returns whether the update after `step` updates applies the penalty.

    The interval `every` counts updates. In an update with penalty, every field and payoff
    evaluation includes it with weight `weight * every`: both points of extragradient, each of k
    discriminator steps, both payoffs of an accept test. An optimizer receives one gradient, so
    Adam's moments include the penalty. StyleGAN2 instead makes a separate step for the penalty
    and rescales Adam's constants for it.
    """
    if game.penalty is None or game.penalty.every == 1:
        return True
    return step % game.penalty.every == 0


def _max_loss(game: Game, out: Outputs, due: bool | jax.Array) -> jax.Array:
    loss = game.loss.max_loss(out.real_logits, out.fake_logits)
    if game.penalty is None:
        return loss
    return loss + game.penalty(out.discriminator, out.real, out.fake, out.mix, due)


def _average(game: Game, function: Callable[..., Any], has_aux: bool = False) -> Any:
    """Returns `function`, averaged over microbatches and then, once, over devices."""
    return mm.accumulate(function, game.microbatches, has_aux=has_aux, axis_name=game.axis_name)


def _average_value(game: Game, function: Callable[..., Any]) -> Any:
    """Returns the averaged value of a function that also returns statistics."""
    value = lambda *args: function(*args)[0]  # noqa: E731
    return _average(game, mm.payoff(value, stochastic=True))
