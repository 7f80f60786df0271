"""The numbers of `theory` as a table, written from the JSON alone."""

from typing import Any

from experiments.dissecting.theory import statistics
from experiments.dissecting.theory.config import METHODS, studies

HEAD = """# Both modes of the synthetic GAN: all sweeps

Written by `python -m experiments.dissecting.theory --redraw`. Every interval is a 95 % Wilson
interval.

- **best cell**: the rates with most successes among the first half of the seeds; its share is
  that among the *other* half.
- **in sample**: the best of all cells on all seeds, with its share on the same seeds: too good
  by the choice.
- **grid**: all runs. The same seeds stand in every cell, so this interval is narrower than it
  should be.
- **anywhere**: the seeds for which at least one pair of the grid succeeds.
- **outcomes** in %: both modes, a single mode, u₁ + u₂, noise, diverged.
- **CPU**: seconds, both cores together.

"""
COLUMNS = (
    "study",
    "value",
    "method",
    "seeds",
    "best cell (η_D, η_G)",
    "its share",
    "in sample",
    "grid",
    "anywhere",
    "outcomes",
    "CPU",
)


def render(results: dict[str, dict[str, Any]]) -> str:
    """The whole table, as Markdown."""
    lines = [
        row(study, value, name, found, outcomes)
        for study, settings in studies().items()
        for value in settings
        for name, found in results.get(f"{study}-{value}", {"methods": {}})["methods"].items()
        for outcomes in ("outcomes", "outcomes_of_sparse")
        if outcomes in found
    ]
    head = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}\n"
    return HEAD + head + "\n".join(lines) + "\n\n" + summary(results) + "\n"


def row(study: str, value: str, name: str, found: dict[str, Any], outcomes: str) -> str:
    best = statistics.held_out(found, outcomes)
    shares = [
        best.share,
        statistics.in_sample(found, outcomes).share,
        statistics.whole_grid(found, outcomes),
        statistics.somewhere(found, outcomes),
    ]
    classes = " / ".join(f"{100 * x:.1f}" for x in statistics.classes(found, outcomes).values())
    if outcomes != "outcomes":
        value += ", judged on sparse z"
    seeds = len(found["outcomes"][0][0])
    rates = f"{best.rate_max:.2g}, {best.rate_min:.2g}"
    cells = [study, value, METHODS[name].title, f"{seeds}", rates, *map(str, shares), classes]
    return f"| {' | '.join(cells)} | {found['cpu_seconds']:.0f} |"


def summary(results: dict[str, dict[str, Any]]) -> str:
    """What all of it cost."""
    sweeps = [
        found for r in results.values() for found in r["methods"].values() if "rates_max" in found
    ]
    runs = sum(statistics.whole_grid(found).runs for found in sweeps)
    minutes = sum(found["cpu_seconds"] for found in sweeps) / 60
    return f"{len(sweeps)} sweeps, {runs:,} runs, {minutes:.0f} minutes of CPU time."
