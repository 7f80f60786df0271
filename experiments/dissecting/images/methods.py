"""Seven optimizers and their learning rate grids."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import minmax_jax as mm

FACTOR = 4.0
"""Ratio of neighboring learning rates in a grid."""


class Method(NamedTuple):
    """An optimizer of the comparison.

    Attributes:
      title: Name in figures and tables.
      factory: Function from `minmax_jax.optimizers`.
      options: Further arguments of `factory`.
      unit: Quantity that the learning rate multiplies: "adam" for Adam's step, "gradient",
        "layer" for a direction of norm 1 per leaf, "player" for one of norm 1 per player.
      has_adam: Whether `factory` takes Adam's b1 and b2.
    """

    title: str
    factory: Callable[..., Any]
    options: dict[str, Any]
    unit: str
    has_adam: bool = False


METHODS = {
    "adam_gda": Method("Adam", mm.adam_gda, {}, "adam", True),
    "sgda": Method("SGDA", mm.sgda, {}, "gradient"),
    "nsgda": Method("l-nSGDA", mm.nsgda, {"scope": "layer"}, "layer"),
    "ada_nsgda": Method("Ada-nSGDA, per leaf", mm.ada_nsgda, {"scope": "layer"}, "adam", True),
    "ada_dir": Method("AdaDir", mm.ada_dir, {"scope": "layer"}, "gradient", True),
    "nsgda_global": Method("g-nSGDA", mm.nsgda, {"scope": "global"}, "player"),
    "ada_nsgda_global": Method(
        "Ada-nSGDA, global", mm.ada_nsgda, {"scope": "global"}, "adam", True
    ),
}

CENTERS: dict[str, dict[str, tuple[float, float]]] = {
    # On MNIST the best learning rates of an earlier 3 × 3 grid were 0.05 and 2e-3 for the
    # generator (its largest), and 0.01 to 0.05 and 4e-4 for the discriminator. A player with
    # eight leaves of equal step norm takes steps that are √8 times as long.
    "cpu": {
        "adam": (2e-3, 8e-4), "gradient": (5e-2, 2e-2), "layer": (5e-2, 2e-2),
        "player": (1.5e-1, 6e-2),
    },
    # A narrow network gets few updates, so Adam's learning rates are ten and four times the
    # published ones below. The ratios of the units are the ones on MNIST, 25 and 75.
    "resnet": {
        "adam": (2e-4, 8e-4), "gradient": (5e-3, 2e-2), "layer": (5e-3, 2e-2),
        "player": (1.5e-2, 6e-2),
    },
    # The grid surrounds Adam's learning rates in GauthierGidel/Variational-Inequality-GAN, 2e-5
    # and 2e-4. No others are published; their ratios to Adam's are the ones on MNIST.
    "accelerator": {
        "adam": (2e-5, 2e-4), "gradient": (5e-4, 5e-3), "layer": (5e-4, 5e-3),
        "player": (1.5e-3, 1.5e-2),
    },
    # The lowest rates of 4 × 4 grids in which the best pairs of the runs with width 64 lie inside.
    # Their gradient rates are the ones of `accelerator` divided by 4⁴, because higher ones diverge.
    "accelerator-short": {
        "adam": (2e-5, 2e-4), "gradient": (1.953125e-6, 1.953125e-5), "layer": (2e-3, 2e-2),
        "player": (6e-3, 6e-2),
    },
}  # fmt: skip
"""Learning rates (min, max) at power 0 of the grid, by size and unit."""


def optimizers(b1: float, b2: float) -> dict[str, Callable[[mm.Players, mm.Players], Any]]:
    """Returns the methods by name, as functions of learning rates and gradient-norm recorders."""

    def build(method: Method) -> Callable[[mm.Players, mm.Players], Any]:
        adam = {"b1": b1, "b2": b2} if method.has_adam else {}
        return lambda rates, recorders: method.factory(
            rates, transform=recorders, **method.options, **adam
        )

    return {name: build(method) for name, method in METHODS.items()}


def grid(
    method: str, size: str, powers: Sequence[int], min_powers: Sequence[int] = ()
) -> list[tuple[float, float]]:
    """Returns the (min, max) learning rates of a grid; the min player's vary slowest.

    Args:
      method: Name in `METHODS`.
      size: Name in `CENTERS`.
      powers: Learning rates as powers of `FACTOR` times the center.
      min_powers: The same for the min player. Default: `powers`.
    """
    centers = CENTERS[size][METHODS[method].unit]
    low, high = (
        [float(f"{rate * FACTOR**power:.3g}") for power in own]
        for rate, own in zip(centers, (min_powers or powers, powers), strict=True)
    )
    return list(itertools.product(low, high))
