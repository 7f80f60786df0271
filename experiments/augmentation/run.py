"""Trains the arms of the comparison and scores their checkpoints."""

import dataclasses
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments._shared.command import environment
from experiments._shared.files import read_or_compute
from minmax_jax import gan

ARMS = {"none": "", "diffaugment": "color,translation,cutout"}
"""Transformations of each arm, as `--augment` takes them."""

TUNED_ON = (0,)
"""Seeds on which the learning rate and the number of updates were chosen. The others are new."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Runs of the comparison."""

    data: str = "ylecun/mnist"
    """Dataset with training and held-out images."""
    num_images: int = 1000
    """Number of training images, drawn at random, the same ones for all runs."""
    network: str = "mlp"
    """Architecture of both networks."""
    width: int = 256
    """Width of both networks."""
    learning_rate: float = 1e-3
    """Learning rate of both players (Adam with b1 = 0.5)."""
    seeds: int = 3
    """Number of seeds per arm."""
    steps: int = 8000
    """Updates per run."""
    every: int = 1000
    """Updates between two scores."""
    num_samples: int = 5000
    """Samples per score."""
    runs: str = "runs/augmentation"
    """Folder of the runs."""


def run(config: Config) -> dict[str, Any]:
    """Runs both arms, one seed of each before the next seed.

    Returns:
      The content of the JSON file.

    Raises:
      ConfigError: If the number of steps is not a multiple of `every`.
    """
    if config.steps < config.every or config.steps % config.every:
        raise gan.ConfigError(
            f"steps must be a multiple of every={config.every}, got {config.steps}. Change one."
        )
    full = gan.load_data(config.data)
    few = choose(full, config.num_images)
    gan.DATA_SETS.register("few_images", lambda: few)
    extractor = gan.build_extractor(gan.default_extractor(full), full, print)
    # The evaluator calls its reference the training examples. Here, the reference are the images
    # that were not used for training, and its baseline are the images that were.
    judged = full._replace(
        images=full.test_images,
        labels=full.test_labels,
        test_images=few.images,
        test_labels=few.labels,
    )
    evaluator = gan.SampleEvaluator(judged, extractor, ["frechet"])
    found: dict[str, list[Any]] = {arm: [] for arm in ARMS}
    facts: dict[str, Any] = {}
    for seed in range(config.seeds):
        for arm, policy in ARMS.items():
            folder = Path(config.runs) / f"{config.network}-{config.num_images}-{arm}-s{seed}"
            one_run = configuration(config, folder, policy, seed)
            gan.train(one_run)
            path = folder / f"scores-{config.steps}-{config.num_samples}.json"

            def compute(one_run: gan.Config = one_run) -> Any:
                return score(config, one_run, few, evaluator)

            one = read_or_compute(path, compute)
            print(folder.name, one["scores"][-1], flush=True)
            found[arm].append(one["scores"])
            facts = one["facts"]
    return {
        "config": {k: v for k, v in dataclasses.asdict(config).items() if k != "runs"},
        "augment": ARMS,
        **environment(),
        **facts,
        "tuned_on_seeds": list(TUNED_ON),
        "spread": {arm: spread(runs) for arm, runs in found.items()},
        "scores": found,
    }


def spread(runs: list[list[dict[str, Any]]]) -> dict[str, dict[str, float]]:
    """Returns mean, smallest and largest distance over the seeds: the last one and the lowest."""
    distances = [[one["frechet_distance"] for one in scores] for scores in runs]
    found = {"last": [seed[-1] for seed in distances], "lowest": [min(seed) for seed in distances]}
    return {
        name: {"mean": sum(values) / len(values), "min": min(values), "max": max(values)}
        for name, values in found.items()
    }


def choose(full: gan.Data, count: int) -> gan.Data:
    """Returns a dataset with some of the training images, drawn at random."""
    rows = np.random.default_rng(0).permutation(len(full.images))[:count]
    labels = None if full.labels is None else full.labels[rows]
    return full._replace(images=full.images[rows], labels=labels, name="few_images")


def configuration(config: Config, folder: Path, policy: str, seed: int) -> gan.Config:
    """Returns the configuration of one run."""
    return gan.preset(
        "mnist",
        data="few_images",
        augment=policy,
        network=config.network,
        width=config.width,
        learning_rate_min=config.learning_rate,
        learning_rate_max=config.learning_rate,
        options={"b1": 0.5},
        seed=seed,
        steps=config.steps,
        checkpoint_every=config.every,
        keep=config.steps // config.every,
        log_every=config.every,
        evaluate=0,
        devices=1,
        out=str(folder),
    )


def score(
    config: Config, run: gan.Config, data: gan.Data, evaluator: gan.SampleEvaluator
) -> dict[str, Any]:
    """Scores all checkpoints of a run, with the averaged parameters."""
    pair = gan.build_pair(run, data.images.shape[1:])
    latents = np.random.default_rng(0).normal(size=(config.num_samples, pair.latent_dim))
    latents = jnp.asarray(latents, jnp.float32)

    @jax.jit
    def generate(params: Any, stats: Any) -> jax.Array:
        return pair.generator.apply(params, stats, latents, train=False)[0]

    checkpoints, scores, facts = gan.Checkpoints(Path(run.run.out) / "checkpoints", print), [], {}
    for step in range(config.every, config.steps + 1, config.every):
        found = checkpoints.restore(step, ["ema", "stats/min"])
        assert found is not None  # `gan.train` has saved it.
        params = gan.fill_checkpoint(pair.generator.params, found[1], "ema")
        stats = gan.fill_checkpoint(pair.generator.stats, found[1], "stats/min")
        if jax.tree.leaves(stats):  # BatchNorm needs the statistics of the averaged parameters.
            stats = gan.recompute_batch_stats(pair, params, stats)
        record = evaluator(np.asarray(generate(params, stats)))
        scores.append({"step": step, **record["scores"]})
        reference = f"{record['num_reference']} held-out images of {config.data}"
        protocol = {**record["protocol"], "reference": reference}
        facts = {"protocol": protocol, "training_images": record["held_out"]}
    return {"facts": facts, "scores": scores}
