"""Both modes of a synthetic GAN: which learning rates of which methods find them.

    python -m experiments.dissecting.theory
    python -m experiments.dissecting.theory --only lambda
    python -m experiments.dissecting.theory --out elsewhere
    python -m experiments.dissecting.theory --redraw

The first command runs the settings that have no result yet and redraws all figures, the second one
runs a single study, the third one runs everything again in another folder. `--redraw` only rebuilds
figures and table from the JSON files.

The game is `games.modes`, the synthetic GAN of arXiv 2210.04319, reconstructed from memory and not
checked against the paper. All learning rates and seeds of a method are vmapped runs of `mm.solve`.
`sgda` and `nsgda` commute with rotations, so their runs take place in the span of the start
(`games.modes_span`), with the same results. Adam and methods with its norm or direction do not
commute with rotations and run in full dimension. There is one result file per setting.
"""

import dataclasses
import json
from pathlib import Path

from experiments._shared.command import RESULTS, fail, run_command
from experiments._shared.files import write_atomically
from experiments.dissecting.theory import figure, table
from experiments.dissecting.theory.run import run

OUT = RESULTS / "dissecting" / "theory"


@dataclasses.dataclass(frozen=True)
class Config:
    """Run the settings that have no result yet."""

    only: tuple[str, ...] = ()
    """Studies to run: phase, lambda, loss, ... Default: all."""


def main(config: Config, *, redraw: bool = False, out: Path = OUT) -> None:
    """Measures the success of seven methods over their learning rates, in a synthetic GAN.

    Args:
      config: Settings to run.
      redraw: Redraw figures and table from the JSON files, without running anything.
      out: Folder of the JSON files, the figures and the table.
    """
    if not redraw:
        run(config.only, out)
    results = {path.stem: json.loads(path.read_text()) for path in out.glob("*.json")}
    if not results:
        fail(f"--out: {out} contains no results; run without --redraw first.")
    paths = figure.draw(results, out)
    write_atomically(out / "table.md", table.render(results))
    paths.append(out / "table.md")
    print(table.summary(results), "Written:", *map(str, paths), sep="\n")


if __name__ == "__main__":
    run_command(main)
