"""Table of the cost of an update."""

from typing import Any

from benchmarks import clock

TITLES = {"ours": "greedy", "ours, moments kept": "greedy, moments kept"}
"""Titles of methods whose key in the JSON file differs."""


def format_table(result: dict[str, Any]) -> str:
    """Returns a Markdown table with the cost of each method, absolute and relative to GDA."""
    lines = [
        "| game | k | method | MFLOP per update | temporary memory, MB | ms | FLOP × "
        "| temporary memory × | time × (quartiles) |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for game, found in result["games"].items():
        base = found["methods"]["GDA"]
        for name, one in found["methods"].items():
            lines.append(
                f"| {game} | {found['k']} | {TITLES.get(name, name)} | {one['flops'] / 1e6:.0f} "
                f"| {one['temporaries'] / 1e6:.1f} | {one['seconds'] * 1e3:.1f} "
                f"| {one['flops'] / base['flops']:.2f} "
                f"| {one['temporaries'] / base['temporaries']:.2f} | {clock.ratio(one)} |"
            )
    return "\n".join(lines)
