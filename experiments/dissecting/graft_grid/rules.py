"""Six update rules with learning rate 1, and the optimizers of all their pairs."""

from collections.abc import Callable
from typing import Any

import optax
from optax import contrib

import minmax_jax as mm

RULES: dict[str, optax.GradientTransformation] = {
    "SGD": optax.sgd(1.0),
    "Adam": optax.adam(1.0, b1=0.5),
    "AMSGrad": optax.amsgrad(1.0, b1=0.5),
    # Without bias correction, the first steps would be ten times longer than later ones.
    "RMSProp": optax.rmsprop(1.0, decay=0.99, bias_correction=True),
    "Lion": optax.lion(1.0, b1=0.5, b2=0.99, weight_decay=0.0),
    # Muon orthogonalizes the steps of matrices only. All other tensors, including convolution
    # kernels, take steps of Adam with Nesterov's momentum.
    "Muon": contrib.muon(1.0, adam_b1=0.5, consistent_rms=0.2),
}
"""Update rules with learning rate 1. b1 = 0.5, as in the other experiments on GANs. Muon's steps
are scaled to the root mean square of Adam's, so that learning rates have the same unit."""

CENTERS: dict[str, dict[str, tuple[float, float]]] = {
    # The centers are the presets' learning rates. The ones for plain gradients give steps about as
    # long as Adam's early in training.
    "gaussians": {"adam": (2e-3, 1e-3), "gradient": (5e-2, 5e-2)},
    "images": {"adam": (2e-3, 8e-4), "gradient": (5e-2, 2e-2)},
}
"""Learning rates (min, max) at the center of the grid, by problem and unit of the magnitude."""


def unit(magnitude: str) -> str:
    """Returns the unit of a magnitude's learning rate: gradients, or steps like Adam's."""
    return "gradient" if magnitude == "SGD" else "adam"


def optimizer(
    magnitude: str, direction: str
) -> Callable[[mm.Players, mm.Players], optax.GradientTransformationExtraArgs]:
    """Returns an optimizer that combines the step norm of one rule with another's direction.

    Norms are taken per leaf, for each player separately.

    Args:
      magnitude: Name in `RULES` of the rule that gives the norm. If it is also the direction,
        the optimizer is the rule itself.
      direction: Name in `RULES` of the rule that gives the direction.

    Returns:
      A function `(learning_rates, recorders) -> optimizer` of two `Players`. `recorders` are the
      transformations that record gradient norms.
    """
    same = magnitude == direction
    rule = RULES[magnitude] if same else mm.graft(RULES[magnitude], RULES[direction])

    def side(
        learning_rate: Any, recorder: optax.GradientTransformation
    ) -> optax.GradientTransformation:
        return optax.chain(recorder, rule, optax.scale(learning_rate))

    def build(
        learning_rates: mm.Players, recorders: mm.Players
    ) -> optax.GradientTransformationExtraArgs:
        return mm.per_player(
            min=side(learning_rates.min, recorders.min), max=side(learning_rates.max, recorders.max)
        )

    return build
