"""Surveys, which test no claim of the three papers."""

import numpy as np

from experiments._shared.means import format_mean
from experiments.claims.row import Row, result, table
from experiments.constrained import __main__ as constrained
from experiments.games import profile
from experiments.strategies import __main__ as strategies

GAMES, STRATEGIES = "games/games", "strategies/strategies"
AUGMENTATION = "augmentation/diffaugment"
CONSTRAINED = "constrained/constrained"


def solved(method: str) -> str:
    """Formats the share of problems that a method solves."""
    calls = profile.all_calls(result(GAMES), 0)[method]
    return f"{np.isfinite(calls).mean():.0%}"


def kuhn(method: str) -> str:
    """Formats the median oracle calls on Kuhn poker."""
    found = result(STRATEGIES)["games"]["Kuhn poker"][method]["calls"]["0.01"]
    return f"{np.median(found):.0f}"


def distances(kind: str) -> dict[int, list[float]]:
    """Returns the Fréchet distances of all seeds, by number of updates."""
    runs = result(AUGMENTATION)["scores"][kind]
    return {row[0]["step"]: [x["frechet_distance"] for x in row] for row in zip(*runs, strict=True)}


def augmentation_table() -> str:
    """Formats the Fréchet distances along the runs of both kinds."""
    kinds = [distances("none"), distances("diffaugment")]
    rows = [[f"{step:,}", *(format_mean(kind[step]) for kind in kinds)] for step in kinds[0]]
    return table("updates | without augmentation | DiffAugment", rows)


def last(kind: str) -> str:
    """Formats the Fréchet distances at the end."""
    return format_mean(list(distances(kind).values())[-1], 0)


def constrained_calls(method: str) -> str:
    """Formats the number of problems on which the median start is solved."""
    found = result(CONSTRAINED)["problems"]
    calls = [found[name][method]["calls"]["0.01"] for name in found]
    hits = [np.median([np.inf if c is None else c for c in row]) < np.inf for row in calls]
    return f"{method} {sum(hits)}"


ROWS = [
    Row(
        "games",
        "Which optimizer solves which small game?",
        "35 optimizers, 11 games, 8 starts",
        "survey: no method is best on every game",
        lambda: (
            f"solved: adaptive_competitive {solved('adaptive_competitive')}, "
            f"competitive {solved('competitive')}, sgda {solved('sgda')}"
        ),
        {"table": lambda: profile.table(result(GAMES))},
    ),
    Row(
        "strategies",
        "Which method finds mixed equilibria?",
        "three games, nine methods, 8 starts",
        "survey: optimistic_gda and extragradient, projected",
        lambda: (
            f"Kuhn poker, calls: regret matching+ {kuhn('regret matching+')}, "
            f"extragradient {kuhn('projected extragradient')}"
        ),
        {"table": lambda: strategies.table(result(STRATEGIES))},
        "oracle calls; extragradient is projected",
    ),
    Row(
        "constrained",
        "Which method solves constrained problems?",
        "six problems, eleven methods, 8 starts",
        "survey: sgda is reliable only under strong convexity",
        lambda: (
            f"solved of {len(result(CONSTRAINED)['problems'])}: "
            + ", ".join(map(constrained_calls, ("sgda", "optimistic_gda", "extragradient")))
        ),
        {"table": lambda: constrained.table(result(CONSTRAINED), 0.01)},
    ),
    Row(
        "augmentation",
        "Does DiffAugment help with few images?",
        "MLP, 1,000 MNIST images, three seeds",
        "survey: yes, at settings that were chosen on seed 0",
        lambda: f"FD: {last('diffaugment')} against {last('none')} without",
        {"table": augmentation_table},
        "FD: Fréchet distance after 8,000 updates",
    ),
]
