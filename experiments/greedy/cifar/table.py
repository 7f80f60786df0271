"""Table of the last scores of each run."""

from typing import Any

from experiments.greedy.cifar.config import TITLES


def format_table(result: dict[str, Any]) -> str:
    """Returns a Markdown table with one row per run."""
    lines = [
        "| method | seed | updates | Fréchet distance | classes | accepted | seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    for method, found in result["methods"].items():
        for one in found:
            if one["scores"]:
                last = one["scores"][-1]
                distance = last["frechet_distance"]
                lines.append(
                    f"| {TITLES[method]} | {one['seed']} | {last['step']} "
                    f"| {'–' if distance is None else f'{distance:.1f}'} "
                    f"| {last['classes_covered']} | {last['acceptance_rate']:.0%} "
                    f"| {last['seconds']:.0f} |"
                )
    return "\n".join(lines)
