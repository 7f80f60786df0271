"""Families of the methods in the figures."""

from typing import Any

from experiments.games.variants import VARIANTS

FAMILIES = {
    "GDA": ("sgda", "adam_gda", "amsgrad_gda", "sgda(complex_trace)"),
    "normalized": ("nsgda", "ada_nsgda", "ada_dir"),
    "optimistic": ("optimistic_gda", "past_extragradient", "optimistic_adam", "reflect(sgda)"),
    "extrapolation": (
        "extragradient",
        "extra_anchored_gradient",
        "extra_adam",
        "extra_amsgrad",
        "forward_backward_forward",
        "curvature_extragradient",
        "bias_corrected_extragradient",
    ),
    "second order": (
        "consensus",
        "symplectic",
        "competitive",
        "adaptive_competitive",
        "lead",
        "follow_the_ridge",
        "complete_newton",
    ),
    "alternating": ("alternating_extrapolation", "primal_dual_hybrid_gradient", "smoothed_gda"),
    "adaptive": ("adaptive_golden_ratio", "golden_ratio", "adaptive_extragradient", "tiada"),
    "anchored": ("fast_extragradient", "anchored_past_extragradient", "fast_optimistic_gda"),
    "options": (
        "extragradient(relaxation=0.5)",
        "smoothed_gda(max_strength=1)",
        "anchored_past_extragradient(reflected)",
        "tiada(adam)",
        "adaptive_extragradient(bach_levy)",
    ),
    "decaying": tuple(name for name in VARIANTS if "(decay=" in name),
    "others": (),
}


def families(result: dict[str, Any]) -> dict[str, list[str]]:
    """Returns the methods of a result by family, without empty families."""
    present = list(result["methods"])
    named = {name for names in FAMILIES.values() for name in names}
    grouped = {family: [n for n in names if n in present] for family, names in FAMILIES.items()}
    grouped["others"] = [name for name in present if name not in named]
    return {family: names for family, names in grouped.items() if names}
