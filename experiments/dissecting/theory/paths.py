"""Ratio of gradient norms and D(G(z)) along runs of each method at its best cell."""

import json
import math
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import minmax_jax as mm
from experiments._shared.rounding import round_significant
from experiments.dissecting.theory.config import METHODS, Setting, make_game
from experiments.dissecting.theory.statistics import in_sample
from experiments.dissecting.theory.sweep import starts
from minmax_jax import games

SEEDS, STEPS, TIMES = 8, 10_000, 121


def paths(folder: Path, dimension: int) -> dict[str, Any] | None:
    """Runs all methods that have been swept at a dimension; returns None if a sweep is missing."""
    found: dict[str, Any] = {}
    for stem in (f"phase-{dimension}", f"methods-{dimension}", f"layer-{dimension}"):
        if (path := folder / f"{stem}.json").exists():
            found |= json.loads(path.read_text())["methods"]
    if not {"sgda", "nsgda", "layer_nsgda"} <= set(found):
        return None
    setting = Setting(dimension=dimension, seeds=SEEDS, steps=STEPS)
    return {
        "dimension": dimension,
        "seeds": SEEDS,
        "steps": times().tolist(),
        "methods": {name: follow(setting, name, found[name]) for name in METHODS if name in found},
    }


def times() -> np.ndarray:
    """Returns logarithmically spaced steps."""
    return np.unique(np.logspace(0, math.log10(STEPS), TIMES).round().astype(int))


def follow(setting: Setting, method: str, found: dict[str, Any]) -> dict[str, Any]:
    """Runs eight seeds at the best cell; returns seed 0 and the quartiles of all seeds."""
    best = in_sample(found)
    with jax.enable_x64(True):
        field_fn = make_game(setting).field_fn
        optimizer = METHODS[method].optimizer(
            mm.Players(min=jnp.asarray(best.rate_min), max=jnp.asarray(best.rate_max))
        )

        def observe(players: mm.Players) -> dict[str, jax.Array]:
            return {
                "pace": mm.diagnostics.norm_ratio(field_fn(players)),
                "fake_probability": games.modes_fake_probability(players),
            }

        @jax.jit
        @jax.vmap
        def run(start: mm.Players) -> Any:
            result = mm.solve(
                optimizer, field_fn, start, setting.steps, record=lambda _, z, *rest: observe(z)
            )
            return observe(start), result.records, games.modes_outcome(result.players)

        first, records, outcome = jax.tree.map(np.asarray, run(starts(setting, method)))
    return {
        "rate_max": best.rate_max,
        "rate_min": best.rate_min,
        "outcomes": [games.OUTCOMES[i] for i in outcome],
        "start": {name: round_significant(np.median(values), 3) for name, values in first.items()},
        **{name: course(values[:, times() - 1]) for name, values in records.items()},
    }


def course(values: np.ndarray) -> dict[str, list[float | None]]:
    """Returns seed 0 and the quartiles over seeds at each time."""
    with np.errstate(invalid="ignore"):  # Diverged runs are inf, then NaN.
        low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
    curves = {"seed_0": values[0], "low": low, "median": middle, "high": high}
    return {name: round_significant(curve, 3) for name, curve in curves.items()}
