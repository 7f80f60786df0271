"""Claims on grafted magnitudes and directions."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from experiments._shared.comparisons import format_p, holm, paired
from experiments._shared.means import format_mean
from experiments._shared.tuning import rows_by_min_rate
from experiments.claims.row import Row, result, table
from experiments.dissecting.graft_grid import effects
from experiments.dissecting.graft_grid import table as graft

PARTS = ("magnitude", "direction")
GAUSSIANS, IMAGES = "dissecting/graft_grid/gaussians", "dissecting/graft_grid/images"
Pair = dict[str, Any]


def at_corner(pair: Pair) -> bool:
    """Returns whether both chosen learning rates are at an edge of the grid."""
    return graft.edge(pair) == "min and max"


def mean(pair: Pair, score: str) -> float:
    """Returns the mean score of the final runs.

    A run that diverged has no modes, or an infinite distance.
    """
    diverged = 0.0 if score == "modes_covered" else np.inf
    found = graft.values(pair, score)
    return float(np.mean([diverged if value is None else value for value in found]))


def matrix(path: str, score: str, digits: int) -> str:
    """Formats mean scores by magnitude (rows) and direction (columns).

    Pairs whose chosen learning rates are at a corner of the grid are left out.
    """
    pairs, rules = result(path)["pairs"], result(path)["config"]["rules"]
    by_name = {(pair["magnitude"], pair["direction"]): pair for pair in pairs}

    def cell(pair: Pair) -> str:
        return "corner" if at_corner(pair) else f"{mean(pair, score):.{digits}f}"

    rows = [[f"**{m}**", *(cell(by_name[m, d]) for d in rules)] for m in rules]
    return table(f"magnitude of ↓ along the direction of → | {' | '.join(rules)}", rows)


def means_table(path: str, score: str, digits: int) -> str:
    """Formats the mean over all pairs that share a magnitude, or a direction."""
    rules = result(path)["config"]["rules"]
    rows = [[rule, *(spread(path, score, digits, part, rule) for part in PARTS)] for rule in rules]
    return table("rule | pairs with its magnitude | pairs with its direction", rows)


def spread(path: str, score: str, digits: int, part: str, rule: str) -> str:
    """Formats lowest and highest mean of the pairs away from corners."""
    kept = [p for p in result(path)["pairs"] if p[part] == rule and not at_corner(p)]
    found = [mean(pair, score) for pair in kept]
    if not found:
        return "all at corners"
    return f"{min(found):.{digits}f} to {max(found):.{digits}f} ({len(found)} of 6)"


NEW = slice(3, None)
"""Seeds that decide on MNIST. The first three had been seen before."""


def spreads(path: str, without: str | None = None, seeds: slice = slice(None)) -> effects.Spreads:
    """Returns the spreads of the effects of magnitude and direction away from corners.

    Args:
      path: The record.
      without: A rule whose magnitude is left out.
      seeds: Seeds of the final runs that count.
    """
    pairs = [
        pair
        for pair in result(path)["pairs"]
        if not at_corner(pair) and pair["magnitude"] != without
    ]
    if path == IMAGES:
        outcomes = effects.log_distances(pairs, "frechet_distance")
    else:
        outcomes = effects.modes(pairs, "modes_covered")
    return effects.spreads(pairs, outcomes[:, seeds])


def format_interval(found: effects.Interval) -> str:
    """Formats an estimate with its interval."""
    return "{:.2f} [{:.2f}, {:.2f}]".format(*found)


def effects_table(path: str) -> str:
    """Formats the spreads of the effects.

    On Gaussians also without SGD's magnitude, on MNIST also of the old and the new seeds.
    """
    if path == GAUSSIANS:
        parts = {"all": spreads(path), "without SGD's magnitude": spreads(path, "SGD")}
    else:
        parts = {
            "**seeds 3 to 9, which decide**": spreads(path, seeds=NEW),
            "seeds 0 to 2, seen before": spreads(path, seeds=slice(3)),
            "all ten seeds": spreads(path),
        }
    rows = [[name, *map(format_interval, found)] for name, found in parts.items()]
    head = "pairs" if path == GAUSSIANS else "all 36 pairs"
    return table(f"{head} | magnitude | direction | magnitude minus direction", rows)


def paper_table() -> str:
    """Formats the paper's four pairs on Gaussians, each compared with Ada-nSGDA.

    Differences are paired by seed, their p-values corrected by Holm's method.
    """
    pairs = [p for p in result(GAUSSIANS)["pairs"] if {p[x] for x in PARTS} <= {"SGD", "Adam"}]
    found = {
        tuple(pair[part] for part in PARTS): modes
        for pair, modes in zip(pairs, effects.modes(pairs, "modes_covered"), strict=True)
    }
    reference = ("Adam", "SGD")
    others = {
        ("SGD", "SGD"): "SGD",
        ("SGD", "Adam"): "AdaDir: SGD's magnitude, Adam's direction",
        ("Adam", "Adam"): "Adam",
    }
    differences = {pair: found[reference] - found[pair] for pair in others}
    corrected = holm([paired(list(values)) for values in differences.values()])
    rows = [
        ["Ada-nSGDA: Adam's magnitude, SGD's direction", format_mean(found[reference], 1), "", ""]
    ]
    rows += [
        [title, format_mean(found[pair], 1), format_mean(differences[pair], 1), format_p(p)]
        for (pair, title), p in zip(others.items(), corrected, strict=True)
    ]
    return table("pair | modes | Ada-nSGDA minus this, by seed | p, Holm", rows)


def tables(path: str, score: str, digits: int) -> dict[str, Callable[[], str]]:
    """Returns the tables of a page."""
    return {
        "table": lambda: matrix(path, score, digits),
        "spread": lambda: means_table(path, score, digits),
        "details": lambda: graft.format_table(result(path)),
        "tuning": lambda: tuning_table(path),
    }


def tuning_table(path: str) -> str:
    """Formats the tuning runs of all pairs; the chosen learning rates are bold."""
    rows = []
    for pair in result(path)["pairs"]:
        name, best = f"{pair['magnitude']}, {pair['direction']}", pair["best"]
        score = functools.partial(tuning_score, path, best)
        rows += [[name, *row] for row in rows_by_min_rate(pair["tuning"], score)]
    return table("magnitude, direction | min learning rate | max learning rate: score", rows)


def tuning_score(path: str, best: list[float], cell: dict[str, Any]) -> str:
    """Formats the score of a tuning run: modes and share of good samples, or Fréchet distance."""
    badness = cell["badness"]
    if badness is None:
        return "–"
    text = f"{-badness:.1f}" if path == GAUSSIANS else f"{badness:.0f}"
    return f"**{text}**" if cell["rates"] == best else text


ROWS = [
    Row(
        "A10",
        "Magnitude matters more than direction",
        "reduced: Gaussians, 36 pairs, 20 seeds",
        "inconclusive: only SGD's magnitude costs modes",
        lambda: f"difference of spreads {format_interval(spreads(GAUSSIANS).difference)} modes",
        {
            **tables(GAUSSIANS, "modes_covered", 1),
            "effects": lambda: effects_table(GAUSSIANS),
            "paper": paper_table,
        },
        "spread of the effects of the magnitude minus that of the direction",
    ),
    Row(
        "A11",
        "The same on MNIST",
        "reduced: MNIST as A7, seven new seeds",
        "inconclusive: seven seeds do not separate the two",
        lambda: f"difference of spreads {format_interval(spreads(IMAGES, seeds=NEW).difference)}",
        {**tables(IMAGES, "frechet_distance", 0), "effects": lambda: effects_table(IMAGES)},
        "spread of the effects on the log Fréchet distance, of magnitude minus direction",
    ),
]
