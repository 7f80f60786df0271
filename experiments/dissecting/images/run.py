"""Trains all runs of the image experiment and records their results."""

from pathlib import Path
from typing import Any

from experiments._shared.command import describe
from experiments._shared.files import write_atomically, write_json
from experiments._shared.time_limit import TimeLimit
from experiments.dissecting.gan_runs.runner import Runner
from experiments.dissecting.images.config import Config, training_config
from experiments.dissecting.images.figure import SHOWN_SEEDS, samples_path
from experiments.dissecting.images.methods import optimizers
from experiments.dissecting.images.recorded import check_grids, recorded_tuning
from experiments.dissecting.images.tuning import final_job, make_progress, tune


def make_runner(config: Config) -> Runner:
    """Returns the runner of a configuration without missing values."""
    return Runner(
        training_config(config),
        optimizers(config.b1, config.b2 or 0.0),
        Path(config.runs),
        TimeLimit(config.time_limit),
        extractor=config.extractor,
    )


def record(config: Config, out: Path) -> None:
    """Trains the missing runs, and writes the JSON file after each method.

    Raises:
      TimeLimitReached: If the time limit is reached; finished runs are saved.
    """
    recorded = recorded_tuning(config, config.tuned) if config.tuned else {}
    runner = make_runner(config)
    check_grids(config, runner.data_name, runner.facts)
    progress = make_progress(config, runner)
    methods: dict[str, Any] = {}
    locations = {
        "data": runner.data_name,
        **{n: [Path(path).name for path in getattr(config, n)] for n in ("tuned", "grids")},
    }
    for method in config.methods:
        tuning = recorded[method] if config.tuned else tune(config, progress, method)
        best = next(tuple(cell["rates"]) for cell in tuning if cell["chosen"])
        jobs = [final_job(config, method, best, seed) for seed in range(config.seeds or 0)]
        final = progress.outcomes(jobs)
        methods[method] = {"tuning": tuning, "best": list(best), "final": final}
        result = {**describe(config, **locations), "methods": methods}
        write_json(out / f"{config.size}.json", result, indent=1)
        for job in jobs[:SHOWN_SEEDS]:
            samples = runner.samples_path(job)
            if samples.exists():
                path = samples_path(out, config.size, method, job.seed)
                write_atomically(path, samples.read_bytes())
