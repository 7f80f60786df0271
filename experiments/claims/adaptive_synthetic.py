"""Claims on the synthetic GAN of paper A."""

from typing import Any

from experiments.claims.row import Row, result, table
from experiments.dissecting.theory import statistics
from experiments.dissecting.theory.conditions_figure import CONDITIONS, LOSSES
from experiments.dissecting.theory.config import METHODS, VARIANTS

FOLDER = "dissecting/theory"


def sweep(name: str, method: str) -> dict[str, Any]:
    """Returns the recorded grid of one method."""
    return result(f"{FOLDER}/{name}")["methods"][method]


def any_pair(name: str, method: str) -> str:
    """Formats the seeds for which some pair of learning rates succeeds."""
    return str(statistics.any_cell(sweep(name, method)))


def grid(name: str, method: str) -> str:
    """Formats the proportion of successful runs of the grid."""
    return f"{statistics.whole_grid(sweep(name, method)).value:.2g}"


def cells(name: str, method: str) -> list[str]:
    """Formats a method: any pair, chosen pair on other seeds, grid, and outcomes."""
    found = sweep(name, method)
    outcomes = statistics.outcome_shares(found)
    return [
        METHODS[method].title,
        any_pair(name, method),
        str(statistics.held_out(found).share),
        grid(name, method),
        " / ".join(f"{100 * share:.0f}" for share in outcomes.values()),
    ]


def phase_table() -> str:
    """Formats both methods at all dimensions, and SGDA at larger learning rates."""
    rows = [
        [f"{d:,}", *cells(f"phase-{d}", method)]
        for d in (100, 300, 1000, 10_000)
        for method in ("sgda", "nsgda")
    ]
    for d in (1000, 10_000):
        rates = sweep(f"large-{d}", "sgda")["rates_min"]
        label = f"{d:,}, η_G from {rates[0]:.0f} to {rates[-1]:,.0f}"
        rows.append([label, *cells(f"large-{d}", "sgda")])
    head = (
        "d | method | some pair succeeds | pair chosen on half of the seeds, on the others "
        "| share of all runs | both / one / u₁ + u₂ / noise / diverged, %"
    )
    return table(head, rows)


def scale_table() -> str:
    """Formats both methods for every λ."""
    names = {f"{value:g}": f"lambda-{value}" for value in (0.0, 1.0, 3.0, 10.0, 100.0)}
    rows = [
        [value, any_pair(n, "sgda"), grid(n, "sgda"), any_pair(n, "nsgda"), grid(n, "nsgda")]
        for value, n in names.items()
    ]
    head = "λ | SGDA: some pair succeeds | all runs | nSGDA: some pair succeeds | all runs"
    return table(head, rows)


def loss_table() -> str:
    """Formats the non-saturating loss: the grid, and one pair for a hundred times as long."""
    rows = []
    for name, label in LOSSES.items():
        for method in ("sgda", "nsgda"):
            rows.append([label, *cells(name, method)[:-1]])
    head = (
        "runs | method | some pair succeeds | chosen on half of the seeds, on the others "
        "| share of all runs"
    )
    return table(head, rows)


def condition_table() -> str:
    """Formats both methods under all other conditions."""
    rows = [
        [CONDITIONS[n], any_pair(n, "sgda"), any_pair(n, "nsgda"), grid(n, "nsgda")]
        for n in CONDITIONS
    ]
    return table(
        "condition | SGDA: some pair succeeds | nSGDA: some pair succeeds | nSGDA: all runs", rows
    )


def method_table() -> str:
    """Formats seven methods at d = 100."""
    names = {"sgda": "phase-100", "nsgda": "phase-100"}
    rows = [
        cells(names.get(m, "methods-100"), m)
        for m in ("sgda", "ada_dir", "nsgda", "layer_nsgda", "ada_nsgda", "adam", "adam_default")
    ]
    head = (
        "method | some pair succeeds | pair chosen on half of the seeds, on the others "
        "| share of all runs | both / one / u₁ + u₂ / noise / diverged, %"
    )
    return table(head, rows)


def beta_table() -> str:
    """Formats Ada-nSGDA with other decay rates, ε and batch sizes."""
    rows = [[METHODS[name].title, "exact", *cells("betas-exact", name)[1:]] for name in VARIANTS]
    base = next(iter(VARIANTS))
    for size in (1, 10, 100):
        found = cells(f"betas-batch-{size}", base)[1:]
        rows.append([METHODS[base].title, f"batches of {size}", *found])
    head = (
        "method | expectations | some pair succeeds | pair chosen on half of the seeds, on the "
        "others | share of all runs | both / one / u₁ + u₂ / noise / diverged, %"
    )
    return table(head, rows)


def beta_figure() -> str:
    """Formats the share of successful runs of the reference, other variants and a large ε."""
    reference, *variants = VARIANTS
    large = variants.pop()
    cells = [("betas-exact", name) for name in variants]
    cells += [(f"betas-batch-{size}", reference) for size in (1, 10, 100)]
    shares = [statistics.whole_grid(sweep(*cell)).value for cell in cells]
    first, last = (statistics.whole_grid(sweep("betas-exact", n)).value for n in (reference, large))
    return (
        f"share of runs {first:.2g}; others {min(shares):.2g} to {max(shares):.2g}, ε = 1e-3 "
        f"{last:.2g}"
    )


def _pair(name: str, first: str = "sgda", second: str = "nsgda", title: str = "nSGDA") -> str:
    return f"{METHODS[first].title} {any_pair(name, first)}, {title} {any_pair(name, second)}"


ROWS = [
    Row(
        "A1",
        "SGDA finds both modes at no rate, nSGDA does",
        "reconstructed, λ = √d, d = 100–10,000",
        "supported in part: SGDA fails, but not by collapse",
        lambda: f"d = 1,000: {_pair('phase-1000')}",
        {"table": phase_table},
        "seeds for which some pair of learning rates succeeds",
    ),
    Row(
        "A2",
        "The same for a weaker bias of D",
        "reconstructed, d = 1,000, λ from 0 to 100",
        "supported in part: only from λ = 3 on",
        lambda: f"λ = 1: {_pair('lambda-1.0')}",
        {"table": scale_table},
    ),
    Row(
        "A3",
        "The same with the non-saturating loss",
        "reconstructed, d = 1,000, λ = √d",
        "contradicted: small rates and time suffice for SGDA",
        lambda: (
            f"SGDA {any_pair('loss-non-saturating', 'sgda')}, with 1e6 updates "
            f"{any_pair('longer-non-saturating', 'sgda')}"
        ),
        {"table": loss_table},
    ),
    Row(
        "A4",
        "The same under nine other conditions",
        "reconstructed, d = 1,000, λ = √d",
        "supported: SGDA nowhere, nSGDA everywhere",
        lambda: f"batches of 10: {_pair('batch-10')}",
        {"table": condition_table},
    ),
    Row(
        "A5",
        "Adam's magnitude matters, not its direction",
        "reconstructed, d = 100, seven methods",
        "supported: magnitude alone succeeds, direction fails",
        lambda: (
            f"Ada-nSGDA {any_pair('methods-100', 'ada_nsgda')}, "
            f"AdaDir {any_pair('methods-100', 'ada_dir')}"
        ),
        {"table": method_table},
        "Ada-nSGDA has Adam's magnitude, AdaDir its direction",
    ),
]
VARIATIONS = [
    Row(
        "A12",
        "Ada-nSGDA depends little on β, ε and batch size",
        "reconstructed, d = 100, 5,000 updates",
        "supported in part: not for a large ε",
        beta_figure,
        {"table": beta_table},
        "share of runs that find both modes; others: other β, batches and ε = 1e-5",
    ),
]
