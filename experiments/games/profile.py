"""The performance profile, and the table of median calls, from the JSON's numbers alone."""

from typing import Any

import numpy as np

from experiments.games.suite import Config


def solved_games(result: dict[str, Any]) -> list[str]:
    return [name for name, game in result["games"].items() if game["solved"]]


def all_calls(result: dict[str, Any], index: int) -> dict[str, np.ndarray]:
    """Returns (problems,) oracle calls of each method, a problem being a game and a start."""

    def numbers(calls: list[float | None]) -> list[float]:
        return [np.inf if x is None else x for x in calls]

    return {
        method: np.array(
            [numbers(games[g]["tolerances"][index]["calls"]) for g in solved_games(result)]
        ).ravel()
        for method, games in result["methods"].items()
    }


def ratios(result: dict[str, Any], index: int) -> dict[str, np.ndarray]:
    """Calls over the best method's on the same problem; inf where a method fails.

    As in Dolan and Moré (2002). A problem that no method solves counts against all of them.
    """
    calls = all_calls(result, index)
    best = np.min(list(calls.values()), axis=0)
    with np.errstate(invalid="ignore"):
        return {name: np.where(np.isfinite(row), row / best, np.inf) for name, row in calls.items()}


def share_within(ratio: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """The share of problems solved within each factor of the best."""
    return (ratio[None, :] <= factors[:, None]).mean(axis=1)


def ranked(result: dict[str, Any], index: int) -> list[str]:
    """The methods, those with the most solved problems first, then with the better ratios."""
    found = ratios(result, index)

    def worth(name: str) -> tuple[float, float]:
        finite = np.isfinite(found[name])
        return -finite.mean(), np.log(found[name][finite]).mean() if finite.any() else np.inf

    return sorted(found, key=worth)


def table(result: dict[str, Any], index: int = 0) -> str:
    """Median calls over the starts, `–` where most never get there, in Markdown."""
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
    """The median of all starts, failures as inf; how many were solved where not all were."""
    solved = int(np.isfinite(calls).sum())
    if solved == 0:
        return "–"
    middle = np.sort(calls)[(len(calls) - 1) // 2 : len(calls) // 2 + 1].mean()
    median = f"{middle:.0f}" if np.isfinite(middle) else "∞"
    return median if solved == len(calls) else f"{median} ({solved}/{len(calls)})"
