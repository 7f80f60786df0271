"""A GAN's gradients outside of training: of the losses really descended, and of the payoff."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

import minmax_jax as mm
from minmax_jax import parallel
from minmax_jax.gan.objective import game as game_lib
from minmax_jax.gan.objective import losses


class Gradients(NamedTuple):
    """Two fields of one GAN, for `mm.diagnostics`.

    Attributes:
      descended: each player's gradient of the loss that it descends in training, the
        penalty included.
      saturating: `(∇_x f, −∇_y f)` of the payoff f = E log σ(r) + E log(1 − σ(s)), r and s
        the logits of real and fake examples, whatever the losses are.
    """

    descended: mm.FieldFn
    saturating: mm.FieldFn


def gradients(game: game_lib.Game, images: jax.Array, key: jax.Array) -> Gradients:
    """Returns the fields of a GAN, each draw of which is an independent batch.

    Batches are of the size of training, as the gradients of networks with BatchNorm depend
    on it; average over draws. BatchNorm's running statistics play no part in them. What is
    said of min-max problems f(x, y) is about `saturating`; with another loss for the
    generator, the one that it follows is `descended`.

    Args:
      game: from `build.build_game` for one device.
      images: the whole data set, `(N, *sample_shape)`.
      key: a PRNG key; draw i is the batch of `fold_in(key, i)`.

    Returns:
      `Gradients` of `field_fn(players, draw)`, which may stand under `jit`.

    Raises:
      ValueError: if the game is for several devices.
    """
    if game.num_devices != 1:
        raise ValueError(
            f"gradients: game is for {game.num_devices} devices; pass one of build_game(..., 1)."
        )
    stats = mm.Players(game.pair.generator.stats, game.pair.discriminator.stats)
    payoff_game = game._replace(loss=losses.LOSSES["saturating"], penalty=None)

    def field_of(which: game_lib.Game) -> mm.FieldFn:
        def field(players: Any, draw: Any, images: Any, stats: Any, key: Any) -> Any:
            return game_lib.oracles(which, images, stats, key).field(players, draw)[0]

        alone = jax.jit(parallel.alone(field))  # by itself shard_map goes operation by operation
        return lambda players, draw=0: alone(players, jnp.asarray(draw), images, stats, key)

    return Gradients(descended=field_of(game), saturating=field_of(payoff_game))
