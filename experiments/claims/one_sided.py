"""Claims of paper B on GANs."""

from collections.abc import Callable
from typing import Any

from experiments._shared.comparisons import format_p, from_interval, holm
from experiments.claims.one_sided_rules import PRIMARY
from experiments.claims.quality import (
    at_end,
    main_score,
    recorded,
    scores,
    successful,
)
from experiments.claims.row import Row, result, table
from experiments.one_sided.mvi import table as mvi
from experiments.one_sided.mvi.run import REFERENCES
from experiments.one_sided.norms import quality
from experiments.one_sided.norms import table as norms
from experiments.one_sided.norms.squares import median_norm

SIDES = {"min": "G", "max": "D"}


def slope(preset: str, run: str, side: str) -> dict[str, Any]:
    """Returns the recorded slope of one player's gradient norm."""
    return recorded(preset)["runs"][run]["slopes"]["descended"][side]


def corrected(
    raw: dict[tuple[str, str], float], primary: str | None = PRIMARY
) -> dict[tuple[str, str], str]:
    """Corrects p-values for their number, except those of the primary run, and formats them.

    Args:
      raw: P-values by run and comparison.
      primary: Run that decides, or None if another record decides.
    """
    others = {key: p for key, p in raw.items() if key[0] != primary}
    holms = dict(zip(others, holm(list(others.values())), strict=True))
    return {key: format_p(p) for key, p in (raw | holms).items()}


def p_values(preset: str) -> dict[tuple[str, str], str]:
    """Returns the p-value of each slope, by run and player; only the primary is uncorrected."""
    found, raw = recorded(preset), {}
    for run in found["runs"]:
        for side in SIDES:
            each = slope(preset, run, side)
            if each["mean"] is not None and each["high"] is not None:
                ends = (each[name] for name in ("mean", "low", "high"))
                raw[run, side] = from_interval(*ends, found["seeds"])
    return corrected(raw, PRIMARY if preset in NORM_PAGES.values() else None)


def norm_table(preset: str) -> str:
    """Formats slopes, p-values and norms of both players, and the success of each run."""
    found, p = recorded(preset), p_values(preset)
    score = main_score(preset, PRIMARY)
    rows = []
    for name in in_order(found["runs"]):
        run, cells = found["runs"][name], []
        for side in SIDES:
            size = median_norm(run["descended"][side])
            cells += [norms.format_slope(slope(preset, name, side)), p.get((name, side), "–")]
            cells.append(f"{size[0]:.2g} → {size[-1]:.2g}")
        cells.append(f"{norms.end_ratios(found, run)[0]:.2g}")
        cells += [at_end(scores(preset, name), score), successful(preset, name)]
        decides = preset in NORM_PAGES.values()
        rows.append([emphasized(name) if decides else name, *cells])
    head = " | ".join(f"{s}: slope | p | start → end" for s in SIDES.values())
    ends = f"{quality.SCORES[score]} | good at the end"
    return table(f"run | {head} | D/G at the end | {ends}", rows)


def in_order(runs: dict[str, Any]) -> list[str]:
    """Returns the names of runs: the primary one, constant learning rates, decaying ones."""
    return sorted(runs, key=lambda name: (name != PRIMARY, name.split(", ")[1]))


def emphasized(name: str) -> str:
    """Returns the name of a run, in bold type for the primary one."""
    return f"**{name}**" if name == PRIMARY else name


def norm_figure(preset: str) -> str:
    """Formats the slopes of the primary run."""
    texts = [f"{s} {norms.format_slope(slope(preset, PRIMARY, k))}" for k, s in SIDES.items()]
    return ", ".join(texts)


def mvi_table(preset: str) -> str:
    """Formats the cosines with the run's end and with all controls."""
    found = result(f"one_sided/mvi/{preset}")
    rows = [
        [
            emphasized(name),
            *(mvi.format_cell(found["runs"][name]["descended"][r]) for r in REFERENCES),
        ]
        for name in in_order(found["runs"])
    ]
    return table(f"run | {' | '.join(REFERENCES)}", rows)


def excess(preset: str, run: str, control: str = "mismatched") -> list[float]:
    """Returns by how much the cosine with the own end exceeds a control: mean and interval."""
    found = result(f"one_sided/mvi/{preset}")["runs"][run]
    return found["descended"][control]["own_end_above_it"]


def excess_table(preset: str) -> str:
    """Formats how far the own end is above mismatched pairs, and above another seed's end."""
    found = result(f"one_sided/mvi/{preset}")
    rows = []
    controls = ("mismatched", "other seed")
    keys = [
        (run, c) for run in found["runs"] for c in controls if excess(preset, run, c)[0] is not None
    ]
    p = corrected({key: from_interval(*excess(preset, *key), found["seeds"]) for key in keys})
    for run in in_order(found["runs"]):
        cells = []
        for control in controls:
            known = (run, control) in p
            cells.append(interval(excess(preset, run, control)) if known else "diverged")
            cells.append(p.get((run, control), "–"))
        rows.append([emphasized(run), *cells])
    head = "run | own end minus mismatched | p | own end minus another seed's end | p"
    return table(head, rows)


def interval(values: list[float]) -> str:
    """Formats mean, low and high."""
    mean, low, high = values
    # Three decimals where two would hide whether an interval reaches 0.
    digits = 2 if abs(mean) >= 0.05 else 3
    return f"{mean:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def mvi_figure(preset: str) -> str:
    """Formats Adam's cosine, and its excess over mismatched pairs."""
    own = result(f"one_sided/mvi/{preset}")["runs"][PRIMARY]["descended"]["own end"]
    return (
        f"cosine {interval(own['cosine_over_seeds'])}, excess {interval(excess(preset, PRIMARY))}"
    )


def tables(preset: str, kind: str) -> dict[str, Callable[[], str]]:
    """Returns the tables of a page on gradient norms or on the condition."""
    if kind == "norms":
        return {"table": lambda: norm_table(preset)}
    return {"table": lambda: excess_table(preset), "details": lambda: mvi_table(preset)}


NORM_PAGES = {
    "B2": "dirac",
    "B3": "dirac-penalty",
    "B4": "gaussians",
    "B5": "mnist-balanced",
    "B12": "gaussians-wgan-gp",
}
"""Preset of each page on gradient norms."""
CONDITION_PAGES = {"B6": "dirac", "B7": "dirac-penalty", "B8": "gaussians", "B9": "mnist-balanced"}
"""Preset of each page on the one-sided condition."""
NORMS = "Only G converges; D's gradient norm stays high"
CONDITION = "Runs satisfy the one-sided condition"
SLOPES = "slopes of the log norms of Adam at constant rates, and successful runs"
COSINES = "Adam at constant rates; excess: over the cosine of mismatched pairs"
ROWS = [
    Row(
        "B2",
        NORMS,
        "reduced: Dirac-GAN, 20 seeds",
        "premise absent: training fails; G's slope is open",
        lambda: f"{norm_figure('dirac')}; good {successful('dirac', PRIMARY)}",
        tables("dirac", "norms"),
        SLOPES,
    ),
    Row(
        "B3",
        "The same",
        "reduced: with gradient penalty, 20 seeds",
        "contradicted: training succeeds, both norms fall",
        lambda: f"{norm_figure('dirac-penalty')}; good {successful('dirac-penalty', PRIMARY)}",
        tables("dirac-penalty", "norms"),
        SLOPES,
    ),
    Row(
        "B4",
        "The same",
        "reduced: eight Gaussians, 10 seeds",
        "premise absent: Adam covers all modes in no run",
        lambda: f"{norm_figure('gaussians')}; good {successful('gaussians', PRIMARY)}",
        tables("gaussians", "norms"),
        SLOPES,
    ),
    Row(
        "B5",
        "The same",
        "reduced: MNIST, equal networks, ten seeds",
        "inconclusive: G's slope open, D's changes by rounding",
        lambda: f"{norm_figure('mnist-balanced')}; good {successful('mnist-balanced', PRIMARY)}",
        {**tables("mnist-balanced", "norms"), "narrow": lambda: norm_table("mnist")},
        SLOPES,
    ),
    Row(
        "B12",
        "The same",
        "reduced: as B4 with WGAN-GP, 10 seeds",
        "premise absent: training fails in all seeds",
        lambda: (
            f"{norm_figure('gaussians-wgan-gp')}; good {successful('gaussians-wgan-gp', PRIMARY)}"
        ),
        tables("gaussians-wgan-gp", "norms"),
        SLOPES,
    ),
    Row(
        "B6",
        CONDITION,
        "reduced: Dirac-GAN, 20 seeds",
        "contradicted: at half of the points; training fails",
        lambda: mvi_figure("dirac"),
        tables("dirac", "mvi"),
        COSINES,
    ),
    Row(
        "B7",
        "The same",
        "reduced: with gradient penalty, 20 seeds",
        "supported in part: at 61 % of the points",
        lambda: mvi_figure("dirac-penalty"),
        tables("dirac-penalty", "mvi"),
        COSINES,
    ),
    Row(
        "B8",
        "The same",
        "reduced: eight Gaussians, 10 seeds",
        "supported in part: small excess; training fails",
        lambda: mvi_figure("gaussians"),
        tables("gaussians", "mvi"),
        COSINES,
    ),
    Row(
        "B9",
        "The same",
        "reduced: MNIST, equal networks, ten seeds",
        "supported in part: no tested end serves another run",
        lambda: mvi_figure("mnist-balanced"),
        {**tables("mnist-balanced", "mvi"), "narrow": lambda: excess_table("mnist")},
        COSINES,
    ),
]
