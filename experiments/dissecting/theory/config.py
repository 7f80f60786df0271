"""Settings of the synthetic GAN, studies of them, and compared methods."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax

import minmax_jax as mm
from minmax_jax import games


@dataclasses.dataclass(frozen=True)
class Setting:
    """A game, the grid of learning rates and the seeds. The defaults are the base case."""

    dimension: int = 1000
    """Dimension d of the data."""
    scale: float | None = None
    """Weight λ of the discriminator's bias, which enters the logit as (λ/√d)·b. None: √d."""
    loss: str = "saturating"
    """saturating, or non-saturating: then the generator descends −E log D(G(z))."""
    correlation: float = 0.3
    """Inner product γ = ⟨u₁, u₂⟩ of the modes."""
    linear_beyond: float | None = None
    """Threshold beyond which the cubic is linearized; None disables it."""
    batch_size: int | None = None
    """Samples per field evaluation; None takes exact expectations."""
    latents: str = "one_hot"
    """one_hot, or sparse: z_j ~ Bernoulli(1/m_G) independently."""
    precision: str = "float64"
    """float64 or float32."""
    steps: int = 10_000
    """Updates per run."""
    seeds: int = 16
    """Number of seeds 0, 1, ..."""
    grid: int = 8
    """Number of logarithmically spaced learning rates per player."""
    rates_min: tuple[float, ...] = ()
    """Learning rates of the generator, instead of the grid."""
    rates_max: tuple[float, ...] = ()
    """Learning rates of the discriminator, instead of the grid."""
    methods: tuple[str, ...] = ("sgda", "nsgda")
    """Names in METHODS."""


@dataclasses.dataclass(frozen=True)
class Method:
    """A method and the range of its learning rates.

    Attributes:
      title: Name in figures and tables.
      optimizer: Function of the learning rates.
      decades: Decimal logarithms of the smallest and largest learning rate, for each player.
      rotates: Whether it commutes with rotations, so that its runs can take place in the span
        of the start.
    """

    title: str
    optimizer: Callable[[mm.Players], Any]
    decades: mm.Players
    rotates: bool


# These betas are the ones of earlier GAN code. Adam's defaults, a separate method, do worse.
ADAM = {"b1": 0.5, "b2": 0.9}
PLAIN = mm.Players(min=(-3, 1), max=(-3, 0))  # Learning rates multiply gradients.
NORMED = mm.Players(min=(-4, -1), max=(-3, 0))  # Learning rates multiply directions of norm 1.
ADAPTED = mm.Players(min=(-5, -2), max=(-4, -1))  # Learning rates multiply steps like Adam's.
METHODS: Mapping[str, Method] = {
    "sgda": Method("SGDA", mm.sgda, PLAIN, rotates=True),
    "nsgda": Method(
        "nSGDA, global norm", functools.partial(mm.nsgda, scope="global"), NORMED, rotates=True
    ),
    "layer_nsgda": Method("nSGDA, norm per leaf", mm.nsgda, NORMED, rotates=True),
    "adam": Method("Adam", functools.partial(mm.adam_gda, **ADAM), ADAPTED, rotates=False),
    "ada_nsgda": Method(
        "Ada-nSGDA", functools.partial(mm.ada_nsgda, **ADAM), ADAPTED, rotates=False
    ),
    "ada_dir": Method("AdaDir", functools.partial(mm.ada_dir, **ADAM), PLAIN, rotates=False),
    "adam_default": Method("Adam, β = (0.9, 0.999)", mm.adam_gda, ADAPTED, rotates=False),
}
VARIANTS: Mapping[str, Method] = {
    f"ada_nsgda, {text}": Method(
        f"Ada-nSGDA, {text}",
        functools.partial(mm.ada_nsgda, **{"b1": b1, "b2": b2, "eps": eps}),
        ADAPTED,
        rotates=False,
    )
    for text, b1, b2, eps in (
        ("β = (0.5, 0.9)", 0.5, 0.9, 1e-8),
        ("β = (0, 0.9)", 0.0, 0.9, 1e-8),
        ("β = (0.9, 0.9)", 0.9, 0.9, 1e-8),
        ("β = (0.5, 0.99)", 0.5, 0.99, 1e-8),
        ("β = (0.5, 0.999)", 0.5, 0.999, 1e-8),
        ("β = (0.9, 0.999)", 0.9, 0.999, 1e-8),
        ("ε = 1e-5", 0.5, 0.9, 1e-5),
        ("ε = 1e-3", 0.5, 0.9, 1e-3),
    )
}
"""Ada-nSGDA with other decay rates and ε; with a large ε, small gradients keep their size."""
SPAN = tuple(name for name, method in METHODS.items() if method.rotates)
FULL = tuple(name for name, method in METHODS.items() if not method.rotates)


METHODS = {**METHODS, **VARIANTS}


def make_game(setting: Setting, seed: Any = 0, *, exact: bool = False) -> games.Game:
    """Returns the game of a setting.

    Args:
      setting: Setting of the game.
      seed: Seed of the initial parameters.
      exact: Whether to take exact expectations. They are over one-hot z, because expectations
        over sparse z have no closed form here.
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
    """Returns all studies, the most important first: settings by the value that is varied."""
    base = Setting(seeds=8)

    def vary(field: str, *values: Any, **more: Any) -> dict[str, Setting]:
        return {f"{value}": dataclasses.replace(base, **{field: value}, **more) for value in values}

    def half_decades(low: float, high: float) -> tuple[float, ...]:
        return tuple(10 ** (low + k / 2) for k in range(int(2 * (high - low)) + 1))

    # Learning rates of the generator above those of the grid, which ends at 10.
    large = {
        f"{dimension}": dataclasses.replace(
            base,
            dimension=dimension,
            methods=("sgda",),
            seeds=32,
            rates_min=half_decades(1.5, end),
        )
        for dimension, end in ((1000, 3), (10_000, 5))
    }
    short = {"dimension": 100, "grid": 6, "seeds": 16, "steps": 5000}
    betas = {
        "exact": dataclasses.replace(base, **short, methods=tuple(VARIANTS)),
        **{
            f"batch-{size}": dataclasses.replace(
                base, **short, batch_size=size, methods=tuple(VARIANTS)[:1]
            )
            for size in (1, 10, 100)
        },
    }
    one_cell = {"rates_min": (10**-2.5,), "rates_max": (10**-1.5,)}
    return {
        "phase": vary("dimension", 1000, 300, 100, 10_000, seeds=32),
        "lambda": vary("scale", 1.0, 0.0, 3.0, 10.0, 100.0),
        "loss": vary("loss", "non-saturating"),
        "linear": vary("linear_beyond", 4.0, 8.0, seeds=16),
        "methods": vary("dimension", 100, methods=("layer_nsgda", *FULL), seeds=16),
        "large": large,
        "betas": betas,
        "layer": vary("dimension", 1000, methods=("layer_nsgda",)),
        "gamma": vary("correlation", 0.0, 0.6, seeds=16),
        "batch": vary("batch_size", 10, 100, seeds=16),
        "sparse": vary("latents", "sparse", batch_size=50, seeds=16),
        "precision": vary("precision", "float32", seeds=16),
        "long": vary("steps", 100_000, seeds=16),
        "longer": vary("loss", "non-saturating", steps=1_000_000, **one_cell),
    }
