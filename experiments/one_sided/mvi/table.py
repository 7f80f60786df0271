"""Tables of mean cosines by reference point."""

from typing import Any

from experiments.one_sided.mvi.run import REFERENCES
from experiments.one_sided.norms.run import FIELDS


def format_tables(result: dict[str, Any]) -> str:
    """Returns one Markdown table per field."""
    return "\n".join(field_table(result, field) for field in FIELDS)


def field_table(result: dict[str, Any], field: str) -> str:
    """Formats mean cosine and share of points with a nonnegative cosine, by reference point."""
    lines = [
        f"Field: {field}. Mean cosine over seeds [95 %], share of points ≥ 0",
        "| run | " + " | ".join(REFERENCES) + " |",
        "|---" * (len(REFERENCES) + 1) + "|",
    ]
    for name, found in result["runs"].items():
        cells = [format_cell(found[field][reference]) for reference in REFERENCES]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def format_cell(summary: dict[str, Any]) -> str:
    """Formats one run with one reference point."""
    mean, low, high = summary["cosine_over_seeds"]
    if mean is None:
        return "diverged"
    ends = "" if low is None else f" [{low:.2f}, {high:.2f}]"
    return f"{mean:.2f}{ends}, {summary['share_over_seeds'][0]:.0%}"
