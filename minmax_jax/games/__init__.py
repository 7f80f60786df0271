"""Small test games, with solutions where they are known."""

from minmax_jax.games._game import Game
from minmax_jax.games.bilinear import bilinear
from minmax_jax.games.dirac_gan import dirac_gan
from minmax_jax.games.forsaken import forsaken
from minmax_jax.games.gaussian_gan import (
    gaussian_gan,
    gaussian_generate,
    gaussian_modes,
    gaussian_points,
)
from minmax_jax.games.keswani import keswani
from minmax_jax.games.kuhn_poker import KUHN_POKER_PARENTS, kuhn_poker
from minmax_jax.games.matrix import matrix
from minmax_jax.games.modes.game import modes
from minmax_jax.games.modes.model import modes_logit, modes_points, modes_span
from minmax_jax.games.modes.outcome import (
    OUTCOMES,
    modes_fake_probability,
    modes_outcome,
    modes_reached,
)
from minmax_jax.games.polar import polar
from minmax_jax.games.quadratic import quadratic
from minmax_jax.games.robust_least_squares import robust_least_squares

__all__ = [
    "KUHN_POKER_PARENTS",
    "OUTCOMES",
    "Game",
    "bilinear",
    "dirac_gan",
    "forsaken",
    "gaussian_gan",
    "gaussian_generate",
    "gaussian_modes",
    "gaussian_points",
    "keswani",
    "kuhn_poker",
    "matrix",
    "modes",
    "modes_fake_probability",
    "modes_logit",
    "modes_outcome",
    "modes_points",
    "modes_reached",
    "modes_span",
    "polar",
    "quadratic",
    "robust_least_squares",
]
