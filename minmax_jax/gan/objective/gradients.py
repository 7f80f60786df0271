"""Vector fields of a trained GAN, for diagnostics."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

import minmax_jax as mm
from minmax_jax import parallel
from minmax_jax.gan.objective.forward import Game
from minmax_jax.gan.objective.game import game_at, game_functions
from minmax_jax.gan.objective.losses import LOSSES


class GradientFields(NamedTuple):
    """Two vector fields of one GAN, for `mm.diagnostics`.

    Attributes:
      descended: Gradient of each player's own training loss, including the penalty.
      saturating: `(∇_x f, −∇_y f)` of the payoff f = E log σ(r) + E log(1 − σ(s)), with r and s
        the logits of real and fake examples. It does not depend on the training loss.
    """

    descended: mm.FieldFn
    saturating: mm.FieldFn


def gradient_fields(game: Game, images: Any, key: jax.Array, step: int = 0) -> GradientFields:
    """Returns the vector fields of a GAN, with an independent batch per sample index.

    Batches have the size used in training, because gradients of networks with BatchNorm depend
    on it; average over sample indices for more precision. Running statistics of BatchNorm are
    not used. `descended` is the field that training follows. `saturating` is the field of the
    zero-sum payoff without penalty, to which results about min-max problems f(x, y) apply.

    Args:
      game: Game from `build_game` with `num_devices=1`. If its augmentation has a schedule or a
        control rule, replace it by `game.augmentation.at(state.augmentation, state.step)`.
      images: The whole dataset, `(N, *sample_shape)`, or `Examples` with labels.
      key: PRNG key. Sample index i uses the batch of `fold_in(key, i)`.
      step: Number of updates so far, from which schedules compute their values.

    Returns:
      `GradientFields` of functions `field_fn(players, draw)`, which can be used under `jit`.

    Raises:
      ValueError: If the game is for several devices.
    """
    if game.num_devices != 1:
        raise ValueError(
            f"gradient_fields: game must be for one device, got {game.num_devices} devices. "
            "Pass a game from build_game(..., 1)."
        )
    game = game_at(game, step)
    stats = mm.Players(game.pair.generator.stats, game.pair.discriminator.stats)
    payoff_game = game._replace(loss=LOSSES["saturating"], penalty=None)

    def field_fn_of(game: Game) -> mm.FieldFn:
        def field(players: Any, draw: Any, images: Any, stats: Any, key: Any) -> Any:
            return game_functions(game, images, stats, key).field_fn(players, draw)[0]

        # Without jit, shard_map would run each operation separately.
        field_fn = jax.jit(parallel.on_one_device(field))
        return lambda players, draw=0: field_fn(players, jnp.asarray(draw), images, stats, key)

    return GradientFields(descended=field_fn_of(game), saturating=field_fn_of(payoff_game))
