"""Losses, penalties and the game that a GAN's networks play.

losses          the losses of both players as functions of the logits
fake_labels     the labels of generated examples
penalties       gradient penalties on the discriminator
augmentation    random transformations of what the discriminator receives
forward         the outputs of both networks on one microbatch
game            the vector field, payoff and losses of one training step
gradients       vector fields of a trained GAN, for diagnostics
"""

from minmax_jax.gan.objective.augmentation import AUGMENTATIONS, Augmentation, check_shape
from minmax_jax.gan.objective.fake_labels import FAKE_LABELS, LabelSource
from minmax_jax.gan.objective.forward import Game, Outputs, forward_fn
from minmax_jax.gan.objective.game import GameFunctions, game_at, game_functions, penalty_due
from minmax_jax.gan.objective.gradients import GradientFields, gradient_fields
from minmax_jax.gan.objective.losses import LOSSES, Loss
from minmax_jax.gan.objective.penalties import PENALTIES, Penalty

__all__ = [
    "AUGMENTATIONS",
    "FAKE_LABELS",
    "LOSSES",
    "PENALTIES",
    "Augmentation",
    "Game",
    "GameFunctions",
    "GradientFields",
    "LabelSource",
    "Loss",
    "Outputs",
    "Penalty",
    "check_shape",
    "forward_fn",
    "game_at",
    "game_functions",
    "gradient_fields",
    "penalty_due",
]
