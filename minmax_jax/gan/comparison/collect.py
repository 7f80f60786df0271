"""Collects configurations, metrics, scores and samples of several runs."""

import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minmax_jax.gan.base.errors import ConfigError, DataError
from minmax_jax.gan.base.messages import Note, print_note, printable
from minmax_jax.gan.comparison import results as results_lib
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.generation import sampling
from minmax_jax.gan.generation.generator import load_generator
from minmax_jax.gan.generation.latents import seeded_latents
from minmax_jax.gan.run import run_folder

MIN_VECTORS = 500
"""Minimum number of vectors per run: as points in a plot they need little space."""


@dataclasses.dataclass(frozen=True)
class ComparedRun:
    """One run of a comparison.

    Attributes:
      name: Name of the run folder, with parent folders if several names are equal.
      folder: Run folder.
      config: Configuration of the run.
      records: Records of `metrics.jsonl`.
      results: Evaluation results, oldest first.
      step: Step of the newest valid checkpoint, or 0 if there is none.
      samples: uint8 images or float32 vectors from that checkpoint, or None.
    """

    name: str
    folder: Path
    config: config_lib.Config
    records: list[dict[str, Any]]
    results: list[results_lib.Result]
    step: int
    samples: np.ndarray | None


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Runs on one dataset.

    Attributes:
      runs: Runs that could be read.
      problems: Maps a run folder to an error message. The run is left out, or
        shown without samples.
      seed: Seed of the latents of the samples.
    """

    runs: list[ComparedRun]
    problems: dict[str, str]
    seed: int

    def differences(self) -> dict[str, list[Any]]:
        """Returns the configuration fields that differ, with one value per run."""
        values = [run.config.flat() for run in self.runs]
        return {
            field: [flat[field] for flat in values]
            for field in values[0]
            if field not in ("out", "preset", "data")
            and any(flat[field] != values[0][field] for flat in values)
        }


def compare(
    run_dirs: Sequence[str | Path], *, num: int = 36, seed: int = 0, note: Note = print_note
) -> Comparison:
    """Collects runs on one dataset for a comparison; writes nothing.

    `table.text` and `figure.draw` show the result.

    Args:
      run_dirs: Run folders.
      num: Number of images per run. For vector data, at least `MIN_VECTORS` samples
        are drawn. Runs with the same latent dimension use the same latents.
      seed: Seed of the latents.
      note: Called with one line per run that cannot be read in full. Default:
        prints to standard error.

    Raises:
      ConfigError: If there are fewer than two run folders, a folder is repeated, `num`
        is invalid, no run can be read, or the runs were trained on different data.
    """
    folders = [Path(folder) for folder in run_dirs]
    if len(folders) < 2 or len(set(map(os.path.realpath, folders))) < len(folders):
        raise ConfigError("compare: pass two or more different run folders.")
    sampling.check_count("num", num)
    sampling.check_seed(seed)
    problems: dict[str, str] = {}
    abouts = _read_configs(folders, problems)
    runs = []
    for folder, name in zip(abouts, _names(list(abouts)), strict=True):
        found: list[str] = []
        step, samples = _samples(folder, num, seed, found.append)
        records = run_folder.read_metrics(folder, found.append)
        if found:
            problems[str(folder)] = "; ".join(_with_folder(folder, problem) for problem in found)
        runs.append(
            ComparedRun(
                name=name,
                folder=folder,
                config=abouts[folder].config,
                records=records,
                results=results_lib.read(folder),
                step=step,
                samples=samples,
            )
        )
    for problem in problems.values():
        note(problem)
    return Comparison(runs, problems, seed)


def _read_configs(folders: list[Path], problems: dict[str, str]) -> dict[Path, run_folder.About]:
    """Reads `config.json` of each run, adds failures to `problems`, and checks the data."""
    abouts = {}
    for folder in folders:
        try:
            abouts[folder] = run_folder.read(folder)
        except ConfigError as error:
            problems[str(folder)] = str(error)
    if not abouts:
        raise ConfigError(f"compare: none of the runs can be read. {' '.join(problems.values())}")
    _check_same_data(abouts)
    return abouts


def _with_folder(folder: Path, problem: str) -> str:
    return problem if str(folder) in problem else f"{folder}: {problem}"


def _samples(
    folder: Path, num: int, seed: int, add_problem: Callable[[str], None]
) -> tuple[int, np.ndarray | None]:
    """Returns step and samples of the newest valid checkpoint, or 0 and None."""
    try:
        generator = load_generator(folder, note=add_problem)
        if generator.about.data["kind"] != "image":
            num = max(num, MIN_VECTORS)
        sampling.check_sample_memory(generator, "num", num, num)
        inputs = seeded_latents(generator.pair.latent_dim, num, seed=seed)
        return generator.step, generator.generate(inputs)
    except (ConfigError, DataError) as error:
        add_problem(str(error))
        return 0, None


def _check_same_data(abouts: dict[Path, run_folder.About]) -> None:
    (first, about), *others = abouts.items()
    for folder, other in others:
        ignored = run_folder.incomparable(about.data, other.data)
        for key in ("kind", "shape", "count", "crc32", "labels_crc32"):
            if key in ignored:  # Only conditional runs depend on the labels.
                continue
            if about.data.get(key) != other.data.get(key):
                raise ConfigError(
                    f"compare: {first} was trained on {about.data['name']}, {folder} on "
                    f"{other.data['name']} ({key}: {about.data[key]} -> {other.data[key]}). Losses "
                    "and scores on different data cannot be compared. Pass runs on one dataset."
                )


def _names(folders: list[Path]) -> list[str]:
    """Returns the shortest endings of the paths, of equal length, that all differ."""
    parts = [Path(os.path.realpath(folder)).parts for folder in folders]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(path[-length:]) for path in parts]
        if len(set(names)) == len(names):
            return [printable(name) for name in names]
    return [printable(str(folder)) for folder in folders]
