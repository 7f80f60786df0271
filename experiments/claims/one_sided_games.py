"""Claims of paper B on small games."""

from typing import Any

import numpy as np

from experiments._shared.means import format_mean
from experiments.claims.row import Row, result, table
from experiments.one_sided.adversarial import __main__ as adversarial
from experiments.one_sided.theory import table as theory

BATCH = "one_sided/batch/theory"
"""Record of B10."""
BATCH_NOISE = 1.2
"""Standard deviation of the noise of one sample in B10."""


def theory_cell(game: str, method: str, schedule: str, noise: str = "0") -> str:
    """Formats the slope of the average squared norm; † marks a rate at an edge of the grid."""
    cell = result("one_sided/theory/theory")["games"][game][method][schedule][noise]
    return f"{cell['slope'][0]:.2f}" + (" †" if cell["at_edge"] else "")


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


def batch_exponents(method: str, schedule: str = "constant") -> list[float]:
    """Returns the exponent p of level ~ B^(−p) of each seed, fitted over all batch sizes."""
    cells = batch_cells(method, schedule)
    levels = np.log([cell["ends"] for cell in cells.values()])
    return (-np.polyfit(np.log(list(cells)), levels, 1)[0]).tolist()


def format_exponent(method: str) -> str:
    """Formats the mean exponent over seeds, with Student's interval."""
    return format_mean(batch_exponents(method), 2)


def batch_table() -> str:
    """Formats the level of the average squared norm by batch size; † marks an edge of the grid."""
    methods = result(BATCH)["games"]["drift"]
    sizes = list(batch_cells(next(iter(methods))))
    rows = [
        [
            f"`{m}`",
            *(
                f"{cell['min']['median'][-1]:.2g}" + (" †" if cell["at_edge"] else "")
                for cell in batch_cells(m).values()
            ),
            format_exponent(m),
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

    return f"best x: Adam {best('adam_gda')}, AMSGrad {best('amsgrad_gda')}"


RATE = [
    Row(
        "B1",
        "Under a one-sided MVI, x converges at rate 1/T",
        "constructed: three games, nine methods",
        "supported in part: AMSGrad does, Adam not everywhere",
        lambda: (
            f"slopes on `drift`: AMSGrad {theory_cell('drift', 'amsgrad_gda', 'constant')}, "
            f"Adam {theory_cell('drift', 'adam_gda', 'constant')}"
        ),
        {
            "table": lambda: theory_table("0"),
            "noise": lambda: theory_table("0.3"),
            "details": lambda: theory.format_table(result("one_sided/theory/theory")).strip(),
            "tuning": lambda: theory.tuning_table(result("one_sided/theory/theory")),
        },
        "constant learning rate of the max player, without noise",
    ),
]
"""Row of B1."""
NOISE = [
    Row(
        "B10",
        "Larger batches lower the gradient norm reached",
        "constructed: `drift`, batches of 1 to 256",
        "supported: the level falls with the batch size",
        lambda: f"p: AMSGrad {format_exponent('amsgrad_gda')}, Adam {format_exponent('adam_gda')}",
        {"table": batch_table, "tuning": lambda: theory.tuning_table(result(BATCH))},
        "the level falls like B^(−p) with the batch size B",
    ),
    Row(
        "B11",
        "AMSGrad converges where Adam fails",
        "constructed: rare large gradients",
        "supported: AMSGrad nears the solution, Adam does not",
        adversarial_figure,
        {"table": lambda: adversarial.table(result("one_sided/adversarial/adversarial"))},
        "the solution is −1",
    ),
]
"""Rows of B10 and B11."""
