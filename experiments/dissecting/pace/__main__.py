"""Is it better when both players move at the same pace? Every run of `images` is a point.

    python -m experiments.dissecting.pace --runs runs/images
    python -m experiments.dissecting.pace --redraw

A run's ratio is the median over its logged updates of ‖discriminator‖ / ‖generator‖, of gradients
and of updates. Runs that diverged have no distance: they are counted, and left out. Tuning runs and
final ones differ in length and are kept apart. Runs of one method differ mostly in their rates,
so that a correlation says what goes together, not what causes what.
"""

import dataclasses
import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from scipy import stats

from experiments.dissecting.pace import figure as pace_figure
from minmax_jax.gan.run import run_folder

RESULTS = Path(__file__).parents[2] / "results" / "dissecting" / "pace"
NORMS = {"gradients": "used_gradient_norm", "updates": "update_norm"}
ALL = "all methods"


@dataclasses.dataclass(frozen=True)
class Config:
    """Ratios of norms along the runs of `images` against their final Fréchet distance."""

    runs: str = "runs/images"
    """Folder of the runs of `images`."""
    resamples: int = 2000
    """Resamples of the bootstrap."""
    seed: int = 0
    """Seed of the bootstrap."""


def point(folder: Path) -> dict[str, Any]:
    """Returns what is known of a run: method, rates, length, distance, median ratios."""
    outcome = json.loads((folder / "outcome.json").read_text())
    lines = run_folder.read_metrics(folder)
    ratios = {name: median_ratio(lines, norm) for name, norm in NORMS.items()}
    kept = {key: outcome[key] for key in ("method", "rates", "seed", "steps", "diverged_at")}
    return {**kept, **ratios, "distance": outcome["scores"].get("frechet_distance")}


def median_ratio(lines: list[dict[str, Any]], norm: str) -> float | None:
    """The median of max / min over the lines where both are positive; None where there is none."""
    pairs = [(line.get(f"{norm}_max"), line.get(f"{norm}_min")) for line in lines]
    ratios = [high / low for high, low in pairs if high and low]
    return float(np.median(ratios)) if ratios else None


def correlation(
    first: np.ndarray, second: np.ndarray, resamples: int, seed: int
) -> dict[str, float | None]:
    """Spearman's rank correlation with the 95 % percentiles of a bootstrap over runs."""
    picked = np.random.default_rng(seed).integers(0, len(first), (resamples, len(first)))
    value = _spearman(first[None], second[None])[0]
    resampled = _spearman(first[picked], second[picked])
    resampled = resampled[np.isfinite(resampled)]  # a resample of one run alone has none
    if not (math.isfinite(value) and len(resampled)):
        return {"value": None, "low": None, "high": None}
    low, high = np.quantile(resampled, [0.025, 0.975])
    return {"value": float(value), "low": float(low), "high": float(high)}


def _spearman(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Row by row; NaN where a row is constant."""
    ranks = [stats.rankdata(values, axis=1) for values in (first, second)]
    one, two = (rank - rank.mean(1, keepdims=True) for rank in ranks)
    scale = np.sqrt((one**2).sum(1) * (two**2).sum(1))
    return np.where(scale > 0, (one * two).sum(1) / np.where(scale > 0, scale, 1), np.nan)


def analyse(points: list[dict[str, Any]], config: Config) -> list[dict[str, Any]]:
    """One row for each length of runs, kind of ratio, and method or all of them."""
    rows = []
    for steps in sorted({p["steps"] for p in points}):
        long = [p for p in points if p["steps"] == steps]
        for method in (ALL, *sorted({p["method"] for p in long})):
            own = [p for p in long if method in (ALL, p["method"])]
            for kind in NORMS:
                known = [p for p in own if p["distance"] is not None and p[kind] is not None]
                if len(known) >= 5:
                    about = {"steps": steps, "method": method, "ratio": kind}
                    left_out = len(own) - len(known)
                    rows.append({**about, "left_out": left_out, **_row(known, kind, config)})
    return rows


def _row(points: list[dict[str, Any]], kind: str, config: Config) -> dict[str, Any]:
    distances = np.array([p["distance"] for p in points])
    logs = np.log([p[kind] for p in points])
    best = logs[np.argsort(distances)[: max(1, len(logs) // 5)]]
    return {
        "runs": len(points),
        "near_one": correlation(np.abs(logs), distances, config.resamples, config.seed),
        "signed": correlation(logs, distances, config.resamples, config.seed),
        "best_fifth": [float(np.exp(q)) for q in np.quantile(best, [0.25, 0.5, 0.75])],
        "range": [float(np.exp(q)) for q in (logs.min(), logs.max())],
    }


def table(result: dict[str, Any]) -> str:
    """Markdown: ρ(|log ratio|, distance), positive where a ratio near 1 is better."""
    lines = [
        "| updates | ratio of | methods | runs (left out) | ρ of \\|log ratio\\| and distance "
        "| ρ of ratio and distance | median ratio of the best fifth [quartiles] |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        low, middle, high = row["best_fifth"]
        lines.append(
            f"| {row['steps']} | {row['ratio']} | {row['method']} | {row['runs']} "
            f"({row['left_out']}) | {_text(row['near_one'])} | {_text(row['signed'])} | "
            f"{middle:.2g} [{low:.2g}, {high:.2g}] |"
        )
    return "\n".join(lines)


def _text(found: dict[str, float | None]) -> str:
    if found["value"] is None:
        return "none"
    return f"{found['value']:.2f} [{found['low']:.2f}, {found['high']:.2f}]"


def main(config: Config, *, redraw: bool = False, out: Path = RESULTS) -> None:
    """Is a ratio of norms near one better?

    Args:
      config: what is read.
      redraw: print the table and draw the figure again from the JSON.
      out: the folder of the JSON and the figure.
    """
    path = out / "pace.json"
    if not redraw:
        folders = sorted(p.parent for p in Path(config.runs).glob("*/outcome.json"))
        if not folders:
            print(f"error: runs={config.runs} holds no finished run of images", file=sys.stderr)
            raise SystemExit(2)
        points = [point(folder) for folder in folders]
        result = {"resamples": config.resamples, "points": points, "rows": analyse(points, config)}
        out.mkdir(parents=True, exist_ok=True)
        run_folder.write_atomically(path, json.dumps(result, indent=1, allow_nan=False) + "\n")
    elif not path.exists():
        print(f"error: {path} does not exist; run without --redraw first", file=sys.stderr)
        raise SystemExit(2)
    result = json.loads(path.read_text())
    pace_figure.draw(result, out / "pace.png")
    print(table(result))


if __name__ == "__main__":
    tyro.cli(main, config=(tyro.conf.OmitArgPrefixes,))
