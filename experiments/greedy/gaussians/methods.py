"""Compared methods, as the authors run them, and their learning rate grids."""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

import minmax_jax as mm
from experiments.greedy.gaussians.script import published_script

PUBLISHED = mm.Players(min=1e-3, max=1e-4)
"""The authors' learning rates for Adam, also used for OMD and unrolling, whose own are unknown."""
ADAM = mm.Players(min=(2e-4, 1e-3, 5e-3), max=(1e-4, 5e-4, 2.5e-3))
NORMALIZED = mm.Players(*(tuple(25 * rate for rate in side) for side in ADAM))
"""Grid for nsgda, whose learning rate is the norm of a leaf's step: about the norm of Adam's."""
LIMIT = 0.1
"""OMD clips the discriminator's weights to ±0.1."""


class Method(NamedTuple):
    """A method of the comparison.

    Attributes:
      title: Name in tables and figures.
      build: Function from learning rates to the optimizer.
      loss: "saturating" or "wasserstein".
      grid: Learning rates of each player for tuning.
      published: Whether it also runs with the authors' learning rates.
      reversed_test: Whether payoffs enter the accept test with the wrong sign.
    """

    title: str
    build: Callable[[mm.Players], optax.GradientTransformationExtraArgs]
    loss: str = "saturating"
    grid: mm.Players = ADAM
    published: bool = True
    reversed_test: bool = False

    def cells(self) -> list[tuple[float, float]]:
        """Returns the nine pairs of learning rates (min, max)."""
        return list(itertools.product(*self.grid))


def _adam(rate: Any, eps_root: float = 0.0) -> optax.GradientTransformation:
    return optax.adam(rate, b1=0.5, eps_root=eps_root)


def _plain(max_steps: int) -> Callable[[mm.Players], optax.GradientTransformationExtraArgs]:
    """Returns alternating GDA in the update order of greedy: it accepts every update."""
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
        # Unrolling differentiates the root in Adam, which needs eps_root where gradients are zero.
        lambda rates: mm.unrolled(
            min=_adam(rates.min), max=_adam(rates.max, eps_root=1e-12), num_steps=6
        ),
    ),
    "ours": Method(
        "greedy, stated rule",
        lambda rates: mm.greedy_adam(rates, max_ascent_steps=6, accept_every=4),
    ),
    "ours_reversed": Method(
        "greedy, published reversed test",
        # As in the published code, a rejection restores only x and no moments.
        lambda rates: mm.greedy_adam(
            rates, max_ascent_steps=6, accept_every=4, restore_states=False, restore_max=False
        ),
        reversed_test=True,
    ),
    "ours_independent": Method(
        "greedy, stated rule, independent batches",
        lambda rates: mm.greedy_adam(
            rates, max_ascent_steps=6, accept_every=4, draws="independent"
        ),
    ),
    "ours_as_published": Method(
        "greedy, as in the published code",
        # There, the reversed test also compares with the payoff of the previous proposal.
        lambda rates: mm.greedy_adam(
            rates,
            max_ascent_steps=6,
            accept_every=4,
            restore_states=False,
            restore_max=False,
            stochastic=False,
            overwrite_payoff=True,
        ),
        reversed_test=True,
    ),
    "script": Method(
        "greedy, the published script",
        lambda rates: published_script(rates, num_steps=6, accept_every=4),
        reversed_test=True,
    ),
    "script_gda_6": Method(
        "GDA, k = 6, in the script", lambda rates: published_script(rates, num_steps=6)
    ),
    "script_gda_1": Method(
        "GDA, k = 1, in the script", lambda rates: published_script(rates, num_steps=1)
    ),
    "nsgda": Method("nSGDA", mm.nsgda, grid=NORMALIZED, published=False),
    "ada_nsgda": Method(
        "Ada-nSGDA", lambda rates: mm.ada_nsgda(rates, b1=0.5), published=False
    ),
}  # fmt: skip

ON_REQUEST = (
    *("ours_independent", "ours_as_published"),
    *("script", "script_gda_6", "script_gda_1"),
)
"""Methods that run only if named: independent batches, and the steps of the authors' script."""
TUNED = tuple(name for name in METHODS if name not in ON_REQUEST)
"""Methods that run by default."""
