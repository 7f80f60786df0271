"""Table of correlations between norm ratios and Fréchet distances."""

from typing import Any


def format_table(result: dict[str, Any]) -> str:
    """Returns a Markdown table; ρ is positive if a ratio near 1 is better."""
    lines = [
        "| updates | ratio of | methods | runs (left out) | ρ of \\|log ratio\\| and distance "
        "| ρ of ratio and distance | median ratio of the best fifth [quartiles] |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        low, middle, high = row["best_fifth"]
        lines.append(
            f"| {row['steps']} | {row['ratio']} | {row['method']} | {row['runs']} "
            f"({row['left_out']}) | {format_correlation(row['near_one'])} "
            f"| {format_correlation(row['signed'])} | {middle:.2g} [{low:.2g}, {high:.2g}] |"
        )
    return "\n".join(lines)


def format_correlation(found: dict[str, float | None]) -> str:
    """Formats a correlation with its interval."""
    if found["value"] is None:
        return "none"
    return f"{found['value']:.2f} [{found['low']:.2f}, {found['high']:.2f}]"
