"""The methods of the four Gaussians, each as the authors run it, and the rates it is tuned over."""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

import minmax_jax as mm

PUBLISHED = mm.Players(min=1e-3, max=1e-4)
"""The authors' Adam rates; OMD's and the unrolled GAN's own are not known, so they get these."""
ADAM = mm.Players(min=(2e-4, 1e-3, 5e-3), max=(1e-4, 5e-4, 2.5e-3))
LENGTHS = mm.Players(*(tuple(25 * rate for rate in side) for side in ADAM))
"""The same grid in nsgda's unit, the length of a layer's step: about that of an Adam step."""
LIMIT = 0.1
"""OMD's weights are clipped to ±0.1."""


class Method(NamedTuple):
    """One row of the comparison.

    Attributes:
      title: what tables call it.
      build: `Players` of rates to the optimizer.
      loss: "saturating" or "wasserstein".
      grid: the rates of each player in its tuning.
      published: whether it also runs at the authors' rates.
      reversed_test: whether values enter the test with the wrong sign.
    """

    title: str
    build: Callable[[mm.Players], optax.GradientTransformationExtraArgs]
    loss: str = "saturating"
    grid: mm.Players = ADAM
    published: bool = True
    reversed_test: bool = False

    def cells(self) -> list[tuple[float, float]]:
        """Returns the nine (min, max) rates."""
        return list(itertools.product(*self.grid))


def _adam(rate: Any, eps_root: float = 0.0) -> optax.GradientTransformation:
    return optax.adam(rate, b1=0.5, eps_root=eps_root)


def _plain(max_steps: int) -> Callable[[mm.Players], optax.GradientTransformationExtraArgs]:
    """Descent–ascent in the order of play of `greedy`: it is ours with everything accepted."""
    return lambda rates: mm.alternate(
        min=_adam(rates.min), max=_adam(rates.max), max_steps=max_steps, first="min"
    )


def _optimistic(rates: mm.Players) -> optax.GradientTransformationExtraArgs:
    def clip(weights: Any) -> Any:
        return jax.tree.map(lambda w: jnp.clip(w, -LIMIT, LIMIT), weights)

    return mm.optimistic_adam(rates, b1=0.5, projection=mm.Players(min=None, max=clip))


METHODS = {
    "gda_1": Method("GDA, k = 1", _plain(1)),
    "gda_6": Method("GDA, k = 6", _plain(6)),
    "omd": Method("OMD (WGAN, clipped)", _optimistic, loss="wasserstein"),
    "unrolled_6": Method(
        "unrolled, 6",
        # It differentiates Adam's root, which has no derivative at a dead unit's zero.
        lambda rates: mm.unrolled(
            min=_adam(rates.min), max=_adam(rates.max, eps_root=1e-12), num_steps=6
        ),
    ),
    "ours": Method(
        "ours, stated rule",
        lambda rates: mm.greedy_adam(rates, max_ascent_steps=6, accept_every=4),
    ),
    "ours_reversed": Method(
        "ours, published reversed test",
        # Only x is restored, and no moments: as in the published code.
        lambda rates: mm.greedy_adam(
            rates, max_ascent_steps=6, accept_every=4, restore_states=False, restore_max=False
        ),
        reversed_test=True,
    ),
    "nsgda": Method("nSGDA", mm.nsgda, grid=LENGTHS, published=False),
    "ada_nsgda": Method(
        "Ada-nSGDA", lambda rates: mm.ada_nsgda(rates, b1=0.5), published=False
    ),
}  # fmt: skip
