"""Whether the number of proposals of greedy depends on the dimension.

    python -m experiments.greedy.dimension
    python -m experiments.greedy.dimension --redraw

The command takes a minute on two cores. `--redraw` rebuilds table and figure from the JSON file.

The game has the same Lipschitz constant, range of payoffs and distance of the start in every
dimension, and the noise of the proposals has the same expected norm.
"""

from pathlib import Path
from typing import Any

from experiments._shared.command import RESULTS, record_result, run_command
from experiments._shared.figures import plt, save
from experiments._shared.proportions import proportion
from experiments.greedy.dimension.run import Config, medians, run

OUT = RESULTS / "greedy" / "dimension"


def main(config: Config, *, redraw: bool = False, out: Path = OUT) -> None:
    """Counts proposals and oracle calls of greedy against the dimension.

    Args:
      config: Dimensions, seeds and settings of greedy.
      redraw: Print the table and redraw the figure from the JSON file, without running anything.
      out: Folder of the JSON file and the figure.
    """
    path = out / "dimension.json"
    result = record_result(path, lambda: run(config), redraw=redraw)
    draw(result, path.with_suffix(".png"))
    print(table(result))


def table(result: dict[str, Any]) -> str:
    """Returns a Markdown table with one row per dimension: medians over seeds, and ranges."""
    lines = [
        "| d | converged | proposals | accepted | ascent steps | distance of x at the end |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for dimension, found in result["dimensions"].items():
        status = found["status"]
        converged = proportion(status.count("CONVERGED"), len(status))
        cells = [
            "{:.0f} ({:.0f}–{:.0f})".format(*medians(found, name))
            for name in ("proposals", "accepted", "ascent_steps")
        ]
        distance = "{:.2f} ({:.2f}–{:.2f})".format(*medians(found, "min"))
        lines.append(f"| {int(dimension):,} | {converged} | {' | '.join(cells)} | {distance} |")
    return "\n".join(lines)


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws proposals and ascent steps against the dimension: points are seeds."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    dimensions = [int(d) for d in result["dimensions"]]
    for axis, name, label in zip(
        axes, ("proposals", "ascent_steps"), ("proposals", "ascent steps"), strict=True
    ):
        for dimension, found in result["dimensions"].items():
            axis.plot([int(dimension)] * len(found[name]), found[name], ".", color="0.6")
        middle = [medians(found, name)[0] for found in result["dimensions"].values()]
        axis.plot(dimensions, middle, "o-", color="tab:blue", label="median")
        axis.set(
            xscale="log", ylim=(0, None), xlabel="dimension d", ylabel=f"{label} until the end"
        )
        axis.grid(alpha=0.3)
    axes[0].legend()
    figure.suptitle(f"Greedy on one game in several dimensions, {result['config']['seeds']} seeds")
    save(figure, path)


if __name__ == "__main__":
    run_command(main)
