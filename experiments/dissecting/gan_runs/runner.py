"""Trains and evaluates GAN runs, alone or in groups.

FOLDER/NAME/job.json       description of the run; another run in the folder is an error
FOLDER/NAME/metrics.jsonl  norms of gradients and updates along the run
FOLDER/NAME/checkpoints    only of an interrupted run
FOLDER/NAME/outcome.json   scores, or the update that diverged; such runs are not repeated
FOLDER/NAME/samples.png    samples from latents that are the same in every run
"""

import functools
import io
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax

from experiments._shared.checks import format_changes
from experiments._shared.files import write_atomically
from experiments._shared.time_limit import TimeLimit
from experiments.dissecting.gan_runs.group import End, train_group
from experiments.dissecting.gan_runs.job import Job, Optimizer
from experiments.dissecting.gan_runs.training import Trainer
from minmax_jax import gan

NUM_SHOWN = 40
"""Number of samples in `samples.png`, in rows of ten."""


def read_file(path: Path) -> dict[str, Any]:
    """Returns the content of a JSON file in the folder of a run.

    Raises:
      ConfigError: If it is damaged.
    """
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise gan.ConfigError(
            f"{path} is damaged ({error}). Delete the folder {path.parent} to repeat the run."
        ) from error


class Runner:
    """Trains and evaluates the runs of one setting.

    Args:
      config: Networks, loss, data and batch size. The optimizer, learning rates, seed and steps
        come from the jobs; the optimizer options only identify the runs.
      optimizers: Optimizers by the method names of the jobs.
      folder: Folder of the runs.
      time_limit: Time limit of all training.
      extractor: Name of the feature extractor. Empty: the one that suits the data.
      read: Function that returns further vectors to log, by name, from the optimizer state.
    """

    def __init__(
        self,
        config: gan.Config,
        optimizers: Mapping[str, Optimizer],
        folder: Path,
        time_limit: TimeLimit,
        *,
        extractor: str = "",
        read: Callable[[Any], Mapping[str, jax.Array]] = lambda state: {},
    ) -> None:
        self._config, self._folder, self._time_limit = config.check(), folder, time_limit
        self.data = gan.load_data(config.data.source)
        self._about = gan.describe_data(self.data)
        self.trainer = Trainer(config, self.data, optimizers, read)
        name = extractor or gan.default_extractor(self.data)
        self._extractor = gan.build_extractor(name, self.data, print)

    @property
    def facts(self) -> Mapping[str, Any]:
        """Facts of the extractor, which tell trained classifiers apart."""
        return self._extractor.facts

    @property
    def data_name(self) -> str:
        """Name of the data set, without parent folders."""
        return Path(self.data.name).name

    def outcome(self, job: Job) -> dict[str, Any]:
        """Returns the outcome of a job: read from its folder if finished, else trained now.

        Raises:
          ConfigError: If the folder contains another run.
          TimeLimitReached: If the time limit is reached; the state is saved.
        """
        if not self.finished(job):
            clock = self._begin([job])
            end = self.trainer.train(self.folder(job), job, self._time_limit)
            self._finish([job], [end], clock)
        return read_file(self.folder(job) / "outcome.json")

    def outcomes(self, jobs: Sequence[Job], size: int) -> list[dict[str, Any]]:
        """Returns the outcomes of jobs that train together, in one program of `size` runs.

        Args:
          jobs: At most `size` jobs of one method and length.
          size: Number of runs of the program.

        Raises:
          ConfigError: If a folder contains another run.
          TimeLimitReached: If the time limit is reached; all states are saved.
        """
        missing = [job for job in jobs if not self.finished(job)]
        if missing:
            clock = self._begin(missing)
            folders = [self.folder(job) for job in missing]
            ends = train_group(self.trainer, folders, missing, self._time_limit, size)
            self._finish(missing, ends, clock)
        return [self.outcome(job) for job in jobs]

    def _begin(self, jobs: Sequence[Job]) -> tuple[float, float]:
        """Writes the descriptions of jobs, and returns the wall-clock and the CPU time."""
        self._time_limit.check()
        for job in jobs:
            description = json.dumps(self._describe(job), indent=1)
            write_atomically(self.folder(job) / "job.json", description + "\n")
        return self._now()

    def _finish(self, jobs: Sequence[Job], ends: Sequence[End], clock: tuple[float, float]) -> None:
        """Evaluates trained runs and writes their outcomes, with their shares of the time."""
        trained = [now - then for now, then in zip(self._now(), clock, strict=True)]
        for job, (state, diverged_at) in zip(jobs, ends, strict=True):
            folder, before = self.folder(job), self._now()
            found: dict[str, Any] = {"diverged_at": diverged_at, "scores": {}}
            if diverged_at is None:
                found.update(self._evaluate(folder, job, state))
            spent = [
                both / len(jobs) + now - then
                for both, now, then in zip(trained, self._now(), before, strict=True)
            ]
            found["seconds"], found["cpu_seconds"] = (round(seconds, 1) for seconds in spent)
            text = json.dumps({**job._asdict(), **found}, indent=1, default=float)
            write_atomically(folder / "outcome.json", text + "\n")
            shutil.rmtree(folder / "checkpoints", ignore_errors=True)

    @staticmethod
    def _now() -> tuple[float, float]:
        return time.monotonic(), time.process_time()

    def folder(self, job: Job) -> Path:
        """Returns the folder of a job."""
        return self._folder / job.name

    def finished(self, job: Job) -> bool:
        """Returns whether a job is finished.

        Raises:
          ConfigError: If the folder contains another run.
        """
        folder = self.folder(job)
        if (folder / "job.json").exists():
            self._check(folder, job)
        return (folder / "outcome.json").exists()

    def metrics(self, job: Job) -> list[dict[str, Any]]:
        """Returns the records of `metrics.jsonl`."""
        return gan.read_metrics(self.folder(job))

    def samples_path(self, job: Job) -> Path:
        """Returns the path of `samples.png`, which exists only for images."""
        return self.folder(job) / "samples.png"

    def _describe(self, job: Job) -> dict[str, Any]:
        free = {
            "optimizer",
            "learning_rate_min",
            "learning_rate_max",
            "seed",
            "steps",
            "out",
            "devices",
            "evaluate",
        }
        values = {k: v for k, v in self._config.flat().items() if k not in free}
        data = {k: v for k, v in self._about.items() if k != "name"}
        about = {"job": job._asdict(), "config": {**values, "data": None}, "data": data}
        return json.loads(json.dumps(about))

    def _check(self, folder: Path, job: Job) -> None:
        """Raises `ConfigError` if the folder contains another run."""
        old, new = read_file(folder / "job.json"), self._describe(job)
        defaults = gan.Config().flat()
        # A field that is newer than the run had its default.
        parts = (format_changes({**defaults, **old[part]}, new[part]) for part in new)
        if changes := [part for part in parts if part]:
            raise gan.ConfigError(
                f"{folder} contains another run ({'; '.join(changes)}). Choose another folder with "
                "--runs, or give the values of that run to resume it."
            )
        self._check_scores(folder)

    def _check_scores(self, folder: Path) -> None:
        """Raises `ConfigError` if the run in the folder was scored in features of another network.

        Such scores cannot be compared. Every machine trains a classifier of its own.
        """
        path = folder / "outcome.json"
        scored = read_file(path) if path.exists() else {}
        if not scored.get("scores"):  # It is unfinished, or it diverged.
            return
        own = self._extractor
        extractors = (scored["extractor"], scored.get("facts", {})), (own.name, own.facts)
        old, new = (
            f"{name} {json.dumps({k: v for k, v in facts.items() if k != 'test_accuracy'})}"
            for name, facts in extractors
        )
        if old != new:
            raise gan.ConfigError(
                f"{folder} was scored with the extractor {old}, and this command has {new}. Their "
                "scores cannot be compared. Choose another folder with --runs. Or give the "
                "--extractor of that run, and copy minmax_jax/classifier-*.npz from the cache "
                "folder (XDG_CACHE_HOME, by default ~/.cache) of its machine."
            )

    def _evaluate(self, folder: Path, job: Job, state: gan.TrainState) -> dict[str, Any]:
        """Writes `samples.png` and returns the scores of the averaged generator."""
        pair = self.trainer.pair
        stats = gan.recompute_batch_stats(pair, state.ema, state.stats.min)
        samples = gan.draw_samples(pair, state.ema, stats, job.samples, seed=job.seed)
        if self.data.kind == "image":
            shown = gan.draw_samples(pair, state.ema, stats, NUM_SHOWN, seed=0)
            image = gan.image_grid(gan.to_uint8(shown), side=0, columns=10)
            content = io.BytesIO()
            image.save(content, format="png")
            write_atomically(folder / "samples.png", content.getvalue())
        return self._evaluator(job.metrics)(samples)

    @functools.cache  # noqa: B019 - a runner lives as long as its process
    def _evaluator(self, metrics: tuple[str, ...]) -> gan.SampleEvaluator:
        return gan.SampleEvaluator(self.data, self._extractor, metrics or None, note=print)
