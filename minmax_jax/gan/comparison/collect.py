"""Runs side by side: what differs in their configurations, their lines, scores and samples."""

import dataclasses
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minmax_jax.gan.base.errors import ConfigError, DataError
from minmax_jax.gan.comparison import scored as scored_lib
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.generation import sampling
from minmax_jax.gan.run import run_folder

POINTS = 500
"""At least so many vectors are drawn of a run; as points they need little room."""


@dataclasses.dataclass(frozen=True)
class Compared:
    """One run of a comparison.

    Attributes:
      name: what it is called here: its folder's name, longer where two share one.
      folder: its folder.
      config: its configuration.
      records: the lines of its `metrics.jsonl`.
      scored: its scored checkpoints, oldest first.
      step: the step of its newest checkpoint that can be read, 0 if there is none.
      samples: uint8 images or float32 vectors of that checkpoint; None if there is none.
    """

    name: str
    folder: Path
    config: config_lib.Config
    records: list[dict[str, Any]]
    scored: list[scored_lib.Scored]
    step: int
    samples: np.ndarray | None


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Runs of one data set.

    Attributes:
      runs: those that could be read.
      damaged: folder -> what is wrong with it, also of runs that are shown in part.
      seed: of the latents of the samples.
    """

    runs: list[Compared]
    damaged: dict[str, str]
    seed: int

    def differences(self) -> dict[str, list[Any]]:
        """Returns field -> each run's value, of the fields of the configuration that differ."""
        values = [run.config.flat() for run in self.runs]
        return {
            field: [own[field] for own in values]
            for field in values[0]
            if field not in ("out", "preset", "data")
            and any(own[field] != values[0][field] for own in values)
        }


def _warn(message: str) -> None:
    print(message, file=sys.stderr)


def compare(
    run_dirs: Sequence[str | Path],
    *,
    num: int = 36,
    seed: int = 0,
    note: Callable[[str], None] = _warn,
) -> Comparison:
    """Puts runs of one data set side by side; reads them and writes nothing.

    `table.text(comparison)` and `figure.draw(comparison)` show it.

    Args:
      run_dirs: run folders.
      num: samples of each, of the same latents where the latent dimensions are the same.
      seed: seed of the latents.
      note: called with a line for each run that is damaged, standard error by default.

    Raises:
      ConfigError: fewer than two runs, one given twice, runs of different data, or none
        that can be read.
    """
    folders = [Path(folder) for folder in run_dirs]
    if len(folders) < 2 or len({folder.resolve() for folder in folders}) < len(folders):
        raise ConfigError("compare takes two or more different run folders")
    sampling.check_count("num", num)
    damaged: dict[str, str] = {}
    abouts: dict[Path, run_folder.About] = {}
    for folder in folders:
        try:
            abouts[folder] = run_folder.read(folder)
        except ConfigError as error:
            damaged[str(folder)] = str(error)
    if not abouts:
        raise ConfigError(f"none of the runs can be read: {'; '.join(damaged.values())}")
    _check_same_data(abouts)
    runs = []
    for folder, name in zip(abouts, _names(list(abouts)), strict=True):
        problems: list[str] = []
        step, samples = _samples(folder, num, seed, problems.append)
        if problems:
            damaged[str(folder)] = "; ".join(_naming(folder, problem) for problem in problems)
        runs.append(
            Compared(name, folder, abouts[folder].config, run_folder.read_metrics(folder),
                     scored_lib.read(folder), step, samples)
        )  # fmt: skip
    for problem in damaged.values():
        note(problem)
    return Comparison(runs, damaged, seed)


def _naming(folder: Path, problem: str) -> str:
    return problem if str(folder) in problem else f"{folder}: {problem}"


def _samples(
    folder: Path, num: int, seed: int, problem: Callable[[str], None]
) -> tuple[int, np.ndarray | None]:
    try:
        generator = sampling.load(folder, note=problem)
        many = num if generator.about.data["kind"] == "image" else max(num, POINTS)
        inputs = sampling.latents(generator.pair.latent_dim, many, seed=seed)
        return generator.step, generator.examples(inputs)
    except (ConfigError, DataError) as error:
        problem(str(error))
        return 0, None


def _check_same_data(abouts: dict[Path, run_folder.About]) -> None:
    (first, about), *others = abouts.items()
    for folder, other in others:
        differing = [key for key in ("kind", "shape", "count", "crc32")
                     if about.data.get(key) != other.data.get(key)]  # fmt: skip
        if differing:
            raise ConfigError(
                f"{first} was trained on {about.data['name']}, {folder} on {other.data['name']} "
                f"({differing[0]}: {about.data[differing[0]]} -> {other.data[differing[0]]}); "
                "losses and scores on different data do not compare: give runs of one data set"
            )


def _names(folders: list[Path]) -> list[str]:
    """The shortest ends of the paths that tell all apart."""
    parts = [folder.resolve().parts for folder in folders]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(own[-length:]) for own in parts]
        if len(set(names)) == len(names):
            return names
    return [str(folder) for folder in folders]
