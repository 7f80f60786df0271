"""Claims of paper C."""

import itertools
from typing import Any

import numpy as np

from experiments._shared.proportions import proportion
from experiments.claims import greedy_ends, greedy_gaussians
from experiments.claims.row import Row, result, table
from experiments.greedy.cost import table as cost
from experiments.greedy.digits01 import table as digits
from experiments.greedy.digits01.config import TITLES
from experiments.greedy.dimension import __main__ as dimension
from experiments.greedy.functions import table as functions

FUNCTIONS, COST = "greedy/functions/functions", "greedy/cost/cost"
PUBLISHED, SEPARATE = "greedy/digits01-width256/digits01", "greedy/digits01-separate/digits01"
SHARED, AUTHORS = "greedy/digits01/digits01", "greedy/digits01-authors/digits01"
STAGES = (0, 200, 500, 1000)
"""Updates between which the authors' log gives shares of accepted tests: 29, 37 and 47 %."""


def solved(name: str) -> str:
    """Formats the runs of greedy that converged on a function."""
    status = result(FUNCTIONS)["functions"][name]["ours"]["status"]
    return str(proportion(status.count("CONVERGED"), len(status)))


def both(path: str, method: str, evaluation: int = -1, min_share: float = digits.MIN_SHARE) -> str:
    """Formats the runs that show both digits."""
    found = result(path)["methods"][method]
    return str(proportion(digits.both(found, evaluation, min_share), len(found)))


def digit_rows(path: str, label: str) -> list[list[Any]]:
    """Returns the rows of one record of zeros and ones."""
    rows = []
    for method, found in result(path)["methods"].items():
        half = len(found[0]["shares"]) // 2 - 1
        zeros, _, neither = np.median([one["shares"][-1] for one in found], axis=0)
        accepted = [one["acceptance_rate"] for one in found if "acceptance_rate" in one]
        rate = f"{np.mean(accepted):.0%}" if accepted else "all"
        texts = [both(path, method, -1, digits.BY_EYE), both(path, method)]
        texts += [both(path, method, half, digits.BY_EYE)]
        texts += [f"{zeros:.0%}", f"{neither:.0%}", rate]
        rows.append([label, TITLES[method], *texts])
    return rows


def digit_table() -> str:
    """Formats all records of zeros and ones."""
    rows = [
        *digit_rows(PUBLISHED, "authors', width 256"),
        *digit_rows(AUTHORS, "authors', width 64"),
        *digit_rows(SHARED, "shared batch, width 64"),
    ]
    head = (
        "accept test | method | both digits by eye | at 10 % | by eye at half the time "
        "| median share of zeros | of neither | accepted updates"
    )
    return table(head, rows)


def count_table() -> str:
    """Formats what Adam's count of steps changes at the authors' width."""
    rows = [
        [label, *(both(path, m, -1, digits.BY_EYE) for m in ("ours_published", "gda"))]
        for label, path in (("common, as published", PUBLISHED), ("one per player", SEPARATE))
    ]
    return table("count of Adam's steps | greedy, both digits by eye | GDA", rows)


def stages(path: str) -> list[str]:
    """Formats the shares of accepted tests between `STAGES`, mean over seeds."""
    found, every = result(path), result(path)["config"]["accept_every"]
    accepted = np.asarray([one["accepted"] for one in found["methods"]["ours_published"]])
    mean = np.append(0, accepted.mean(0))
    shares = []
    for low, high in itertools.pairwise(STAGES):
        untested = -(-high // every) + -low // every
        gained = mean[high // found["every"]] - mean[low // found["every"]]
        shares.append(f"{(gained - untested) / (high - low - untested):.0%}")
    return shares


def stage_table() -> str:
    """Formats the share of accepted tests along the runs with the authors' test."""
    heads = [f"{low}–{high}" for low, high in itertools.pairwise(STAGES)]
    rows = [
        ["width 256", *stages(PUBLISHED)],
        ["width 64", *stages(AUTHORS)],
        ["the authors' log, one run", "29%", "37%", "47%"],
    ]
    return table(f"accepted tests in updates | {' | '.join(heads)}", rows)


def flops(game: str) -> float:
    """Returns the FLOPs of an update of greedy relative to GDA."""
    found = result(COST)["games"][game]["methods"]
    return found["ours"]["flops"] / found["GDA"]["flops"]


def proposals(d: str) -> str:
    """Formats median and range of the number of proposals in dimension d."""
    found = result("greedy/dimension/dimension")["dimensions"][d]
    return "{:.0f} ({:.0f}–{:.0f})".format(*dimension.medians(found, "proposals"))


ROWS = [
    Row(
        "C1",
        "Greedy solves F1 and F3, where GDA and OMD fail",
        "the authors' functions, 20 seeds",
        "supported: in all runs, as in the authors' script",
        lambda: f"F1 {solved('F1')}, F3 {solved('F3')}; GDA, OMD: none",
        {"table": lambda: functions.format_table(result(FUNCTIONS))},
    ),
    Row(
        "C2",
        "An update costs about as much as one of GDA",
        "the authors' networks and batch sizes",
        "supported in part: for large k or a shared batch",
        lambda: (
            f"FLOPs × {flops('four Gaussians, common draws'):.2f} "
            f"to {flops('MNIST 0/1, fresh draws'):.2f}"
        ),
        {"table": lambda: cost.format_table(result(COST))},
    ),
    *greedy_gaussians.ROWS,
    Row(
        "C5",
        "Greedy keeps both digits where GDA drops one",
        "the authors', zeros and ones, 20 seeds",
        "supported: in all runs, GDA in few",
        lambda: (
            "by eye: greedy "
            + both(PUBLISHED, "ours_published", -1, digits.BY_EYE)
            + ", GDA "
            + both(PUBLISHED, "gda", -1, digits.BY_EYE)
        ),
        {"table": digit_table, "stages": stage_table, "counts": count_table},
    ),
    Row(
        "C6",
        "Greedy has a higher inception score than GDA",
        "CIFAR-10, prepared for an accelerator",
        "not tested as published: no run yet",
        lambda: "none",
        {},
    ),
    Row(
        "C7",
        "Iterations do not depend on the dimension",
        "one nonconvex game, d = 10–10,000",
        "supported: on a game with equal constants",
        lambda: f"proposals: {proposals('10')} for d = 10, {proposals('10000')} for 10,000",
        {"table": lambda: dimension.table(result("greedy/dimension/dimension"))},
    ),
    *greedy_ends.ROWS,
]
