"""How methods are grouped and drawn; a method named nowhere is drawn among the others."""

from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

FAMILIES = {
    "descent–ascent": ("sgda", "adam_gda", "amsgrad_gda"),
    "normalised": ("nsgda", "ada_nsgda", "ada_dir"),
    "optimistic": ("optimistic_gda", "past_extragradient", "optimistic_adam"),
    "extrapolation": (
        "extragradient",
        "extra_anchored_gradient",
        "extra_adam",
        "extra_amsgrad",
    ),
    "second order": ("consensus", "symplectic", "competitive", "adaptive_competitive"),
    "others": (),
}
STYLES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)))


def families(result: dict[str, Any]) -> dict[str, list[str]]:
    """The methods of the result by family, families without any left out."""
    present = list(result["methods"])
    named = {name for names in FAMILIES.values() for name in names}
    grouped = {family: [n for n in names if n in present] for family, names in FAMILIES.items()}
    grouped["others"] = [name for name in present if name not in named]
    return {family: names for family, names in grouped.items() if names}


def family_colours(result: dict[str, Any]) -> dict[str, tuple[str, Any]]:
    """A colour for the family and a dash for the place in it: for a figure of all methods."""
    colours = ("tab:gray", "tab:orange", "tab:green", "tab:blue", "tab:red", "tab:purple")
    return {
        name: (colours[row % len(colours)], STYLES[place % len(STYLES)])
        for row, names in enumerate(families(result).values())
        for place, name in enumerate(names)
    }


def save(figure: Any, path: Any, dpi: int = 100) -> None:
    figure.savefig(path, dpi=dpi)
    plt.close(figure)
