"""The field and the payoff of a GAN with saturating or non-saturating loss."""

from collections.abc import Callable

import jax
from jax.nn import log_sigmoid

from minmax_jax._util.types import Draw, FieldFn, PayoffFn, Players
from minmax_jax.field import general_sum, payoff, zero_sum

LOSSES = ("saturating", "non-saturating")

Logits = Callable[[Players, Draw], tuple[jax.Array, jax.Array]]
"""Function from players and sample index to the logits of real and generated points."""


def gan_functions(
    logits: Logits, loss: str, *, stochastic: bool
) -> tuple[FieldFn, PayoffFn | None]:
    """Returns the field, and the payoff `E log D(X) + E log(1 − D(G(z)))` if it is zero-sum.

    Both derivatives are computed from `log_sigmoid`, so log(1 − D) keeps its gradient when D
    is close to one. With the non-saturating loss, the generator descends −E log D(G(z)).
    """

    def value(players: Players, draw: Draw = 0) -> jax.Array:
        real, fake = logits(players, draw)
        return log_sigmoid(real).mean() + log_sigmoid(-fake).mean()

    def generator_loss(players: Players, draw: Draw = 0) -> jax.Array:
        return -log_sigmoid(logits(players, draw)[1]).mean()

    def discriminator_loss(players: Players, draw: Draw = 0) -> jax.Array:
        return -value(players, draw)

    if loss == "saturating":
        return zero_sum(value, stochastic=stochastic), payoff(value, stochastic=stochastic)
    return general_sum(generator_loss, discriminator_loss, stochastic=stochastic), None
