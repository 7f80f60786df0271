"""Table of all sweeps, written from the JSON files."""

from typing import Any

from experiments.dissecting.theory import statistics
from experiments.dissecting.theory.config import METHODS, studies

HEAD = """# Both modes of the synthetic GAN: all sweeps

Written by `python -m experiments.dissecting.theory --redraw`. All intervals are 95 % Wilson
intervals.

- **best cell**: the learning rates with the most successes among the first half of the seeds;
  **held-out share** is their proportion of successes among the *other* half.
- **in sample**: the best cell of all seeds, reported on the same seeds, which is optimistic.
- **grid**: all runs. All cells share their seeds, so this interval is too narrow.
- **any cell**: the seeds for which at least one pair of learning rates of the grid succeeds.
- **outcomes** in %: both modes, a single mode, u₁ + u₂, noise, diverged.
- **CPU**: seconds of CPU time, both cores together.

"""
COLUMNS = (
    "study",
    "value",
    "method",
    "seeds",
    "best cell (η_D, η_G)",
    "held-out share",
    "in sample",
    "grid",
    "any cell",
    "outcomes",
    "CPU",
)


def render(results: dict[str, dict[str, Any]]) -> str:
    """Returns the table in Markdown."""
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
    """Formats one method of one setting."""
    best = statistics.held_out(found, outcomes)
    shares = [
        best.share,
        statistics.in_sample(found, outcomes).share,
        statistics.whole_grid(found, outcomes),
        statistics.any_cell(found, outcomes),
    ]
    percent = statistics.outcome_shares(found, outcomes).values()
    classes = " / ".join(f"{100 * x:.1f}" for x in percent)
    if outcomes != "outcomes":
        value += ", evaluated on sparse z"
    seeds = len(found["outcomes"][0][0])
    rates = f"{best.rate_max:.2g}, {best.rate_min:.2g}"
    cells = [study, value, METHODS[name].title, f"{seeds}", rates, *map(str, shares), classes]
    return f"| {' | '.join(cells)} | {found['cpu_seconds']:.0f} |"


def summary(results: dict[str, dict[str, Any]]) -> str:
    """Formats the number of runs and their cost."""
    sweeps = [
        found
        for result in results.values()
        for found in result["methods"].values()
        if "rates_max" in found
    ]
    runs = sum(statistics.whole_grid(found).runs for found in sweeps)
    minutes = sum(found["cpu_seconds"] for found in sweeps) / 60
    return f"{len(sweeps)} sweeps, {runs:,} runs, {minutes:.0f} minutes of CPU time."
