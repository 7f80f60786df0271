"""What `theory` runs: settings of the synthetic GAN, studies of them, methods and their rates."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax

import minmax_jax as mm
from minmax_jax import games


@dataclasses.dataclass(frozen=True)
class Setting:
    """One game, the grid of learning rates, and the seeds; the defaults are the base case."""

    dimension: int = 1000
    """d."""
    scale: float | None = None
    """λ: the bias enters the logit as (λ/√d)·b; None means √d."""
    loss: str = "saturating"
    """saturating, or non-saturating: then G descends −E log D(G(z))."""
    correlation: float = 0.3
    """γ = ⟨u₁, u₂⟩."""
    linear_beyond: float | None = None
    """Where the cubic goes on as its tangent; None: nowhere."""
    batch_size: int | None = None
    """Samples of each field evaluation; None: exact expectations."""
    latents: str = "one_hot"
    """one_hot, or sparse: z_j ~ Bernoulli(1/m_G)."""
    precision: str = "float64"
    """float64, or float32."""
    steps: int = 10_000
    """Updates of a run."""
    seeds: int = 16
    """How many; always 0, 1, 2, …"""
    grid: int = 8
    """Learning rates of each player, evenly spaced in the logarithm."""
    rates_min: tuple[float, ...] = ()
    """The generator's learning rates, in place of the grid."""
    rates_max: tuple[float, ...] = ()
    """The discriminator's."""
    methods: tuple[str, ...] = ("sgda", "nsgda")
    """Of METHODS."""


@dataclasses.dataclass(frozen=True)
class Method:
    """A method, and the decades of each player's learning rates."""

    title: str
    optimizer: Callable[[mm.Players], Any]
    decades: mm.Players
    rotates: bool
    """Whether it commutes with rotations, so that its runs may be made in the start's span."""


# Betas of the lineage's GANs; Adam's own defaults stand beside them, as they do worse here.
ADAM = {"b1": 0.5, "b2": 0.9}
PLAIN = mm.Players(min=(-3, 1), max=(-3, 0))  # rates in units of the gradient
NORMED = mm.Players(min=(-4, -1), max=(-3, 0))  # in units of the parameters
ADAPTED = mm.Players(min=(-5, -2), max=(-4, -1))  # in units of each coordinate
METHODS: Mapping[str, Method] = {
    "sgda": Method("SGDA", mm.sgda, PLAIN, rotates=True),
    "nsgda": Method(
        "nSGDA, global norm", functools.partial(mm.nsgda, scope="global"), NORMED, rotates=True
    ),
    "layer_nsgda": Method("nSGDA, norm by layer", mm.nsgda, NORMED, rotates=True),
    "adam": Method("Adam", functools.partial(mm.adam_gda, **ADAM), ADAPTED, rotates=False),
    "ada_nsgda": Method(
        "Ada-nSGDA", functools.partial(mm.ada_nsgda, **ADAM), ADAPTED, rotates=False
    ),
    "ada_dir": Method("AdaDir", functools.partial(mm.ada_dir, **ADAM), PLAIN, rotates=False),
    "adam_default": Method("Adam, β = (.9, .999)", mm.adam_gda, ADAPTED, rotates=False),
}
SPAN = tuple(name for name, method in METHODS.items() if method.rotates)
FULL = tuple(name for name, method in METHODS.items() if not method.rotates)


def make_game(setting: Setting, seed: Any = 0, *, exact: bool = False) -> games.Game:
    """The game of a setting, with the start of a seed; `exact`: with its expectations exact.

    Sparse z has no exact sum here: the expectations are then those over one-hot z.
    """
    return games.modes(
        jax.random.key(seed),
        dimension=setting.dimension,
        correlation=setting.correlation,
        bias_scale=setting.scale,
        linear_beyond=setting.linear_beyond,
        loss=setting.loss,
        batch_size=None if exact else setting.batch_size,
        latents="one_hot" if exact else setting.latents,
    )


def studies() -> dict[str, dict[str, Setting]]:
    """Every study, as settings by the value of what it changes, in order of their weight."""
    base = Setting(seeds=8)

    def vary(field: str, *values: Any, **more: Any) -> dict[str, Setting]:
        return {f"{value}": dataclasses.replace(base, **{field: value}, **more) for value in values}

    one_cell = {"rates_min": (10**-2.5,), "rates_max": (10**-1.5,)}
    return {
        "phase": vary("dimension", 1000, 300, 100, 10_000, seeds=32),
        "lambda": vary("scale", 1.0, 0.0, 3.0, 10.0, 100.0),
        "loss": vary("loss", "non-saturating"),
        "linear": vary("linear_beyond", 4.0, 8.0, seeds=4),
        "methods": vary("dimension", 100, methods=("layer_nsgda", *FULL), seeds=4),
        "layer": vary("dimension", 1000, methods=("layer_nsgda",)),
        "gamma": vary("correlation", 0.0, 0.6, seeds=4),
        "batch": vary("batch_size", 10, 100, seeds=4),
        "sparse": vary("latents", "sparse", batch_size=50, seeds=4),
        "precision": vary("precision", "float32", seeds=4),
        "long": vary("steps", 100_000, seeds=4),
        "longer": vary("loss", "non-saturating", steps=1_000_000, **one_cell),
    }
