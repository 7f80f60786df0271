"""Tables of the ends by accept rule, and of the conditions of greedy equilibria."""

from typing import Any

import numpy as np

from experiments._shared.proportions import proportion


def titles(config: dict[str, Any]) -> dict[str, str]:
    """Returns the names of rules and control points in tables and figures."""
    short, long = config["rejections"]
    return {
        "short": f"never without a test, stop after {short} rejections",
        "long": f"never without a test, stop after {long}",
        "falling": f"with probability e^(−i/{config['temperature']:g}), stop after {long}",
        "fixed": f"with probability {config['probability']:g}, stop after {long}",
        "start": "control: start, y after its ascent",
        "random": "control: random x, y after its ascent",
        "gda": f"control: GDA after {config['gda_steps']:,} updates",
    }


def successes(config: dict[str, Any], found: dict[str, Any]) -> tuple[int, int]:
    """Returns the runs with |x| of at most `near` at their end, and all runs."""
    return int((np.abs(found["x"]) <= config["near"]).sum()), len(found["x"])


def equilibria(config: dict[str, Any], found: dict[str, Any]) -> tuple[int, int]:
    """Returns the points that satisfy both conditions, and all points."""
    hits = [
        gradient <= config["tolerance"] and omega < config["omega"]
        for gradient, omega in zip(found["gradient"], found["omega"], strict=True)
    ]
    return sum(hits), len(hits)


def format_rules(result: dict[str, Any]) -> str:
    """Returns a Markdown table of the runs by function and accept rule."""
    config, names = result["config"], titles(result["config"])
    lines = [
        "| function | a proposal that fails the test is accepted | stopped | "
        f"\\|x\\| ≤ {config['near']:g} at the end | largest \\|x\\| | proposals (range) "
        "| accepted |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for name, found in result["functions"].items():
        for rule, one in found["rules"].items():
            stopped = proportion(one["status"].count("CONVERGED"), len(one["status"]))
            proposals = one["proposals"]
            cells = [
                names[rule],
                str(stopped),
                str(proportion(*successes(config, one))),
                f"{np.abs(one['x']).max():.2f}",
                f"{np.median(proposals):.0f} ({min(proposals)}–{max(proposals)})",
                f"{np.median(one['accepted']):.0f}",
            ]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def format_equilibria(result: dict[str, Any]) -> str:
    """Returns a Markdown table of both conditions at ends and at control points."""
    config, names = result["config"], titles(result["config"])
    lines = [
        "| function | point | \\|∂_y f\\|, largest | ω, median (range) "
        f"| \\|∂_y f\\| ≤ {config['tolerance']:g} and ω < {config['omega']:g} |",
        "|---|---|---:|---:|---:|",
    ]
    for name, found in result["functions"].items():
        for key, one in {**found["rules"], **found["controls"]}.items():
            omega = one["omega"]
            cells = [
                names[key],
                f"{max(one['gradient']):.1g}",
                f"{np.median(omega):.3f} ({min(omega):.3f}–{max(omega):.3f})",
                str(proportion(*equilibria(config, one))),
            ]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)
