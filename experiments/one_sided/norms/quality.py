"""Quality of the generator along a run, and the rule for a successful run."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from experiments._shared.rounding import round_significant
from experiments.one_sided.trajectories.problems import Problem
from minmax_jax import gan

NUM_SAMPLES = 2000
METRICS = {"vector": ("modes",), "image": ("frechet", "classes")}
"""Metrics by kind of data; those that the data do not allow are left out."""
SCORES = {
    "data_distance": "distance from the data",
    "modes_covered": "modes",
    "high_quality_share": "share of samples at modes",
    "frechet_distance": "Fréchet distance",
    "classes_covered": "classes",
}
"""Labels of the recorded scores."""
TOTALS = {"modes_covered": "num_modes", "classes_covered": "num_classes"}
"""Score that contains the number of all modes or classes."""
MAX_FRECHET = 0.25
"""Largest Fréchet distance of a successful run, relative to the distance before training."""
MAX_DATA_DISTANCE = 0.1
"""Largest distance from the data of a successful Dirac-GAN; starts have standard deviation 1."""

Evaluate = Callable[[Any], dict[str, Any]]
"""Function from the parameters of a generator to its scores."""


def evaluator(problem: Problem) -> Evaluate:
    """Returns a function that scores a generator.

    A Dirac-GAN has its data at 0, and its generator is one point: the score is the distance of the
    two. Other scores are those of the trainer, for samples from latents that are the same every
    time. The parameters are those whose gradient norm is measured, not their moving average.
    BatchNorm statistics are recomputed for them. No random number of the training or of the
    gradient norms is used.
    """
    if problem.data is None or problem.pair is None:
        return lambda params: {"data_distance": abs(float(params["theta"]))}
    data, pair = problem.data, problem.pair
    extractor = gan.build_extractor(gan.default_extractor(data), data, print)
    known = (m for m in METRICS[data.kind] if not gan.METRICS[m].missing(data, extractor))
    score = gan.SampleEvaluator(data, extractor, tuple(known), note=print)

    def evaluate(params: Any) -> dict[str, Any]:
        stats = gan.recompute_batch_stats(pair, params, pair.generator.stats)
        return score(gan.draw_samples(pair, params, stats, NUM_SAMPLES))["scores"]

    return evaluate


def summarize(rows: list[list[dict[str, Any]]]) -> dict[str, Any]:
    """Collects scores of generators into one table per score.

    Args:
      rows: Scores by time and seed. Scores of generators whose samples are not finite are missing.

    Returns:
      Values over (seed, time), None where missing, and the numbers of all modes and classes.
    """
    found = {name: value for row in rows for scores in row for name, value in scores.items()}
    by_seed = list(zip(*rows, strict=True))
    values = {
        name: [[round_significant(s.get(name, np.nan)) for s in seed] for seed in by_seed]
        for name in SCORES
        if name in found
    }
    totals = {total: int(found[total]) for total in TOTALS.values() if total in found}
    return json.loads(json.dumps({**values, **totals}))


def successes(quality: dict[str, Any]) -> np.ndarray:
    """Returns whether each generator is good, over (seed, time).

    All modes or classes must be covered, the Fréchet distance must be at most `MAX_FRECHET` times
    the distance before training, and the point of a Dirac-GAN must be within `MAX_DATA_DISTANCE`
    of the data. A score that is missing counts as failed.
    """
    parts = []
    for name, total in TOTALS.items():
        if name in quality:
            parts.append(np.array(quality[name], float) == quality[total])
    if "frechet_distance" in quality:
        distance = np.array(quality["frechet_distance"], float)
        parts.append(distance <= MAX_FRECHET * distance[:, :1])
    if "data_distance" in quality:
        parts.append(np.array(quality["data_distance"], float) <= MAX_DATA_DISTANCE)
    return np.logical_and.reduce(parts)


def last(quality: dict[str, Any], name: str) -> list[float | None]:
    """Returns the score of each seed at the end of the run."""
    return [row[-1] for row in quality[name]]


def main_score(quality: dict[str, Any]) -> str:
    """Returns the name of the score that figures and tables show."""
    names = ("modes_covered", "frechet_distance", "data_distance")
    return next(name for name in names if name in quality)
