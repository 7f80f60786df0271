"""Claims C8 and C9: falling temperatures and greedy equilibria."""

from typing import Any

from experiments._shared.comparisons import fisher, format_p
from experiments._shared.means import format_mean
from experiments._shared.proportions import Proportion, difference, proportion
from experiments.claims.row import Row, result, table
from experiments.greedy.digits01 import table as digits
from experiments.greedy.endpoints import table as endpoints
from experiments.greedy.equilibrium import table as equilibrium

ENDPOINTS, EQUILIBRIUM = "greedy/endpoints/endpoints", "greedy/equilibrium/equilibrium"
LONG = "greedy/equilibrium-long/equilibrium"
DIGITS = {
    "fixed rate ([C5](C5.md))": ("greedy/digits01-width256/digits01", "ours_published"),
    "decreasing temperature": ("greedy/digits01-decreasing/digits01", "ours_decreasing"),
}
"""Record and method of zeros and ones by accept rule."""


def successes(function: str, rule: str) -> tuple[int, int]:
    """Returns the runs with one accept rule that end near the min-max point, and all runs."""
    recorded = result(ENDPOINTS)
    return endpoints.successes(recorded["config"], recorded["functions"][function]["rules"][rule])


def share(function: str, rule: str) -> Proportion:
    """Returns the share of runs with one accept rule that end near the min-max point."""
    return proportion(*successes(function, rule))


def format_difference(first: Proportion, second: Proportion) -> str:
    """Formats the second share minus the first one, with Newcombe's interval."""
    return "{:.2f} [{:.2f}, {:.2f}]".format(*difference(second, first))


def difference_table() -> str:
    """Formats the falling probability against the two other rules with the same stop."""
    names = endpoints.titles(result(ENDPOINTS)["config"])
    rows = []
    for function in result(ENDPOINTS)["functions"]:
        falling = successes(function, "falling")
        for other in ("fixed", "long"):
            hits = successes(function, other)
            interval = format_difference(proportion(*hits), proportion(*falling))
            rows.append([f"{function}: falling minus {names[other]}", interval])
            rows[-1].append(format_p(fisher(falling, hits)))
    return table("difference of the shares of successful runs | Newcombe, 95 % | p, Fisher", rows)


def digit_runs(min_share: float) -> list[Proportion]:
    """Returns the runs that show both digits, in the order of `DIGITS`."""
    found = [result(path)["methods"][method] for path, method in DIGITS.values()]
    return [proportion(digits.both(runs, -1, min_share), len(runs)) for runs in found]


def digit_table() -> str:
    """Formats zeros and ones with both accept rules."""
    shares = [digit_runs(share) for share in (digits.BY_EYE, digits.MIN_SHARE)]
    rows = [[name, *map(str, pair)] for name, *pair in zip(DIGITS, *shares, strict=True)]
    gaps = [format_difference(*pair) for pair in shares]
    rows.append(["decreasing minus fixed (Newcombe, 95 %)", *gaps])
    return table("accept rule | both digits by eye | at 10 %", rows)


def equilibria(function: str, key: str) -> str:
    """Formats the share of ends or control points that are greedy equilibria."""
    recorded = result(ENDPOINTS)
    found = recorded["functions"][function]
    points: dict[str, Any] = {**found["rules"], **found["controls"]}
    return str(proportion(*endpoints.equilibria(recorded["config"], points[key])))


def long_table() -> str:
    """Formats the record of trained GANs with long ascents on few examples."""
    recorded = result(LONG)
    config, rows = recorded["config"], []
    for method, runs in recorded["methods"].items():
        after = [one["payoff"] + one["gain"] for one in runs]
        ended = sum(one["reached_norm"] <= config["tolerance"] for one in runs)
        hits = sum(equilibrium.satisfied(config, one) for one in runs)
        rows.append(
            [
                equilibrium.title(method),
                *(format_mean(equilibrium.values(runs, n), 2) for n in ("gradient_norm", "payoff")),
                format_mean(after, 2),
                format_mean(equilibrium.values(runs, "held_out_gain"), 2),
                str(proportion(ended, len(runs))),
                str(proportion(hits, len(runs))),
            ]
        )
    head = (
        "networks | ‖∇_y f(x, y)‖ | f(x, y) | f(x, w) | gain of D on other examples "
        "| ascent to w ended | both conditions at (x, w)"
    )
    return table(head, rows)


ROWS = [
    Row(
        "C8",
        "A falling temperature does as well as a fixed one",
        "F1, F3, digits of C5; 20 seeds",
        "supported: but on digits it hardly falls",
        lambda: (
            f"digits {format_difference(*digit_runs(digits.BY_EYE))}, "
            f"F3 {format_difference(*(share('F3', rule) for rule in ('fixed', 'falling')))}"
        ),
        {
            "rules": lambda: endpoints.format_rules(result(ENDPOINTS)),
            "differences": difference_table,
            "digits": digit_table,
        },
        "falling minus fixed, shares of runs that succeed",
    ),
    Row(
        "C9",
        "Training ends at a greedy equilibrium",
        "F1, F3, and GANs on Gaussians, 20 seeds",
        "supported in part: on small games, not for GANs",
        lambda: (
            f"F1 {equilibria('F1', 'long')}, F3 {equilibria('F3', 'long')}, "
            f"random {equilibria('F3', 'random')}"
        ),
        {
            "endpoints": lambda: endpoints.format_equilibria(result(ENDPOINTS)),
            "table": lambda: equilibrium.format_table(result(EQUILIBRIUM)),
            "comparisons": lambda: equilibrium.comparisons(result(EQUILIBRIUM)),
            "long": long_table,
        },
        "points that satisfy both conditions; random: random x",
    ),
]
