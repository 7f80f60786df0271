"""Table of gradient norms and their slopes."""

import math
from typing import Any

import numpy as np

from experiments.one_sided.norms.run import SIDES
from experiments.one_sided.norms.squares import median_norm


def format_table(result: dict[str, Any]) -> str:
    """Returns a Markdown table of the norms of the losses that the players descend."""
    lines = [
        "| run | G: slope of log ‖g‖ [95 %] | G: start → end | D: slope [95 %] | D: start → end "
        "| D/G at the end: raw, per √parameters, relative to the parameters |",
        "|---" * 6 + "|",
    ]
    for name, found in result["runs"].items():
        cells = []
        for side in SIDES:
            norms = median_norm(found["descended"][side])
            slope = format_slope(found["slopes"]["descended"][side])
            cells += [slope, f"{norms[0]:.2g} → {norms[-1]:.2g}"]
        ratios = ", ".join(f"{ratio:.2g}" for ratio in end_ratios(result, found))
        lines.append(f"| {name} | {' | '.join(cells)} | {ratios} |")
    return "\n".join(lines)


def end_ratios(result: dict[str, Any], found: dict[str, Any]) -> list[float]:
    """Returns ‖g_D‖/‖g_G‖ at the end of a run, median over seeds, in three units.

    The units are the norm, the norm divided by √parameters, and the norm divided by the norm of
    the parameters.
    """
    norm = {side: median_norm(found["descended"][side])[-1] for side in SIDES}
    size = {
        side: np.median([row[-1] or np.nan for row in found["parameter_norm"][side]])
        for side in SIDES
    }
    raw = norm["max"] / norm["min"]
    root = math.sqrt(result["sizes"]["min"] / result["sizes"]["max"])
    return [raw, raw * root, raw * size["min"] / size["max"]]


def format_slope(slope: dict[str, Any]) -> str:
    """Formats a slope with its interval."""
    if slope["mean"] is None:
        return "diverged"
    ends = "" if slope["low"] is None else f" [{slope['low']:.2f}, {slope['high']:.2f}]"
    return f"{slope['mean']:.2f}{ends}"
