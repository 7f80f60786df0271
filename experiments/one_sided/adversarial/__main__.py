"""Adam and AMSGrad where Adam must fail: rare large gradients.

    python -m experiments.one_sided.adversarial
    python -m experiments.one_sided.adversarial --redraw

The command takes a minute on two cores. `--redraw` rebuilds table and figure from the JSON file.

The game is the stochastic example of Reddi, Kale, Kumar (2018) as the min player's part, with a
strongly concave max player. Adam divides the rare large gradient by its own size, so the frequent
small ones decide; the maximum in AMSGrad prevents this.
"""

from pathlib import Path
from typing import Any

from experiments._shared.command import RESULTS, record_result, run_command
from experiments._shared.figures import plt, save
from experiments._shared.means import mean_interval
from experiments.one_sided.adversarial.run import Config, run

OUT = RESULTS / "one_sided" / "adversarial"


def main(config: Config, *, redraw: bool = False, out: Path = OUT) -> None:
    """Compares Adam with AMSGrad on a game with rare large gradients.

    Args:
      config: Runs of all methods.
      redraw: Print the table and redraw the figure from the JSON file, without running anything.
      out: Folder of the JSON file and the figure.
    """
    path = out / "adversarial.json"
    result = record_result(path, lambda: run(config), redraw=redraw)
    draw(result, path.with_suffix(".png"))
    print(table(result))


def table(result: dict[str, Any]) -> str:
    """Returns a Markdown table of x at the end, by method, b2 and learning rate."""
    rates = result["config"]["learning_rates"]
    heads = " | ".join(f"η = {rate:g}" for rate in rates)
    lines = [f"| method | b2 | {heads} |", "|---|---:|" + "---:|" * len(rates)]
    for name, found in result["methods"].items():
        for b2, cells in found.items():
            texts = [format_end(cell["ends"]) for cell in cells]
            lines.append(f"| `{name}` | {b2} | {' | '.join(texts)} |")
    return "\n".join(lines)


def format_end(values: list[float]) -> str:
    """Formats the mean of x over seeds with its interval, clipped to [−1, 1]."""
    mean, low, high = mean_interval(values, bounds=(-1, 1))
    return f"{mean:.2f} [{low:.2f}, {high:.2f}]"


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws the median of x along the runs with the largest learning rate, by b2."""
    values = list(next(iter(result["methods"].values())))
    figure, axes = plt.subplots(
        1,
        len(values),
        figsize=(4 * len(values), 3.5),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for axis, b2 in zip(axes[0], values, strict=True):
        for name, found in result["methods"].items():
            cell = found[b2][-1]
            style = "-" if "amsgrad" in name else "--"
            axis.plot(cell["times"], cell["median"], style, label=name)
        axis.axhline(-1, color="0.5", lw=0.8, ls=":")
        axis.set(xscale="log", ylim=(-1.1, 1.1), xlabel="updates", title=f"b2 = {b2}")
    axes[0, 0].set_ylabel("x (median over seeds)")
    axes[0, 0].legend(fontsize=8)
    rate = result["config"]["learning_rates"][-1]
    seeds = result["config"]["seeds"]
    figure.suptitle(f"{seeds} seeds. Solution: x = −1 (dotted). Learning rate {rate:g}/√t")
    save(figure, path)


if __name__ == "__main__":
    run_command(main)
