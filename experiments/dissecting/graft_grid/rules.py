"""The six rules of `graft_grid`, each at rate one, and the optimizers of all their pairs."""

from collections.abc import Callable
from typing import Any

import optax
from optax import contrib

import minmax_jax as mm

RULES: dict[str, optax.GradientTransformation] = {
    "SGD": optax.sgd(1.0),
    "Adam": optax.adam(1.0, b1=0.5),
    "AMSGrad": optax.amsgrad(1.0, b1=0.5),
    # Corrected for its start at zero, else its first steps are ten times as long.
    "RMSProp": optax.rmsprop(1.0, decay=0.99, bias_correction=True),
    "Lion": optax.lion(1.0, b1=0.5, b2=0.99, weight_decay=0.0),
    # Orthogonalises matrices; every other tensor, convolutions too, takes a step of Adam with
    # Nesterov's momentum.
    "Muon": contrib.muon(1.0, adam_b1=0.5, consistent_rms=0.2),
}
"""Steps at rate one. b1 = 0.5 as in the other experiments on GANs; Muon's are scaled to the root
mean square of Adam's, so that its rates are in Adam's units."""

CENTRES: dict[str, dict[str, tuple[float, float]]] = {
    # Around the rates of the presets; a plain step is as long as Adam's early on at about these.
    "gaussians": {"adam": (2e-3, 1e-3), "gradient": (5e-2, 5e-2)},
    "images": {"adam": (2e-3, 8e-4), "gradient": (5e-2, 2e-2)},
}
"""Problem -> unit of the magnitude -> (min, max) rates in the middle of the grid."""


def unit(magnitude: str) -> str:
    """Whether a rate multiplies steps that grow with the gradient, or steps like Adam's."""
    return "gradient" if magnitude == "SGD" else "adam"


def optimizer(
    magnitude: str, direction: str
) -> Callable[[mm.Players, mm.Players], optax.GradientTransformationExtraArgs]:
    """Returns `rates, watchers -> optimizer`: the norm of one rule's step along another's.

    Layer by layer, each player by itself.

    Args:
      magnitude: a key of `RULES`; where it is the direction too, that rule itself.
      direction: a key of `RULES`.
    """
    same = magnitude == direction
    rule = RULES[magnitude] if same else mm.graft(RULES[magnitude], RULES[direction])

    def side(rate: Any, watcher: optax.GradientTransformation) -> optax.GradientTransformation:
        return optax.chain(watcher, rule, optax.scale(rate))

    def build(rates: mm.Players, watchers: mm.Players) -> optax.GradientTransformationExtraArgs:
        return mm.per_player(min=side(rates.min, watchers.min), max=side(rates.max, watchers.max))

    return build
