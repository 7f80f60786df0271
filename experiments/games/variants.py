"""Variants: methods made of building blocks, and options of optimizers."""

import functools
import math
from collections.abc import Callable
from typing import Any

import optax

import minmax_jax as mm

NOISE_RATIO = 10.0
"""Standard deviation of greedy's proposals in units of its learning rate.

The ratio is the one of the authors' script, which proposes x + N(0, 0.5²) and ascends with
learning rate 0.05.
"""
ASCENT_STEPS, ASCENT_TOLERANCE = 50, 1e-3
"""Maximum number of ascent steps of an update, and the gradient norm that ends an ascent.

The tolerance is the authors'. Their 2,000 ascent steps would be the whole budget of a run.
"""


def _reflected(learning_rate: Any, *, projection: Any) -> Any:
    return mm.reflect(mm.sgda(learning_rate, projection=projection))


def _complex_momentum(learning_rate: Any, *, projection: Any) -> Any:
    momentum = mm.complex_trace(0.7, math.pi / 2)
    return mm.sgda(learning_rate, transform=momentum, projection=projection)


def _greedy_noise(learning_rate: Any, *, projection: Any) -> Any:
    """Returns greedy as published: noisy proposals of x, and an ascent of y after each of them.

    One learning rate scales the noise and the steps of the ascent. Every improvement is accepted,
    because a required one that does not depend on the game would end a run before its solution.
    """
    ends = [] if projection is None else [mm.project(projection)]
    return mm.greedy(
        optax.chain(optax.set_to_zero(), mm.add_noise(NOISE_RATIO * learning_rate), *ends),
        optax.chain(optax.sgd(learning_rate), *ends),
        max_ascent_steps=ASCENT_STEPS,
        gradient_tolerance=ASCENT_TOLERANCE,
        stochastic=False,
    )


def _decaying(factory: Callable[..., Any], power: float) -> Callable[..., Any]:
    """Returns the method with learning rate η / (k + 1)^power in update k = 0, 1, …"""

    def make(learning_rate: Any, *, projection: Any) -> Any:
        return factory(lambda k: learning_rate / (k + 1.0) ** power, projection=projection)

    return make


VARIANTS: dict[str, Callable[..., Any]] = {
    "reflect(sgda)": _reflected,
    "sgda(complex_trace)": _complex_momentum,
    "extragradient(relaxation=0.5)": functools.partial(mm.extragradient, relaxation=0.5),
    "smoothed_gda(max_strength=1)": functools.partial(mm.smoothed_gda, max_strength=1.0),
    "anchored_past_extragradient(reflected)": functools.partial(
        mm.anchored_past_extragradient, variant="reflected"
    ),
    "tiada(adam)": functools.partial(mm.tiada, variant="adam"),
    "adaptive_extragradient(bach_levy)": functools.partial(
        mm.adaptive_extragradient, variant="bach_levy"
    ),
    "greedy(noise)": _greedy_noise,
    **{
        f"{name}(decay={power:g})": _decaying(mm.optimizers[name], power)
        for name in ("nsgda", "ada_nsgda", "ada_dir", "adam_gda")
        for power in (0.5, 1.0)
    },
}
