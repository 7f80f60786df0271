"""Correlates norm ratios of runs of `images` with their Fréchet distances."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from experiments._shared.command import fail
from minmax_jax import gan

NORMS = {"gradients": "used_gradient_norm", "updates": "update_norm"}
"""Name of the norm in `metrics.jsonl`, by kind of ratio."""
ALL = "all methods"
MIN_RUNS = 5
"""Smallest number of runs with a correlation."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Correlate norm ratios along the runs of images with their final Fréchet distance."""

    runs: str = "runs/images"
    """Folder of the runs of images."""
    resamples: int = 2000
    """Bootstrap resamples."""
    seed: int = 0
    """Bootstrap seed."""


def run(config: Config) -> dict[str, Any]:
    """Returns the result; exits with one line if there are no finished runs."""
    folders = sorted(path.parent for path in Path(config.runs).glob("*/outcome.json"))
    if not folders:
        fail(f"error: runs={config.runs} contains no finished run of images")
    points = [read_point(folder) for folder in folders]
    return {"resamples": config.resamples, "points": points, "rows": analyze(points, config)}


def read_point(folder: Path) -> dict[str, Any]:
    """Returns method, learning rates, length, Fréchet distance and median ratios of a run."""
    outcome = json.loads((folder / "outcome.json").read_text())
    records = gan.read_metrics(folder)
    ratios = {name: median_ratio(records, norm) for name, norm in NORMS.items()}
    kept = {key: outcome[key] for key in ("method", "rates", "seed", "steps", "diverged_at")}
    return {**kept, **ratios, "distance": outcome["scores"].get("frechet_distance")}


def median_ratio(records: list[dict[str, Any]], norm: str) -> float | None:
    """Returns the median of max / min over the records in which both norms are positive."""
    pairs = [(record.get(f"{norm}_max"), record.get(f"{norm}_min")) for record in records]
    ratios = [high / low for high, low in pairs if high and low]
    return float(np.median(ratios)) if ratios else None


def correlation(
    first: np.ndarray, second: np.ndarray, resamples: int, seed: int
) -> dict[str, float | None]:
    """Computes Spearman's rank correlation with a 95 % bootstrap interval over runs."""
    picked = np.random.default_rng(seed).integers(0, len(first), (resamples, len(first)))
    value = _spearman(first[None], second[None])[0]
    resampled = _spearman(first[picked], second[picked])
    resampled = resampled[np.isfinite(resampled)]  # A resample of a single run has no correlation.
    if not (math.isfinite(value) and len(resampled)):
        return {"value": None, "low": None, "high": None}
    low, high = np.quantile(resampled, [0.025, 0.975])
    return {"value": float(value), "low": float(low), "high": float(high)}


def _spearman(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Computes Spearman's correlation of each row, NaN for constant rows."""
    ranks = [stats.rankdata(values, axis=1) for values in (first, second)]
    one, two = (rank - rank.mean(1, keepdims=True) for rank in ranks)
    scale = np.sqrt((one**2).sum(1) * (two**2).sum(1))
    return np.where(scale > 0, (one * two).sum(1) / np.where(scale > 0, scale, 1), np.nan)


def analyze(points: list[dict[str, Any]], config: Config) -> list[dict[str, Any]]:
    """Returns one row per run length, kind of ratio and method, and rows over all methods."""
    rows = []
    for steps in sorted({point["steps"] for point in points}):
        same_length = [point for point in points if point["steps"] == steps]
        for method in (ALL, *sorted({point["method"] for point in same_length})):
            chosen = [point for point in same_length if method in (ALL, point["method"])]
            for kind in NORMS:
                known = [p for p in chosen if p["distance"] is not None and p[kind] is not None]
                if len(known) >= MIN_RUNS:
                    about = {"steps": steps, "method": method, "ratio": kind}
                    left_out = len(chosen) - len(known)
                    rows.append({**about, "left_out": left_out, **_row(known, kind, config)})
    return rows


def _row(points: list[dict[str, Any]], kind: str, config: Config) -> dict[str, Any]:
    distances = np.array([point["distance"] for point in points])
    logs = np.log([point[kind] for point in points])
    best = logs[np.argsort(distances)[: max(1, len(logs) // 5)]]
    return {
        "runs": len(points),
        "near_one": correlation(np.abs(logs), distances, config.resamples, config.seed),
        "signed": correlation(logs, distances, config.resamples, config.seed),
        "best_fifth": [float(np.exp(q)) for q in np.quantile(best, [0.25, 0.5, 0.75])],
        "range": [float(np.exp(q)) for q in (logs.min(), logs.max())],
    }
