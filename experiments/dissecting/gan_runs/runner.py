"""Runs of a GAN under any optimizer, each in a folder of its own, a method's all in one program.

FOLDER/NAME/job.json       what is trained; a folder of anything else is refused
FOLDER/NAME/metrics.jsonl  norms of gradients and of updates along the run
FOLDER/NAME/checkpoints    only of a run that was interrupted
FOLDER/NAME/outcome.json   the scores, or where it diverged; what has it is not run again
FOLDER/NAME/samples.png    the same latents in every run
"""

import functools
import json
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax

from experiments.dissecting.gan_runs.training import Clock, Job, Optimizer, Trainer
from minmax_jax import gan
from minmax_jax.gan import data as data_lib
from minmax_jax.gan.evaluation import evaluator, features
from minmax_jax.gan.generation import image_io, sampling
from minmax_jax.gan.run import run_folder
from minmax_jax.gan.training import step as step_lib

SHOWN = 40
"""Samples of `samples.png`, in rows of ten."""


class Workshop:
    """Trains and judges the runs of one setting.

    Args:
      config: networks, loss, data and batch; its optimizer, rates, seed and steps are of no
        effect, its options identify the runs.
      optimizers: by the names that jobs use.
      folder: where the runs are.
      clock: when to stop.
      extractor: one of `features.EXTRACTORS`; empty takes what suits the data.
      read: of the optimizer's state what is logged besides, arrays by name.
    """

    def __init__(
        self,
        config: gan.Config,
        optimizers: Mapping[str, Optimizer],
        folder: Path,
        clock: Clock,
        *,
        extractor: str = "",
        read: Callable[[Any], Mapping[str, jax.Array]] = lambda state: {},
    ) -> None:
        self._config, self._folder, self._clock = config.check(), folder, clock
        self.data = data_lib.load(config.data.source)
        self._about = run_folder.describe(self.data)
        self.trainer = Trainer(config, self.data, optimizers, read)
        self._extractor = features.build(extractor or features.default(self.data), self.data, print)

    @property
    def data_name(self) -> str:
        """What was loaded, without the folders above it."""
        return Path(self.data.name).name

    def outcome(self, job: Job) -> dict[str, Any]:
        """Returns how a job came out, from its folder if it is finished, else trained now.

        Raises:
          ConfigError: the folder holds another run.
          PieceOver: there is no more time.
        """
        folder = self._folder / job.name
        if self.finished(job):
            return json.loads((folder / "outcome.json").read_text())
        self._clock.check()
        self._open(folder, job)
        began, cpu = time.monotonic(), time.process_time()
        state, diverged_at = self.trainer.train(folder, job, self._clock)
        found = {"diverged_at": diverged_at, "scores": {}}
        if diverged_at is None:
            found.update(self._judge(folder, job, state))
        found["seconds"] = round(time.monotonic() - began, 1)
        found["cpu_seconds"] = round(time.process_time() - cpu, 1)
        text = json.dumps({**job._asdict(), **found}, indent=1, default=float)
        run_folder.write_atomically(folder / "outcome.json", text + "\n")
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
        return json.loads(text)

    def finished(self, job: Job) -> bool:
        """Whether a job need not be run; checks that it is this one."""
        folder = self._folder / job.name
        if (folder / "job.json").exists():
            self._check(folder, job)
        return (folder / "outcome.json").exists()

    def metrics(self, job: Job) -> list[dict[str, Any]]:
        """Returns the lines of `metrics.jsonl`."""
        return run_folder.read_metrics(self._folder / job.name)

    def picture(self, job: Job) -> Path:
        """Returns where the samples of a run are."""
        return self._folder / job.name / "samples.png"

    def _describe(self, job: Job) -> dict[str, Any]:
        free = {"optimizer", "learning_rate_min", "learning_rate_max", "seed", "steps",
                "out", "devices", "evaluate"}  # fmt: skip
        values = {k: v for k, v in self._config.flat().items() if k not in free}
        data = {k: v for k, v in self._about.items() if k != "name"}
        about = {"job": job._asdict(), "config": {**values, "data": None}, "data": data}
        return json.loads(json.dumps(about))

    def _check(self, folder: Path, job: Job) -> None:
        old, new = json.loads((folder / "job.json").read_text()), self._describe(job)
        defaults = gan.Config().flat()
        changes = [
            f"{name}: {old[part].get(name)!r} -> {new[part].get(name)!r}"
            for part in new
            for name in new[part]
            if old[part].get(name, defaults.get(name)) != new[part][name]
        ]
        if changes:
            raise gan.ConfigError(
                f"{folder} holds another run ({'; '.join(changes)}); give another folder by "
                "--runs, or its own values to go on with it"
            )

    def _open(self, folder: Path, job: Job) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self._describe(job), indent=1) + "\n"
        run_folder.write_atomically(folder / "job.json", text)

    def _judge(self, folder: Path, job: Job, state: step_lib.TrainState) -> dict[str, Any]:
        pair = self.trainer.pair
        settled = sampling.settle(pair, state.ema, state.stats.min)
        drawn = sampling.draw(pair, state.ema, settled, job.samples, seed=job.seed)
        if self.data.kind == "image":
            shown = sampling.draw(pair, state.ema, settled, SHOWN, seed=0)
            picture = image_io.grid(image_io.to_uint8(shown), side=0, columns=10)
            picture.save(folder / "samples.png")
        return self._judge_of(job.metrics)(drawn)

    @functools.cache  # noqa: B019  a workshop lives as long as its process
    def _judge_of(self, metrics: tuple[str, ...]) -> evaluator.Judge:
        return evaluator.Judge(self.data, self._extractor, metrics or None, note=print)
