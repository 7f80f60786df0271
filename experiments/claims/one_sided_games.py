"""Claims of paper B on small games."""

from typing import Any

import numpy as np

from experiments.claims.row import Row, result, table
from experiments.one_sided.adversarial import __main__ as adversarial
from experiments.one_sided.theory import table as theory

BATCH = "one_sided/batch/theory"
"""Record of B10."""
BATCH_NOISE = 1.2
"""Standard deviation of the noise of one sample in B10."""


def theory_cell(game: str, method: str, schedule: str, noise: str = "0") -> str:
    """Formats the slope of the average squared norm."""
    cell = result("one_sided/theory/theory")["games"][game][method][schedule][noise]
    return f"{cell['slope'][0]:.2f}"


def theory_table(noise: str) -> str:
    """Formats the slopes of all methods on three games."""
    games = result("one_sided/theory/theory")["games"]
    keys = [(game, schedule) for game in games for schedule in ("constant", "dual decay")]
    rows = [
        [f"`{m}`", *(theory_cell(game, m, schedule, noise) for game, schedule in keys)]
        for m in games["drift"]
    ]
    return table(f"method | {' | '.join(f'{g}, {s}' for g, s in keys)}", rows)


def batch_cells(method: str, schedule: str = "constant") -> dict[int, dict[str, Any]]:
    """Returns the recorded runs of one method by batch size.

    Samples have noise 1.2, so the mean over B of them has noise 1.2 / √B.
    """
    cells = result(BATCH)["games"]["drift"][method][schedule]
    return {
        round((BATCH_NOISE / float(noise)) ** 2): cell
        for noise, cell in cells.items()
        if noise != "bound"
    }


def batch_exponent(method: str, schedule: str = "constant") -> float:
    """Returns the exponent p of level ~ B^(−p), fitted over all batch sizes."""
    cells = batch_cells(method, schedule)
    levels = [cell["min"]["median"][-1] for cell in cells.values()]
    return -float(np.polyfit(np.log(list(cells)), np.log(levels), 1)[0])


def batch_table() -> str:
    """Formats the level of the average squared norm by batch size."""
    methods = result(BATCH)["games"]["drift"]
    sizes = list(batch_cells(next(iter(methods))))
    rows = [
        [
            f"`{m}`",
            *(f"{cell['min']['median'][-1]:.2g}" for cell in batch_cells(m).values()),
            f"{batch_exponent(m):.2f}",
        ]
        for m in methods
    ]
    return table(f"method | {' | '.join(f'B = {b}' for b in sizes)} | exponent p", rows)


def adversarial_figure() -> str:
    """Formats x at the end of the runs that come nearest to the solution, −1."""
    methods = result("one_sided/adversarial/adversarial")["methods"]

    def best(name: str) -> str:
        ends = [cell["ends"] for cells in methods[name].values() for cell in cells]
        return adversarial.format_end(min(ends, key=lambda values: sum(values) / len(values)))

    return f"x* = −1, best runs: Adam {best('adam_gda')}, AMSGrad {best('amsgrad_gda')}"


RATE = [
    Row(
        "B1",
        "Under a one-sided MVI, x converges at rate 1/T, y need not",
        "constructed: three games, nine methods, 16 seeds",
        "supported in part: Adam stops at a floor; one game defeats extragradient",
        lambda: (
            "slopes on `drift`: extragradient "
            f"{theory_cell('drift', 'extragradient', 'constant')}, "
            f"AMSGrad {theory_cell('drift', 'amsgrad_gda', 'constant')}, "
            f"Adam {theory_cell('drift', 'adam_gda', 'constant')}"
        ),
        {
            "table": lambda: theory_table("0"),
            "noise": lambda: theory_table("0.3"),
            "details": lambda: theory.format_table(result("one_sided/theory/theory")).strip(),
        },
    ),
]
"""Row of B1."""
NOISE = [
    Row(
        "B10",
        "Under noise, larger batches lower the gradient norm that is reached",
        "constructed: game `drift`, batches of 1 to 256, 16 seeds",
        "supported: the level falls with the batch size, at tuned rates",
        lambda: (
            "level ~ B^(−p) after 3,000 updates: "
            f"AMSGrad p = {batch_exponent('amsgrad_gda'):.2f}, "
            f"Adam p = {batch_exponent('adam_gda'):.2f}"
        ),
        {"table": batch_table},
    ),
    Row(
        "B11",
        "AMSGrad converges where Adam fails",
        "constructed: game with rare large gradients, 16 seeds",
        "supported: AMSGrad nears the solution at the largest rate, Adam at none",
        adversarial_figure,
        {"table": lambda: adversarial.table(result("one_sided/adversarial/adversarial"))},
    ),
]
"""Rows of B10 and B11."""
