"""Table of outcomes on F1, F2 and F3."""

from typing import Any

import numpy as np

from experiments._shared.proportions import proportion
from experiments.greedy.functions.run import OTHERS


def format_table(result: dict[str, Any]) -> str:
    """Returns a Markdown table with one row per function."""
    lines = [
        "| function | greedy: status | mean \\|x\\|, \\|y\\| at the end | proposals (range) | "
        + " | ".join(OTHERS)
        + " |",
        "|---|---|---|---|" + "---|" * len(OTHERS),
    ]
    for name, found in result["functions"].items():
        greedy = found["ours"]
        counts = {s: greedy["status"].count(s) for s in sorted(set(greedy["status"]))}
        runs = len(greedy["status"])
        status = ", ".join(f"{s} {proportion(count, runs)}" for s, count in counts.items())
        x, y = np.abs(greedy["ends"]).mean(axis=0)
        proposals = np.asarray(greedy["proposals"])
        others = " | ".join(found[title]["outcome"] for title in OTHERS)
        lines.append(
            f"| {name} | {status} | {x:.2f}, {y:.2f} | {proposals.mean():.0f} "
            f"({proposals.min()}–{proposals.max()}) | {others} |"
        )
    return "\n".join(lines)
