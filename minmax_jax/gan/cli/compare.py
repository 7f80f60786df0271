"""`minmax-jax compare`: runs side by side in one table and one figure."""

import dataclasses
from pathlib import Path

import tyro

from minmax_jax.gan import comparison
from minmax_jax.gan.comparison import figure, table
from minmax_jax.gan.generation import image_io
from minmax_jax.gan.run import run_folder


@dataclasses.dataclass(frozen=True)
class Compare:
    """Compare runs of one data set: a table, and a figure of curves, samples and scores."""

    runs: tyro.conf.Positional[tuple[str, ...]]
    """Run folders, as given to train --out; two or more."""
    out: str = "comparison.png"
    """Figure to write, .png; the table goes beside it with the ending .md."""
    num: int = 36
    """Samples of each run, of the same latents."""
    seed: int = 0
    """Seed of the latents."""


def run(command: Compare) -> None:
    """Prints the table and writes both."""
    path = image_io.check_file(command.out, (".png",))
    found = comparison.compare(command.runs, num=command.num, seed=command.seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = table.text(found)
    figure.draw(found).savefig(path, dpi=110)
    beside = Path(path).with_suffix(".md")
    run_folder.write_atomically(beside, text + "\n")
    print(f"{text}\n\n  figure  {path}\n  table   {beside}")
