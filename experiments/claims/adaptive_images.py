"""Claims of paper A on images and on eight Gaussians."""

import math
from collections.abc import Sequence
from typing import Any

from experiments._shared.comparisons import format_p, holm, welch
from experiments._shared.means import format_mean
from experiments._shared.tuning import rows_by_min_rate
from experiments.claims import adaptive_mnist, constant_magnitude, grafting
from experiments.claims.row import Row, result, table
from experiments.dissecting.images import table as images
from experiments.dissecting.images.methods import METHODS
from experiments.dissecting.pace import table as pace

PACE = "dissecting/pace/pace"
H100 = {
    "adam_gda": "resnet64",
    "ada_nsgda": "resnet64",
    "nsgda": "resnet64-nsgda-high-rates",
    "sgda": "resnet64-sgda-low-rates",
}
"""Record that contains the final runs of each method."""


def h100(method: str) -> dict[str, Any]:
    """Returns the record of the ResNet runs of one method."""
    return result(f"dissecting/images/h100/{H100[method]}")


def values(found: dict[str, Any], method: str, name: str = "frechet_distance") -> list[Any]:
    """Returns a score of every final run."""
    return images.scores(found, method, name)


def short(method: str) -> str:
    """Returns the title of a method without its details."""
    return METHODS[method].title.partition(",")[0]


def against(reference: Sequence[float], others: dict[str, Sequence[float]]) -> dict[str, str]:
    """Returns corrected p-values of comparisons of `others` with a reference."""
    corrected = holm([welch(values, reference) for values in others.values()])
    return dict(zip(others, map(format_p, corrected), strict=True))


def resnet_table() -> str:
    """Formats the ResNet runs."""
    others = {m: values(h100(m), m) for m in H100 if m != "adam_gda"}
    p = against(values(h100("adam_gda"), "adam_gda"), others)
    rows = []
    for method in H100:
        found = h100(method)
        scores = [
            format_mean(values(found, method, name), digits, (0, high))
            for name, digits, high in (
                ("frechet_distance", 0, math.inf),
                ("recall", 2, 1),
                ("classes_covered", 1, 10),
            )
        ]
        rates = "{:.2g}, {:.2g}".format(*found["methods"][method]["best"])
        rows.append([METHODS[method].title, rates, *scores, p.get(method, "")])
    high = result("dissecting/images/h100/resnet64")["methods"]["sgda"]["tuning"]
    failed = sum(distance is None for cell in high for distance in cell["distances"][:1])
    text = f"diverged at {failed} of {len(high)} pairs"
    rows.append(["SGDA, the first grid", "0.0005–0.032, 0.005–0.32", text, "", "", ""])
    head = (
        "method | learning rates (min, max) | Fréchet distance ↓ | recall ↑ | classes of 10 "
        "| p against Adam, Holm"
    )
    return table(head, rows)


def resnet_tuning() -> str:
    """Formats all tuning runs of the ResNet."""
    rows = []
    for name in sorted({*H100.values()}):
        for method, found in result(f"dissecting/images/h100/{name}")["methods"].items():
            for row in rows_by_min_rate(found["tuning"], images.distances):
                rows.append([METHODS[method].title, *row])
    return table("method | min learning rate | max learning rates: distances", rows)


def first_part() -> str:
    """Formats the finished runs of the first part of the missing runs."""
    record = result("dissecting/images/h100/resnet64-part")
    rows = []
    for method in dict.fromkeys(run["method"] for run in record["runs"]):
        runs = [run for run in record["runs"] if run["method"] == method]
        final = [run for run in runs if run["steps"] == record["steps"]]
        tuning = [run for run in runs if run["steps"] == record["tune_steps"]]
        best, edge = chosen(tuning) if tuning else (final[0]["rates"], "not tuned again")
        rates = "{:.3g}, {:.3g}".format(*best)
        both = (distances_of(tuning, best), distances_of(final, best) or "none")
        reached = [f"{run['reached']:,}" for run in record["stopped"] if run["method"] == method]
        unfinished = f"{len(reached)}, after {', '.join(sorted({*reached}))} updates"
        rows.append([METHODS[method].title, rates, edge, *both, unfinished])
    short, long = (f"after {record[name]:,} updates" for name in ("tune_steps", "steps"))
    head = (
        f"method | learning rates (min, max) | at grid edge | distances {short}, two seeds "
        f"| distances {long} | unfinished final runs"
    )
    return table(head, rows)


def distances_of(runs: Sequence[dict[str, Any]], rates: Sequence[float]) -> str:
    """Formats the Fréchet distances of the runs with a pair of learning rates."""
    found = [run["scores"]["frechet_distance"] for run in runs if run["rates"] == [*rates]]
    return ", ".join(f"{distance:.0f}" for distance in found)


def chosen(runs: Sequence[dict[str, Any]]) -> tuple[list[float], str]:
    """Returns the best pair of learning rates among repeated ones, and its edge of the grid."""
    found: dict[tuple[float, ...], list[float]] = {}
    for run in runs:
        found.setdefault(tuple(run["rates"]), []).append(run["scores"]["frechet_distance"])
    again = max(map(len, found.values()))
    best = min((p for p in found if len(found[p]) == again), key=lambda pair: sum(found[pair]))
    return [*best], images.edge({"tuning": [{"rates": pair} for pair in found], "best": best})


def pace_table() -> str:
    """Formats the correlations over all methods."""
    found = result(PACE)
    rows = [row for row in found["rows"] if row["method"] == "all methods"]
    return pace.format_table({**found, "rows": rows})


def pace_details() -> str:
    """Formats the correlations within methods."""
    found = result(PACE)
    rows = [row for row in found["rows"] if row["method"] != "all methods"]
    return pace.format_table({**found, "rows": rows})


def pace_word() -> str:
    """Returns the first words of A8's verdict, by the rule in `LOG.md`."""
    rows = [row for row in result(PACE)["rows"] if row["method"] == "all methods"]
    tuning = [row for row in rows if row["steps"] == min(row["steps"] for row in rows)]
    correlated = [row["near_one"]["low"] > 0 for row in tuning]
    enclosed = [row["best_fifth"][0] <= 1 <= row["best_fifth"][2] for row in tuning]
    holds = [*map(all, zip(correlated, enclosed, strict=True))]
    if any(holds):
        return "supported" if all(holds) else "supported in part"
    return "inconclusive" if any(correlated) else "contradicted"


def pace_figure() -> str:
    """Formats the correlation of the tuning runs."""
    rows = [r for r in result(PACE)["rows"] if r["method"] == "all methods"]
    first = next(r for r in rows if r["ratio"] == "gradients")
    return f"{first['runs']} runs: Spearman's ρ = {pace.format_correlation(first['near_one'])}"


ROWS = [
    Row(
        "A6",
        "The same in the paper's main setting",
        "reduced: CIFAR-10, width 64, three seeds",
        "supported in part: magnitude suffices, direction open",
        lambda: (
            "FD: "
            + ", ".join(
                f"{short(m)} {format_mean(values(h100(m), m), 0)}"
                for m in ("adam_gda", "ada_nsgda", "sgda")
            )
        ),
        {"table": resnet_table, "tuning": resnet_tuning, "part": first_part},
        "FD: Fréchet distance, lower is better",
    ),
    *adaptive_mnist.ROWS,
    Row(
        "A8",
        "Equal paces of both players give better runs",
        "reduced: as A7, 252 pairs of rates",
        "inconclusive: ratios near 1 are better, but not best",
        pace_figure,
        {"table": pace_table, "details": pace_details},
    ),
    *constant_magnitude.ROWS,
    *grafting.ROWS,
]
