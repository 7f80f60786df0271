"""Trains all runs in stages and evaluates them after each stage."""

import json
from pathlib import Path
from typing import Any

from experiments._shared.command import describe
from experiments._shared.files import only_writer, write_json
from experiments.greedy.cifar.config import METHODS, Config
from experiments.greedy.cifar.scores import headline
from minmax_jax import gan


def run(config: Config) -> dict[str, Any]:
    """Trains the missing stages, each stage of all runs before the next stage.

    Returns:
      The content of the JSON file.

    Raises:
      ConfigError: If the length of a stage does not divide the length of a run.
    """
    if config.every < 1 or config.steps % config.every:
        raise gan.ConfigError(f"every={config.every} must divide steps={config.steps}")
    left = config.stages or -1
    for end in range(config.every, config.steps + 1, config.every):
        for seed in range(config.seeds):
            for method in METHODS:
                folder = run_folder(config, method, seed)
                done = read(folder)
                if len(done) < end // config.every and left:
                    with only_writer(folder.with_suffix(".json")):
                        scores = train_stage(config, method, seed, end, folder)
                        write_json(folder.with_suffix(".json"), [*done, {"step": end, **scores}])
                    left -= 1
    return {
        **describe(config),
        "methods": {
            method: [
                {"seed": seed, "scores": read(run_folder(config, method, seed))}
                for seed in range(config.seeds)
            ]
            for method in METHODS
        },
    }


def run_folder(config: Config, method: str, seed: int) -> Path:
    """Returns the folder of a run, named after all that differs between runs."""
    data = Path(config.data).name
    name = f"{data}-{config.network}-w{config.width}-b{config.batch}-{method}-s{seed}"
    return Path(config.runs) / name


def train_stage(config: Config, method: str, seed: int, end: int, folder: Path) -> dict[str, Any]:
    """Trains one run up to update `end` and returns its scores."""
    done = gan.train(
        gan.preset(
            "cifar10",
            data=config.data,
            out=str(folder),
            seed=seed,
            steps=end,
            optimizer="greedy_adam",
            options={"b1": 0.5, **METHODS[method]},
            learning_rate_min=config.learning_rate,
            learning_rate_max=config.learning_rate,
            network=config.network,
            width=config.width,
            latent_dim=config.latent_dim,
            batch_size=config.batch,
            ema_decay=0.0,
            evaluate=config.evaluate,
            log_every=min(100, config.every),
            checkpoint_every=config.every,
        )
    )
    record = next(r for r in reversed(done.metrics) if "acceptance_rate" in r)
    scores = headline(done.summary)
    return {**scores, "acceptance_rate": record["acceptance_rate"], "seconds": record["seconds"]}


def read(folder: Path) -> list[dict[str, Any]]:
    """Returns the scores of the finished stages of a run."""
    path = folder.with_suffix(".json")
    return json.loads(path.read_text()) if path.exists() else []
