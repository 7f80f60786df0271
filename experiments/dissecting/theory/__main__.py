"""Two modes: where descent–ascent and its normalised form find both, and what that hangs on.

    python -m experiments.dissecting.theory                   # what is missing; all figures
    python -m experiments.dissecting.theory --only lambda     # one study
    python -m experiments.dissecting.theory --out elsewhere   # everything from scratch
    python -m experiments.dissecting.theory --redraw          # figures and tables from the JSON

The game is `games.modes`, the synthetic GAN of arXiv 2210.04319 as recalled. All rates and all
seeds of a method are vmapped runs of `mm.solve`. `sgda` and `nsgda` commute with rotations and
run in the span of the start (`games.modes_span`: the same runs); what has Adam in it does not,
and runs in full dimension. Each setting is one file in `results/dissecting/theory/`, and a
setting whose file is there is not run again.
"""

import dataclasses
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import jax
import tyro

from experiments._shared.command import refuse
from experiments.dissecting.theory import figure as theory_figure
from experiments.dissecting.theory import table as theory_table
from experiments.dissecting.theory.config import Setting, studies
from experiments.dissecting.theory.paths import paths
from experiments.dissecting.theory.sweep import sweep

RESULTS = Path(__file__).parents[2] / "results" / "dissecting" / "theory"


@dataclasses.dataclass(frozen=True)
class Config:
    """What is run."""

    only: tuple[str, ...] = ()
    """Studies to run: phase, lambda, …; none named means all."""
    redraw: bool = False
    """Draw figures and tables again from the JSON, without running anything."""
    out: Path = RESULTS
    """The folder of the JSON, the figures and the tables."""


def run(config: Config) -> None:
    """Runs the settings that have no file yet."""
    every = studies()
    if unknown := set(config.only) - set(every):
        refuse(f"--only: no study {', '.join(sorted(unknown))}; there are {', '.join(every)}.")
    config.out.mkdir(parents=True, exist_ok=True)
    for study in config.only or every:
        for value, setting in every[study].items():
            path = config.out / f"{study}-{value}.json"
            if path.exists():
                check_same(path, setting)
            else:
                write(path, run_setting(setting, path.stem))
    for dimension in (100, 1000):
        path = config.out / f"paths-{dimension}.json"
        if not path.exists() and (courses := paths(config.out, dimension)):
            write(path, courses)


def run_setting(setting: Setting, title: str) -> dict[str, Any]:
    """Every method's grid, and where it was run."""
    return {
        "setting": dataclasses.asdict(setting),
        "hardware": f"{os.cpu_count()} CPU cores",
        "jax": jax.__version__,
        "methods": {
            name: sweep(setting, name, Progress(f"{title} {name}")) for name in setting.methods
        },
    }


def check_same(path: Path, setting: Setting) -> None:
    """Refuses to take results for those of another setting."""
    found = json.loads(path.read_text())["setting"]
    asked = json.loads(json.dumps(dataclasses.asdict(setting)))
    if found != asked:
        changed = ", ".join(key for key in asked if asked[key] != found.get(key))
        refuse(f"{path}: made with another {changed}; remove it, or choose --out.")


def write(path: Path, result: dict[str, Any]) -> None:
    """Writes whole files only: a killed run leaves none that is half a setting."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(result, ensure_ascii=False, allow_nan=False) + "\n")
    partial.rename(path)


class Progress:
    """One line a method: live on a screen, at its end in a file."""

    def __init__(self, title: str) -> None:
        self.title, self.start = title, time.perf_counter()

    def __call__(self, done: int, total: int) -> None:
        if done == total or sys.stdout.isatty():
            spent = time.perf_counter() - self.start
            left = f", left {spent * (total - done) / done:.0f} s" if done < total else ""
            end = "\n" if done == total else ""
            line = f"{self.title}: {done}/{total} in {spent:.0f} s{left}"
            print(f"\r{line:<70}" if sys.stdout.isatty() else line, end=end, flush=True)


def main(config: Config) -> None:
    """Success of six methods over their learning rates, in the synthetic GAN."""
    if not config.redraw:
        run(config)
    results = {path.stem: json.loads(path.read_text()) for path in config.out.glob("*.json")}
    if not results:
        refuse(f"--out: no results in {config.out}; run without --redraw first.")
    pictures = theory_figure.draw(results, config.out)
    table = config.out / "table.md"
    table.write_text(theory_table.render(results))
    print(theory_table.summary(results), "Written:", *map(str, [*pictures, table]), sep="\n")


if __name__ == "__main__":
    main(tyro.cli(Config, description=main.__doc__))
