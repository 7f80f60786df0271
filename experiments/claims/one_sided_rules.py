"""Rules of the verdicts on gradient norms and on the one-sided condition."""

from experiments.claims.quality import num_successful, recorded
from experiments.claims.row import result

PRIMARY = "adam_gda, constant"
"""Run that decides; its p-values are not corrected."""
SLOWEST = -0.25
"""Slope of a gradient norm whose square converges like 1/√T."""
MIN_SHARE = 0.95
"""Share of the points of a run at which the condition has to hold."""


def norms_word(preset: str) -> str:
    """Returns the first words of the verdict on the gradient norms of a preset."""
    slopes = recorded(preset)["runs"][PRIMARY]["slopes"]["descended"]
    good, runs = num_successful(preset, PRIMARY)
    if good <= runs / 2:
        return "premise absent"
    falls = {name: found["high"] < 0 for name, found in slopes.items()}
    stays = {name: not falls[name] and slopes[name]["low"] > SLOWEST for name in slopes}
    if falls["min"] and stays["max"]:
        return "supported"
    if falls["min"] and falls["max"]:
        return "supported in part" if slopes["difference"]["low"] > 0 else "contradicted"
    return "contradicted" if stays["min"] else "inconclusive"


def condition_word(preset: str) -> str:
    """Returns the first words of the verdict on the one-sided condition along a preset's runs."""
    found = result(f"one_sided/mvi/{preset}")["runs"][PRIMARY]["descended"]
    share, cosine = (found["own end"][f"{name}_over_seeds"] for name in ("share", "cosine"))
    excess = found["mismatched"]["own_end_above_it"]
    above = cosine[1] > 0 and excess[1] > 0
    if above and share[1] >= MIN_SHARE and excess[0] >= cosine[0] / 2:
        return "supported"
    if above:
        return "supported in part"
    return "contradicted" if share[2] < MIN_SHARE and excess[1] <= 0 else "inconclusive"
