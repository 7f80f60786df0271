"""Table of claim C9: both conditions of greedy equilibria after long ascents."""

from experiments._shared.means import format_mean
from experiments._shared.proportions import proportion
from experiments.claims.row import result, table
from experiments.greedy.equilibrium import table as equilibrium

LONG = "greedy/equilibrium-long/equilibrium"


def long_table() -> str:
    """Formats the record of trained GANs with long ascents on few examples."""
    recorded = result(LONG)
    config, rows = recorded["config"], []
    for method, runs in recorded["methods"].items():
        after = [one["payoff"] + one["gain"] for one in runs]
        ended = sum(one["reached_norm"] <= config["tolerance"] for one in runs)
        hits = sum(equilibrium.satisfied(config, one) for one in runs)
        rows.append(
            [
                equilibrium.title(method),
                *(format_mean(equilibrium.values(runs, n), 2) for n in ("gradient_norm", "payoff")),
                format_mean(after, 2),
                format_mean(equilibrium.values(runs, "held_out_gain"), 2),
                str(proportion(ended, len(runs))),
                str(proportion(hits, len(runs))),
            ]
        )
    head = (
        "networks | ‖∇_y f(x, y)‖ | f(x, y) | f(x, w) | gain of D on other examples "
        "| ascent to w ended | both conditions at (x, w)"
    )
    return table(head, rows)
