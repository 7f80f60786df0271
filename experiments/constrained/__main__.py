"""Methods for constrained problems: oracle calls until x is close to the solution.

    python -m experiments.constrained
    python -m experiments.constrained --redraw

The experiment takes some minutes on two cores. `--redraw` rebuilds table and figure from the JSON
file.

All methods have the same pairs of learning rates, the same starts and the same budget of oracle
calls. Other parameters, such as the gain of νPI and the penalty, are fixed.
"""

from pathlib import Path
from typing import Any

import numpy as np

from experiments._shared.command import RESULTS, record_result, run_command
from experiments._shared.figures import GRAY, highlight, plt, save
from experiments._shared.oracle_calls import cell
from experiments.constrained.run import Config, run

OUT = RESULTS / "constrained"


def main(config: Config, *, redraw: bool = False, out: Path = OUT) -> None:
    """Compares methods on constrained problems.

    Args:
      config: Learning rates, starts and budget.
      redraw: Print the table and redraw the figure from the JSON file, without running anything.
      out: Folder of the JSON file and the figure.
    """
    path = out / "constrained.json"
    result = record_result(path, lambda: run(config), redraw=redraw, ensure_ascii=False)
    draw(result, out / "constrained.png")
    for tolerance in result["config"]["tolerances"]:
        print(f"within {tolerance:g} of the start's distance:", table(result, tolerance), sep="\n")
    print(f"{result['seconds']} s. Written: {path} and figure")


def table(result: dict[str, Any], tolerance: float) -> str:
    """Returns a Markdown table of the median oracle calls per problem."""
    problems = result["problems"]
    lines = [
        "| method | " + " | ".join(problems) + " |",
        "|---|" + "---:|" * len(problems),
    ]
    for name in next(iter(problems.values())):
        cells = [cell(problems[problem][name]["calls"][f"{tolerance:g}"]) for problem in problems]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


HIGHLIGHTED = (
    "sgda",
    "extragradient",
    "primal_dual_hybrid_gradient",
    "νPI, κ_p = 10",
    "augmented, c = 1",
)
"""Methods with a color in the figure: one per idea."""


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws the median distance over oracle calls, one panel per problem."""
    problems = result["problems"]
    colors = highlight(next(iter(problems.values())), HIGHLIGHTED)
    rows = (len(problems) + 2) // 3
    figure, axes = plt.subplots(
        rows, 3, figsize=(15, 4 * rows + 1), layout="constrained", sharey=True, squeeze=False
    )
    for axis, (label, methods) in zip(axes.flat, problems.items(), strict=False):
        for name, found in methods.items():
            calls = np.array(found["curve"]["updates"]) * found["cost"]
            values = np.clip(found["curve"]["distance"], 1e-8, 10)
            label_of, order = ("_gray", 1) if colors[name] == GRAY else (name, 2)
            line = axis.plot(calls[calls > 0], values[calls > 0], color=colors[name], zorder=order)
            line[0].set_label(label_of)
        axis.set(xscale="log", yscale="log", title=label, xlabel="oracle calls", ylim=(1e-8, 10))
    for axis in axes.flat[len(problems) :]:
        axis.set_axis_off()
    for axis in axes[:, 0]:
        axis.set_ylabel("distance of x, relative to the start")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
    figure.suptitle(f"Median over {result['config']['seeds']} starts; gray: the other methods")
    save(figure, path)


if __name__ == "__main__":
    run_command(main)
