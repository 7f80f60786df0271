"""Small games: where methods differ, with known solutions where there are any."""

from minmax_jax.games._game import Game
from minmax_jax.games._modes_model import modes_logit, modes_points, modes_span
from minmax_jax.games.modes import modes
from minmax_jax.games.modes_outcome import (
    OUTCOMES,
    modes_fake_probability,
    modes_outcome,
    modes_reached,
)

__all__ = [
    "OUTCOMES",
    "Game",
    "modes",
    "modes_fake_probability",
    "modes_logit",
    "modes_outcome",
    "modes_points",
    "modes_reached",
    "modes_span",
]
