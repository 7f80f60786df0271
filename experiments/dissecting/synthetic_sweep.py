"""The runs behind `synthetic`: all learning rates from all seeds, one program a method."""

import dataclasses
from collections.abc import Callable
from typing import Annotated, Any

import jax
import jax.numpy as jnp
import numpy as np
import tyro
from scipy import stats

import minmax_jax as mm
from minmax_jax import games

METHODS: dict[str, Callable[[mm.Players], Any]] = {
    "sgda": mm.sgda,
    "nsgda": lambda rates: mm.nsgda(rates, scope="global"),
}
# Decades of the rates, per method: a normalised step is measured in units of the parameters.
DECADES = {
    "sgda": mm.Players(min=(-3, 1), max=(-3, 0)),
    "nsgda": mm.Players(min=(-4, 0), max=(-3, 0)),
}
NUM_CHUNKS = 10
LETTERS = "BSAND"  # of games.OUTCOMES, one a seed in the JSON


@dataclasses.dataclass(frozen=True)
class Config:
    """What is run; the defaults are the figure of record."""

    scale: Annotated[float | None, tyro.conf.arg(name="lambda")] = None
    """λ: the bias enters the logit as (λ/√d)·b; None means √d."""
    loss: str = "saturating"
    """saturating, or non-saturating: then G descends −E log D(G(z))."""
    dimension: int = 300
    """d."""
    correlation: float = 0.3
    """γ = ⟨u₁, u₂⟩."""
    seeds: int = 16
    """How many; always 0, 1, 2, …"""
    steps: int = 10_000
    """Updates of a run, a multiple of 10."""
    grid: int = 8
    """Learning rates of each player, evenly spaced in the logarithm."""
    rates_min: tuple[float, ...] = ()
    """The generator's learning rates, for both methods, in place of the grid."""
    rates_max: tuple[float, ...] = ()
    """The discriminator's."""


def learning_rates(config: Config, method: str) -> mm.Players:
    """Each player's axis of the grid."""
    given = mm.Players(min=config.rates_min, max=config.rates_max)
    return mm.Players(
        *(
            np.array(rates) if rates else np.logspace(*decades, config.grid)
            for rates, decades in zip(given, DECADES[method], strict=True)
        )
    )


def make_game(config: Config, seed: int | jax.Array) -> games.Game:
    return games.modes(
        jax.random.key(seed),
        dimension=config.dimension,
        correlation=config.correlation,
        bias_scale=config.scale,
        loss=config.loss,
    )


def sweep(config: Config, method: str, tick: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Runs every pair of rates from every seed, in one program, and returns what the JSON holds."""
    with jax.enable_x64(True):
        axes = learning_rates(config, method)
        starts = jax.jit(jax.vmap(lambda seed: games.modes_span(make_game(config, seed).start)))(
            jnp.arange(config.seeds)
        )
        cells = np.meshgrid(axes.max, axes.min, np.arange(config.seeds), indexing="ij")
        rate_max, rate_min, seed = (jnp.asarray(axis.ravel()) for axis in cells)
        players = jax.tree.map(lambda leaf: leaf[seed], starts)
        field_fn = make_game(config, 0).field_fn
        rates = mm.Players(min=rate_min, max=rate_max)

        @jax.jit
        @jax.vmap
        def chunk(rates: mm.Players, players: mm.Players) -> tuple[mm.Players, Any]:
            # Neither method has a state, so a run may be cut anywhere.
            end = mm.solve(
                METHODS[method](rates), field_fn, players, config.steps // NUM_CHUNKS
            ).players
            return end, observe(config, field_fn, end)

        history = [jax.jit(jax.vmap(lambda z: observe(config, field_fn, z)))(players)]
        for _ in range(NUM_CHUNKS):
            players, seen = jax.block_until_ready(chunk(rates, players))
            history.append(seen)
            tick()
        return summarise(config, axes, jax.tree.map(np.asarray, history), players)


def observe(config: Config, field_fn: mm.FieldFn, players: mm.Players) -> dict[str, jax.Array]:
    """What is kept of one run at one time."""
    scale = 1.0 if config.scale is None else config.scale / config.dimension**0.5
    return {
        "outcome": games.modes_outcome(players, correlation=config.correlation),
        "pace": mm.diagnostics.pace(field_fn(players)),
        "fake_probability": games.modes_fake_probability(players, bias_coefficient=scale),
    }


def summarise(
    config: Config, axes: mm.Players, history: list[dict[str, Any]], players: mm.Players
) -> dict[str, Any]:
    """Counts the outcomes of a sweep: per cell, over the grid, and in its best cell."""
    shape = (len(axes.max), len(axes.min), config.seeds)
    outcome = history[-1]["outcome"].reshape(shape)
    both = (outcome == games.OUTCOMES.index("both")).sum(-1)
    best = np.unravel_index(both.argmax(), both.shape)
    alive = outcome != games.OUTCOMES.index("diverged")
    return {
        "rates_min": axes.min.tolist(),
        "rates_max": axes.max.tolist(),
        "outcomes": [["".join(LETTERS[i] for i in cell) for cell in row] for row in outcome],
        "classes": {name: int((outcome == i).sum()) for i, name in enumerate(games.OUTCOMES)},
        "grid": proportion(int(both.sum()), outcome.size),
        "best": {
            "rate_max": float(axes.max[best[0]]),
            "rate_min": float(axes.min[best[1]]),
            **proportion(int(both[best]), config.seeds),
        },
        "generator_where_both": generator_where_both(config, players, outcome),
        # Medians over runs that did not diverge, at the start and after each tenth of the steps.
        "pace": [median(seen["pace"].reshape(shape)[alive]) for seen in history],
        "fake_probability": [
            median(seen["fake_probability"].reshape(shape)[alive]) for seen in history
        ],
    }


def generator_where_both(
    config: Config, players: mm.Players, outcome: np.ndarray
) -> dict[str, float | None]:
    """What finding both modes amounts to: the share of latents at a mode, and their length."""
    won = outcome.ravel() == games.OUTCOMES.index("both")
    v = np.asarray(players.min["v"])[won]
    norms = np.linalg.norm(v, axis=-1)
    cosines = v[..., :2] @ np.asarray(games.modes_points(config.correlation)).T / norms[..., None]
    there = (cosines >= 0.9).any(-1) & (norms >= 0.05)
    return {"latents_at_a_mode": median(there.mean(-1)), "their_norm": median(norms[there])}


def median(values: np.ndarray) -> float | None:
    """To three digits; None of nothing, since JSON has no NaN."""
    finite = values[np.isfinite(values)]
    return float(f"{np.median(finite):.3g}") if finite.size else None


def proportion(successes: int, runs: int) -> dict[str, Any]:
    """A share with its 95% Wilson interval."""
    interval = stats.binomtest(successes, runs).proportion_ci(method="wilson")
    return {
        "successes": successes,
        "runs": runs,
        "share": successes / runs,
        "wilson": [round(float(interval.low), 4), round(float(interval.high), 4)],
    }
