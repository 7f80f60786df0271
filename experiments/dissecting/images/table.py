"""The tables of `images`: final scores with intervals over seeds, and every cell of the tuning."""

from typing import Any

from experiments._shared.intervals import written
from experiments.dissecting.images.methods import METHODS

COLUMNS = {
    "frechet_distance": ("Fréchet distance", 1),
    "kernel_distance": ("kernel distance", 2),
    "precision": ("precision", 3),
    "recall": ("recall", 3),
    "classes_covered": ("classes", 1),
}
"""Score -> heading and digits."""


def table(result: dict[str, Any]) -> str:
    """Both tables in Markdown, of the methods that are finished."""
    config, shown = result["config"], [COLUMNS[name][0] for name in names(result)]
    lines = [
        f"{config['steps']} updates, mean over seeds 0 to {config['seeds'] - 1}, with Student's "
        "95 % intervals:",
        "",
        f"| method | rates (min, max) | on the edge | {' | '.join(shown)} |",
        "|---|---|---|" + "---|" * len(shown),
    ]
    lines += [row(result, method) for method in order(result)]
    return "\n".join([*lines, "", yardstick(result), "", tuning(result)])


def names(result: dict[str, Any]) -> list[str]:
    """The scores that were measured: there are no classes in the features of pixels."""
    runs = [run for found in result["methods"].values() for run in found["final"]]
    return [name for name in COLUMNS if any(name in run["scores"] for run in runs)]


def order(result: dict[str, Any]) -> list[str]:
    """Methods by their mean Fréchet distance, those with a run that diverged last."""

    def mean(method: str) -> float:
        values = scores(result, method, "frechet_distance")
        return sum(float("inf") if v is None else v for v in values) / len(values)

    return sorted(result["methods"], key=mean)


def scores(result: dict[str, Any], method: str, name: str) -> list[float | None]:
    """One score of each final run, None where it diverged."""
    return [run["scores"].get(name) for run in result["methods"][method]["final"]]


def row(result: dict[str, Any], method: str) -> str:
    found = result["methods"][method]
    low, high = found["best"]
    cells = [
        written(scores(result, method, name), COLUMNS[name][1]) for name in names(result)
    ]  # fmt: skip
    return (f"| {METHODS[method].title} | {low:g}, {high:g} | {edge(found)} | "
            f"{' | '.join(cells)} |")  # fmt: skip


def edge(found: dict[str, Any]) -> str:
    """For which player the chosen rate is the smallest or the largest of its grid."""
    sides = []
    for index, side in enumerate(("min", "max")):
        rates = [cell["rates"][index] for cell in found["tuning"]]
        if found["best"][index] == min(rates):
            sides.append(f"{side} (low)")
        elif found["best"][index] == max(rates):
            sides.append(f"{side} (high)")
    return ", ".join(sides) or "no"


def yardstick(result: dict[str, Any]) -> str:
    """What real examples score, that neither network saw."""
    runs = [run for found in result["methods"].values() for run in found["final"]]
    real = next((run["held_out"] for run in runs if run.get("held_out")), {})
    known = [f"{COLUMNS[n][0]} {real[n]:.{COLUMNS[n][1]}f}" for n in COLUMNS if n in real]
    return f"Held-out real images against the same reference: {', '.join(known)}."


def tuning(result: dict[str, Any]) -> str:
    """Every cell: its distance on the first tuning seed, on the further ones where it has them."""
    steps, first = result["config"]["tune_steps"], result["config"]["tune_seed"]
    lines = [
        f"Tuning: Fréchet distance after {steps} updates on seed {first}, in the best cells on the "
        "next seeds too; the chosen one in bold.",
        "",
        "| method | min rate | max rates: distances |",
        "|---|---|---|",
    ]
    for method, found in result["methods"].items():
        for low in sorted({cell["rates"][0] for cell in found["tuning"]}):
            cells = [cell for cell in found["tuning"] if cell["rates"][0] == low]
            text = "; ".join(f"{cell['rates'][1]:g}: {distances(cell)}" for cell in cells)
            lines.append(f"| {METHODS[method].title} | {low:g} | {text} |")
    return "\n".join(lines)


def distances(cell: dict[str, Any]) -> str:
    text = ", ".join("-" if d is None else f"{d:.0f}" for d in cell["distances"])
    return f"**{text}**" if cell["chosen"] else text
