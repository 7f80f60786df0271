"""Methods for mixed strategies: oracle calls until the exploitability is small.

    python -m experiments.strategies
    python -m experiments.strategies --redraw

The experiment takes about two minutes on two cores. `--redraw` rebuilds table and figure from the
JSON file.

All methods have the same learning rates, starts and budget of oracle calls. Regret matching has no
learning rate, and its linear average is reported; all others report their last strategies.
"""

from pathlib import Path
from typing import Any

import numpy as np

from experiments._shared.command import RESULTS, record_result, run_command
from experiments._shared.figures import GRAY, highlight, plt, save
from experiments._shared.oracle_calls import cell
from experiments.strategies.run import MATCHING, Config, run

OUT = RESULTS / "strategies"


def main(config: Config, *, redraw: bool = False, out: Path = OUT) -> None:
    """Compares methods on games with mixed strategies.

    Args:
      config: Learning rates, starts and budget.
      redraw: Print the table and redraw the figure from the JSON file, without running anything.
      out: Folder of the JSON file and the figure.
    """
    path = out / "strategies.json"
    result = record_result(path, lambda: run(config), redraw=redraw, ensure_ascii=False)
    draw(result, out / "strategies.png")
    print(table(result), f"{result['seconds']} s. Written: {path} and figure", sep="\n")


def table(result: dict[str, Any]) -> str:
    """Returns a Markdown table of the median oracle calls per game and tolerance."""
    games, tolerances = result["games"], result["config"]["tolerances"]
    columns = [(game, f"{tolerance:g}") for game in games for tolerance in tolerances]
    lines = [
        "| method | " + " | ".join(f"{game}, {tolerance}" for game, tolerance in columns) + " |",
        "|---|" + "---:|" * len(columns),
    ]
    for name in next(iter(games.values())):
        cells = [cell(games[game][name]["calls"][tolerance]) for game, tolerance in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


HIGHLIGHTED = (
    "optimistic multiplicative weights",
    "mirror prox",
    "projected optimistic_gda",
    "projected extragradient",
    "regret matching+",
)
"""Methods with a color in the figure: those that solve all or most games."""


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws the median exploitability over oracle calls, one panel per game."""
    games = result["games"]
    colors = highlight(next(iter(games.values())), HIGHLIGHTED)
    figure, axes = plt.subplots(
        1,
        len(games),
        figsize=(5.2 * len(games), 4.6),
        layout="constrained",
        sharey=True,
        squeeze=False,
    )
    for axis, (label, methods) in zip(axes[0], games.items(), strict=True):
        for name, found in methods.items():
            curve = found["curve"]
            calls = (np.array(curve["updates"]) + (name in MATCHING)) * found["cost"]
            style = ":" if name.startswith("projected") else "-"
            values = np.maximum(curve["exploitability"], 1e-8)
            label_of, order = ("_gray", 1) if colors[name] == GRAY else (name, 2)
            line = axis.plot(
                calls[calls > 0], values[calls > 0], style, color=colors[name], zorder=order
            )
            line[0].set_label(label_of)
        axis.set(xscale="log", yscale="log", title=label, xlabel="oracle calls", ylim=(1e-8, 2))
    axes[0, 0].set_ylabel("exploitability (median over starts)")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.suptitle(f"Median over {result['config']['seeds']} starts; gray: the other methods")
    save(figure, path)


if __name__ == "__main__":
    run_command(main)
