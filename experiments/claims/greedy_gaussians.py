"""Claims C3 and C4: four Gaussians, as published and reduced."""

from typing import Any

import numpy as np

from experiments._shared.comparisons import fisher, format_p, holm
from experiments._shared.proportions import proportion
from experiments.claims.row import Row, result, table
from experiments.greedy.gaussians import table as gaussians

REDUCED, PUBLISHED = "greedy/gaussians/gaussians", "greedy/gaussians512/gaussians"
GREEDY = "ours_as_published"
LOG = (559, 1125)
"""Accepted tests and all tests in the authors' log."""


def four_modes(group: str, method: str) -> tuple[int, int]:
    """Returns the reduced runs that reach four modes, and all runs."""
    runs = result(REDUCED)["groups"][group][method]
    return int((gaussians.modes(runs, 0) == 4).sum()), len(runs)


def group_table(group: str) -> str:
    """Formats one group of reduced runs, without its title."""
    text = gaussians.group_table("", result(REDUCED)["groups"][group])
    return text.partition("\n\n")[2]


def fisher_table() -> str:
    """Formats exact tests of greedy against the other methods, corrected for their number."""
    keys = [
        (group, method)
        for group, found in result(REDUCED)["groups"].items()
        for method in found
        if method in ("gda_1", "gda_6", "omd", "unrolled_6")
    ]
    raw = [fisher(four_modes(group, "ours"), four_modes(group, method)) for group, method in keys]
    rows = [
        [
            f"{group}: greedy against {gaussians.METHODS[method].title}",
            "{}/{}".format(*four_modes(group, "ours")),
            "{}/{}".format(*four_modes(group, method)),
            format_p(p),
        ]
        for (group, method), p in zip(keys, holm(raw), strict=True)
    ]
    return table("comparison of runs with four modes | greedy | other | p, Fisher and Holm", rows)


def tested_share(accepted: float, updates: float, every: int) -> float:
    """Returns the share of accepted tests, if each `every`-th update is accepted without one."""
    untested = -(-updates // every)
    return (accepted - untested) / (updates - untested)


def runs_as_published() -> dict[str, list[dict[str, Any]]]:
    """Returns the runs at batch 512 of every method."""
    return result(PUBLISHED)["groups"]["published"]


def all_four(counts: np.ndarray) -> str:
    """Formats the share of runs with four modes."""
    return str(proportion(int((counts == 4).sum()), len(counts)))


def eye(method: str) -> str:
    """Formats the runs of a method that have four modes by eye."""
    return all_four(gaussians.by_eye(runs_as_published()[method]))


def against_greedy() -> dict[str, str]:
    """Returns corrected p-values of "four modes by eye" for greedy and each other method."""
    found = runs_as_published()
    hits = {m: (int((gaussians.by_eye(runs) == 4).sum()), len(runs)) for m, runs in found.items()}
    others = [method for method in found if method != GREEDY]
    raw = [fisher(hits[GREEDY], hits[method]) for method in others]
    return dict(zip(others, map(format_p, holm(raw)), strict=True))


def published_table() -> str:
    """Formats the runs at batch 512 beside the figures of the authors."""
    p, rows = against_greedy(), []
    steps = result(PUBLISHED)["config"]["steps"]
    for method, runs in runs_as_published().items():
        rates = [one["acceptance_rate"] for one in runs if "acceptance_rate" in one]
        accepted = [tested_share(rate * steps, steps, 4) for rate in rates]
        rows.append(
            [
                gaussians.METHODS[method].title,
                len(runs),
                gaussians.percentages(gaussians.modes(runs, 0)),
                all_four(gaussians.modes(runs, 0)),
                gaussians.percentages(gaussians.by_eye(runs)),
                all_four(gaussians.by_eye(runs)),
                p.get(method, ""),
                f"{np.mean(accepted):.0%} ({min(accepted):.0%}–{max(accepted):.0%})"
                if accepted
                else "",
            ]
        )
    log = f"{LOG[0] / LOG[1]:.0%} ({LOG[0]} of {LOG[1]})"
    rows.append(["the authors: greedy", 20, "", "", "three 26, four 68", "", "", log])
    rows.append(["the authors: descent–ascent", 20, "", "", "one 100", "", "", ""])
    counts = "0/1/2/3/4"
    head = (
        f"method | seeds | {counts} modes within 0.1, % | all four | {counts} within 0.3 (by eye), "
        "% | all four by eye | p against greedy, Fisher and Holm | accepted tests"
    )
    return table(head, rows)


ROWS = [
    Row(
        "C3",
        "Greedy keeps four Gaussian modes where GDA ends with one",
        "the authors': batch 512, independent batches, payoff overwritten at every test",
        "contradicted: four modes are rare; GDA with equal k keeps as many",
        lambda: f"four modes by eye: greedy {eye(GREEDY)}, GDA (k = 6) {eye('gda_6')}",
        {"table": published_table},
    ),
    Row(
        "C4",
        "The same, reduced, also with tuned learning rates and equal weights",
        "reduced: batch 128 shared by all calls of an update, 20 seeds",
        "not tested as published: reduced form shows no gain over GDA",
        lambda: "four modes, equal weights: greedy {}/{}, GDA (k = 6) {}/{}".format(
            *four_modes("equal", "ours"), *four_modes("equal", "gda_6")
        ),
        {
            "published": lambda: group_table("published"),
            "tuned": lambda: group_table("tuned"),
            "equal": lambda: group_table("equal"),
            "fisher": fisher_table,
            "tuning": lambda: gaussians.tuning_table(result(REDUCED)["tuning"]),
        },
    ),
]
