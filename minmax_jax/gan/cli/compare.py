"""`minmax-jax compare` compares several runs in a table and a figure."""

import dataclasses
from typing import Annotated

import tyro
from tyro.conf import arg

from minmax_jax.gan import comparison
from minmax_jax.gan.base.messages import print_lines, printable_lines
from minmax_jax.gan.comparison import figure, table
from minmax_jax.gan.generation import image_files, image_io
from minmax_jax.gan.run import files, ownership


@dataclasses.dataclass(frozen=True)
class Compare:
    """Compare runs on the same dataset: a table, and a figure of curves, samples and scores."""

    runs: Annotated[
        tyro.conf.Positional[tuple[str, ...]],
        arg(metavar="RUN [RUN ...]", help_behavior_hint="(required)"),
    ]
    """Two or more run folders, as passed to train with --out."""
    out: str = "comparison.png"
    """PNG file of the figure. The table is written beside it, with the ending .md."""
    num: int = 36
    """Number of samples per run. All runs use the same latents."""
    seed: int = 0
    """Seed of the latents."""


def run(command: Compare) -> None:
    """Writes the figure and the table, and prints the table."""
    path = image_io.check_file(command.out, (".png",))
    table_path = path.with_suffix(".md")
    for target in (path, table_path):
        files.check_replaceable(target)
        ownership.check_not_of_training(target)
    found = comparison.compare(command.runs, num=command.num, seed=command.seed)
    text = printable_lines(table.text(found))
    files.make_folder(path.parent)
    image_files.save_figure(figure.draw(found), path, dpi=110)
    files.write_atomically(table_path, text + "\n")
    print_lines(f"{text}\n\n  figure  {path}\n  table   {table_path}")
