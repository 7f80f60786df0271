"""The seven methods of `images`, and the rates among which each is tuned."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import minmax_jax as mm

FACTOR = 4.0
"""Between two neighbours of a grid."""


class Method(NamedTuple):
    """One row of the comparison.

    Attributes:
      title: what figures and tables call it.
      factory: of `minmax_jax.optimizers`.
      options: its further arguments.
      unit: what a rate multiplies: "adam" for a step of Adam, "gradient", "layer" for the
        length of a layer's step, "player" for that of a player's.
      has_adam: whether it takes Adam's b1 and b2.
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
    "ada_nsgda": Method("Ada-nSGDA, by layer", mm.ada_nsgda, {"scope": "layer"}, "adam", True),
    "ada_dir": Method("AdaDir", mm.ada_dir, {"scope": "layer"}, "gradient", True),
    "nsgda_global": Method("g-nSGDA", mm.nsgda, {"scope": "global"}, "player"),
    "ada_nsgda_global": Method(
        "Ada-nSGDA, global", mm.ada_nsgda, {"scope": "global"}, "adam", True
    ),
}

CENTRES: dict[str, dict[str, tuple[float, float]]] = {
    # On MNIST the best generator's rates of an earlier 3 × 3 grid were its largest, .05 and
    # 2e-3, and those of the discriminator .01 to .05 and 4e-4: the centres lie there. A player
    # of eight tensors takes steps √8 times as long as each of its layers.
    "cpu": {
        "adam": (2e-3, 8e-4), "gradient": (5e-2, 2e-2), "layer": (5e-2, 2e-2),
        "player": (1.5e-1, 6e-2),
    },
    # Few updates of a narrow network: Adam's rates are ten and four times the published ones
    # below, and the other units are as on MNIST, 25 and 75 times Adam's.
    "resnet": {
        "adam": (2e-4, 8e-4), "gradient": (5e-3, 2e-2), "layer": (5e-3, 2e-2),
        "player": (1.5e-2, 6e-2),
    },
    # Around the rates of GauthierGidel/Variational-Inequality-GAN, 2e-5 and 2e-4; the other
    # units by the same ratios as on MNIST, where no rate is published.
    "accelerator": {
        "adam": (2e-5, 2e-4), "gradient": (5e-4, 5e-3), "layer": (5e-4, 5e-3),
        "player": (1.5e-3, 1.5e-2),
    },
}  # fmt: skip
"""Size -> unit -> (min, max) rates in the middle of the grid."""


def optimizers(b1: float, b2: float) -> dict[str, Callable[[mm.Players, mm.Players], Any]]:
    """Returns every method as a function of its rates and of what sees each gradient."""

    def build(method: Method) -> Callable[[mm.Players, mm.Players], Any]:
        adam = {"b1": b1, "b2": b2} if method.has_adam else {}
        return lambda rates, watchers: method.factory(
            rates, transform=watchers, **method.options, **adam
        )

    return {name: build(method) for name, method in METHODS.items()}


def grid(method: str, size: str, powers: Sequence[int]) -> list[tuple[float, float]]:
    """Returns the (min, max) rates of a method's cells, those of the min player slowest."""
    centre = CENTRES[size][METHODS[method].unit]
    low, high = ([float(f"{rate * FACTOR**power:.3g}") for power in powers] for rate in centre)
    return list(itertools.product(low, high))
