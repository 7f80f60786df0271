"""Performance profile and table of median oracle calls."""

from typing import Any

import numpy as np

from experiments.games.suite import Config


def solved_games(result: dict[str, Any]) -> list[str]:
    """Returns the games with a known solution."""
    return [name for name, game in result["games"].items() if game["solved"]]


def all_calls(result: dict[str, Any], index: int) -> dict[str, np.ndarray]:
    """Returns the oracle calls of each method, by problem (game and start)."""

    def numbers(calls: list[float | None]) -> list[float]:
        return [np.inf if x is None else x for x in calls]

    return {
        method: np.array(
            [numbers(games[g]["tolerances"][index]["calls"]) for g in solved_games(result)]
        ).ravel()
        for method, games in result["methods"].items()
    }


def ratios(result: dict[str, Any], index: int) -> dict[str, np.ndarray]:
    """Returns each method's oracle calls relative to the best method on the same problem.

    The definition is by Dolan and Moré (2002). The ratio of a failure is infinite. Problems that no
    method solves count as failures of all methods.
    """
    calls = all_calls(result, index)
    best = np.min(list(calls.values()), axis=0)
    with np.errstate(invalid="ignore"):
        return {name: np.where(np.isfinite(row), row / best, np.inf) for name, row in calls.items()}


def share_within(ratio: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Returns the share of problems solved within each factor of the best method."""
    return (ratio[None, :] <= factors[:, None]).mean(axis=1)


def ranked(result: dict[str, Any], index: int) -> list[str]:
    """Returns the methods by number of solved problems, then by geometric mean ratio."""
    found = ratios(result, index)

    def worth(name: str) -> tuple[float, float]:
        finite = np.isfinite(found[name])
        return -finite.mean(), np.log(found[name][finite]).mean() if finite.any() else np.inf

    return sorted(found, key=worth)


def table(result: dict[str, Any], index: int = 0) -> str:
    """Returns a Markdown table of median oracle calls over the starts."""
    games = solved_games(result)
    seeds = Config(**result["config"]).seeds
    lines = [
        "| method | " + " | ".join(games) + " | solved |",
        "|---|" + "---:|" * (len(games) + 1),
    ]
    calls = all_calls(result, index)
    for method in ranked(result, index):
        rows = calls[method].reshape(len(games), seeds)
        cells = " | ".join(map(cell, rows))
        share = np.isfinite(rows).mean()
        lines.append(f"| `{method}` | {cells} | {share:.0%} |")
    return "\n".join(lines)


def cell(calls: np.ndarray) -> str:
    """Formats the median over starts, with the number of solved starts if some are not.

    Failures count as infinite; "–" stands for no solved start.
    """
    solved = int(np.isfinite(calls).sum())
    if solved == 0:
        return "–"
    middle = np.sort(calls)[(len(calls) - 1) // 2 : len(calls) // 2 + 1].mean()
    median = f"{middle:.0f}" if np.isfinite(middle) else "∞"
    return median if solved == len(calls) else f"{median} ({solved}/{len(calls)})"
