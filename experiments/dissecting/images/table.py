"""Tables of final scores and of all tuning runs."""

from typing import Any

from experiments._shared.means import format_mean
from experiments._shared.tuning import rows_by_min_rate
from experiments.dissecting.images.methods import METHODS

COLUMNS = {
    "frechet_distance": ("Fréchet distance", 1),
    "kernel_distance": ("kernel distance", 2),
    "precision": ("precision", 3),
    "recall": ("recall", 3),
    "classes_covered": ("classes", 1),
}
"""Heading and digits, by score."""


def format_tables(result: dict[str, Any]) -> str:
    """Returns the Markdown tables of all finished methods."""
    config, shown = result["config"], [COLUMNS[name][0] for name in names(result)]
    lines = [
        f"{config['steps']} updates, mean over seeds 0 to {config['seeds'] - 1}, with Student's "
        "95 % intervals:",
        "",
        f"| method | learning rates (min, max) | at grid edge | {' | '.join(shown)} |",
        "|---|---|---|" + "---|" * len(shown),
    ]
    lines += [row(result, method) for method in order(result)]
    return "\n".join([*lines, "", held_out_line(result), "", tuning_table(result)])


def names(result: dict[str, Any]) -> list[str]:
    """Returns the scores that the runs have; the pixel extractor has no classes."""
    runs = [run for found in result["methods"].values() for run in found["final"]]
    return [name for name in COLUMNS if any(name in run["scores"] for run in runs)]


def order(result: dict[str, Any]) -> list[str]:
    """Returns the methods by mean Fréchet distance; methods with a diverged run come last."""

    def mean(method: str) -> float:
        values = scores(result, method, "frechet_distance")
        return sum(float("inf") if v is None else v for v in values) / len(values)

    return sorted(result["methods"], key=mean)


def scores(result: dict[str, Any], method: str, name: str) -> list[float | None]:
    """Returns one score of each final run, None for diverged runs."""
    return [run["scores"].get(name) for run in result["methods"][method]["final"]]


def row(result: dict[str, Any], method: str) -> str:
    """Formats the final scores of one method."""
    found = result["methods"][method]
    low, high = found["best"]
    cells = [format_mean(scores(result, method, name), COLUMNS[name][1]) for name in names(result)]
    return f"| {METHODS[method].title} | {low:g}, {high:g} | {edge(found)} | {' | '.join(cells)} |"


def edge(found: dict[str, Any]) -> str:
    """Names the players whose chosen learning rate is at an edge of the grid."""
    sides = []
    for index, side in enumerate(("min", "max")):
        rates = [cell["rates"][index] for cell in found["tuning"]]
        if found["best"][index] == min(rates):
            sides.append(f"{side} (low)")
        elif found["best"][index] == max(rates):
            sides.append(f"{side} (high)")
    return ", ".join(sides) or "no"


def held_out_line(result: dict[str, Any]) -> str:
    """Formats the scores of held-out real images."""
    runs = [run for found in result["methods"].values() for run in found["final"]]
    real = next((run["held_out"] for run in runs if run.get("held_out")), {})
    known = [f"{COLUMNS[n][0]} {real[n]:.{COLUMNS[n][1]}f}" for n in COLUMNS if n in real]
    return f"Held-out real images against the same reference: {', '.join(known)}."


def tuning_table(result: dict[str, Any]) -> str:
    """Formats the Fréchet distances of all tuning runs."""
    steps, first = result["config"]["tune_steps"], result["config"]["tune_seed"]
    longer = result["config"].get("again_steps")
    length = f", after {longer} updates behind an arrow" if longer else ""
    lines = [
        f"Tuning: Fréchet distance after {steps} updates with seed {first}; the best "
        f"cells also with the next seeds{length}. The chosen cell is bold.",
        "",
        "| method | min learning rate | max learning rate: distances |",
        "|---|---|---|",
    ]
    for method, found in result["methods"].items():
        for low, text in rows_by_min_rate(found["tuning"], distances):
            lines.append(f"| {METHODS[method].title} | {low} | {text} |")
    return "\n".join(lines)


def distances(cell: dict[str, Any]) -> str:
    """Formats the distances of a cell, bold if it is chosen.

    Distances of repeated runs with a length of their own come after an arrow.
    """
    parts = [cell["distances"], *([cell["long"]] if "long" in cell else [])]
    text = " → ".join(", ".join("-" if d is None else f"{d:.0f}" for d in part) for part in parts)
    return f"**{text}**" if cell["chosen"] else text
