"""Ends of greedy on F1 and F3 with four accept rules.

    python -m experiments.greedy.endpoints
    python -m experiments.greedy.endpoints --redraw

It takes half a minute of CPU time. `--redraw` rebuilds tables and figures from the JSON file.

The constants are those of `experiments.greedy.functions`. A proposal that fails the test is never
accepted, with a probability that falls with the number of proposals, or with a fixed probability.
At each end, and at control points, 2,000 new proposals show how many would still lower the payoff.
"""

from pathlib import Path

from experiments._shared.command import RESULTS, record_result, run_command
from experiments.greedy.endpoints import figure, table
from experiments.greedy.endpoints.run import Config, run

OUT = RESULTS / "greedy" / "endpoints"


def main(config: Config, *, redraw: bool = False, out: Path = OUT) -> None:
    """Checks the ends of greedy on F1 and F3.

    Args:
      config: Runs of the experiment.
      redraw: Print the tables and redraw the figure from the JSON file, without running.
      out: Folder of the JSON file and the figure.
    """
    path = out / "endpoints.json"
    result = record_result(path, lambda: run(config), redraw=redraw)
    figure.draw(result, out)
    print(table.format_rules(result), table.format_equilibria(result), sep="\n\n")


if __name__ == "__main__":
    run_command(main)
