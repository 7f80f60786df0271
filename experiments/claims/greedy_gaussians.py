"""Claims C3 and C4: four Gaussians, as published and reduced."""

from typing import Any, NamedTuple

import numpy as np

from experiments._shared.comparisons import fisher, format_p, holm
from experiments._shared.proportions import proportion
from experiments.claims.row import Row, result, table
from experiments.greedy.gaussians import game
from experiments.greedy.gaussians import table as gaussians

REDUCED = "greedy/gaussians/gaussians"


class Record(NamedTuple):
    """Runs at the authors' batch size.

    Attributes:
      greedy: Name of the greedy method.
      path: File with its runs.
      others: File with the runs of GDA.
    """

    greedy: str
    path: str
    others: str

    def runs(self) -> dict[str, list[dict[str, Any]]]:
        """Returns the runs of the greedy method and of GDA."""
        greedy, others = (result(path)["groups"]["published"] for path in self[1:])
        gda = {method: runs for method, runs in others.items() if "gda" in method}
        return {self.greedy: greedy[self.greedy], **gda}


SCRIPT = Record("script", *["greedy/gaussians-script/gaussians"] * 2)
LIBRARY = Record("ours_as_published", *["greedy/gaussians512/gaussians"] * 2)
STATED = Record(
    "ours_independent", "greedy/gaussians512-independent/gaussians", "greedy/gaussians512/gaussians"
)
FEW = 0.02
"""A lower share of the samples that an eye may take for a mode: three of 150 points."""
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


def all_four(counts: np.ndarray) -> str:
    """Formats the share of runs with four modes."""
    return str(proportion(int((counts == 4).sum()), len(counts)))


def eye(method: str, min_share: float = FEW) -> str:
    """Formats the runs of a method of the script that have four modes by eye."""
    return all_four(gaussians.by_eye(SCRIPT.runs()[method], min_share))


def against_greedy(record: Record, min_share: float = game.MIN_SHARE) -> dict[str, str]:
    """Returns corrected p-values of "four modes by eye" for greedy and each other method."""
    found = record.runs()
    hits = {
        method: (int((gaussians.by_eye(runs, min_share) == 4).sum()), len(runs))
        for method, runs in found.items()
    }
    others = [method for method in found if method != record.greedy]
    raw = [fisher(hits[record.greedy], hits[method]) for method in others]
    return dict(zip(others, map(format_p, holm(raw)), strict=True))


def published_table(record: Record) -> str:
    """Formats the runs at batch 512 beside the figures of the authors."""
    p, p_few, rows = against_greedy(record), against_greedy(record, FEW), []
    steps = result(record.path)["config"]["steps"]
    for method, runs in record.runs().items():
        rates = [one["acceptance_rate"] for one in runs] if method == record.greedy else []
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
                all_four(gaussians.by_eye(runs, FEW)),
                p_few.get(method, ""),
                f"{np.mean(accepted):.0%} ({min(accepted):.0%}–{max(accepted):.0%})"
                if accepted
                else "",
            ]
        )
    log = f"{LOG[0] / LOG[1]:.0%} ({LOG[0]} of {LOG[1]})"
    rows.append(["the authors: greedy", 20, "", "", "three 26, four 68", *[""] * 4, log])
    rows.append(["the authors: descent–ascent", 20, "", "", "one 100", *[""] * 5])
    counts = "0/1/2/3/4"
    head = (
        f"method | seeds | {counts} modes within 0.1, % | all four | {counts} within 0.3 (by eye), "
        "% | all four by eye | p against greedy, Fisher and Holm | all four, 2 % of the samples "
        "| p | accepted tests"
    )
    return table(head, rows)


ROWS = [
    Row(
        "C3",
        "Greedy keeps four modes where GDA ends with one",
        "the authors' script, batch 512, 20 seeds",
        "inconclusive: two rules disagree",
        lambda: (
            f"greedy {eye('script')}, at 5 % {eye('script', game.MIN_SHARE).partition(' ')[0]}; "
            f"GDA {eye('script_gda_6')}"
        ),
        {
            "table": lambda: published_table(SCRIPT),
            "library": lambda: published_table(LIBRARY),
            "stated": lambda: published_table(STATED),
        },
        "runs with four modes by eye, of at least 2 % of the samples each; GDA with k = 6",
    ),
    Row(
        "C4",
        "The same, also tuned and with equal weights",
        "reduced: shared batch of 128, 20 seeds",
        "not tested as published: no gain when reduced",
        lambda: "equal weights: greedy {}/{}, GDA {}/{}".format(
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
