"""One-sided stationary points on synthetic games: who reaches them, how fast, and where not.

    python -m experiments.one_sided.theory            # the record: minutes on two cores
    python -m experiments.one_sided.theory --redraw   # the figure again, from the JSON

Three games (`games`): `drift` and `resonance` satisfy the one-sided MVI and not the two-sided one,
`neither` satisfies neither. Every method at five rates of the min player, half a decade apart; the
one with the lowest average of ‖∇_x f‖² on seeds of its own is reported on fresh ones. The max
player's rate is the same for all, constant or falling like 1/√t.
"""

import dataclasses
import json
import os
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np
import tyro

from experiments.one_sided.theory import figure as theory_figure
from experiments.one_sided.theory import games
from experiments.one_sided.theory.sweep import SCHEDULES, Config, horizons_of, rates_of, sweep
from minmax_jax import diagnostics

RESULTS = Path(__file__).parents[2] / "results" / "one_sided" / "theory"
HEADER = (
    "| method | dual rate | noise | min rate | average ‖∇_x f‖² | slope [95 %] | average ‖∇_y f‖² "
    "| squared step of y |"
)
LIPSCHITZ = {"drift": games.DRIFT_LIPSCHITZ_APART, "resonance": games.RESONANCE_LIPSCHITZ_APART}


def run(config: Config) -> dict[str, Any]:
    """Every method on every game."""
    begin, found = time.perf_counter(), {}
    for game in config.games:
        found[game] = {}
        for method in config.methods:
            found[game][method] = cell(config, game, method)
            print(f"{time.perf_counter() - begin:5.0f} s  {game}, {method}", flush=True)
    return {
        "config": dataclasses.asdict(config),
        "command": "python -m experiments.one_sided.theory",
        "hardware": f"{os.cpu_count()} CPU cores",
        "jax": jax.__version__,
        "seconds": round(time.perf_counter() - begin, 1),
        "horizons": horizons_of(config).tolist(),
        "games": found,
    }


def cell(config: Config, game: str, method: str) -> dict[str, Any]:
    """One method on one game; kept on disk, so that a run that was cut short goes on."""
    what = {k: v for k, v in dataclasses.asdict(config).items()
            if k not in ("games", "methods", "runs")}  # fmt: skip
    path = Path(config.runs) / f"{game}-{method}.json"
    if path.exists():
        kept = json.loads(path.read_text())
        if kept["config"] == json.loads(json.dumps(what)):
            return kept["found"]
        raise ValueError(f"{path} is of another configuration; give another --runs.")
    found = summarise(config, game, method, sweep(config, game, method))
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps({"config": what, "found": found}, allow_nan=False))
    unfinished.replace(path)
    return found


def summarise(
    config: Config, game: str, method: str, seen: dict[str, np.ndarray]
) -> dict[str, Any]:
    """The JSON of one method on one game: for each schedule and noise, at its tuned rate."""
    out: dict[str, Any] = {}
    for s, schedule in enumerate(SCHEDULES):
        out[schedule] = {}
        for n, noise in enumerate(config.noises):
            part = {name: values[:, s, n] for name, values in seen.items()}
            tuning = np.median(part["min"][:, config.seeds :, -1], axis=1)
            best = int(np.argmin(np.where(np.isfinite(tuning), tuning, np.inf)))
            kept = {name: values[best, : config.seeds] for name, values in part.items()}
            out[schedule][f"{noise:g}"] = {
                "rate": float(rates_of(method)[best]),
                "tuning": [digits(value) for value in tuning],
                **{name: bands(kept[name]) for name in ("min", "max", "moved")},
                **slope(config, kept["min"]),
            }
            if method == "extragradient" and noise == 0 and game in LIPSCHITZ:
                out[schedule]["bound"] = under_the_bound(config, game, part)
    return out


def bands(values: np.ndarray) -> dict[str, list[float]]:
    """Over seeds, at each horizon: the median and the 10 % and 90 % quantiles."""
    quantiles = np.quantile(values, [0.1, 0.5, 0.9], axis=0)
    return {name: [digits(v) for v in row]
            for name, row in zip(("low", "median", "high"), quantiles, strict=True)}  # fmt: skip


def slope(config: Config, averages: np.ndarray) -> dict[str, Any]:
    """d log(average) / d log T over the last decade: mean over seeds and its 95 % interval."""
    ends = horizons_of(config)
    late = ends >= config.steps / 10
    slopes = [np.polyfit(np.log(ends[late]), np.log(np.maximum(row[late], 1e-300)), 1)[0]
              for row in averages]  # fmt: skip
    seen = diagnostics.bootstrap_interval(np.array(slopes), key=jax.random.key(0), block_size=1)
    return {"slope": [digits(float(part)) for part in seen]}


def under_the_bound(config: Config, game: str, cell: dict[str, np.ndarray]) -> dict[str, Any]:
    """Extragradient against 2‖x_0‖²/(η²T) + (4L²/T) Σ ‖y_{t+½} − y_t‖², at every rate it covers."""
    lipschitz, ends = LIPSCHITZ[game], horizons_of(config)
    seeds = np.arange(config.seeds)
    distance = np.array([float(np.sum(np.square(games.GAMES[game](int(s)).start.min)))
                         for s in seeds])[:, None]  # fmt: skip
    ratios, rates = [], []
    for index, rate in enumerate(rates_of("extragradient")):
        if rate > 1 / (2 * lipschitz) * (1 + 1e-6):
            continue
        motion = 4 * lipschitz**2 * cell["trial"][index, : config.seeds]
        bound = 2 * distance / (rate**2 * ends) + motion
        ratios.append(float(np.max(cell["min"][index, : config.seeds] / bound)))
        rates.append(float(rate))
    return {"rates": rates, "largest_ratio": [digits(r) for r in ratios]}


def digits(value: float) -> float | None:
    """To four digits; None for what JSON has not."""
    return float(f"{value:.4g}") if np.isfinite(value) else None


def describe(result: dict[str, Any]) -> str:
    """The table for `experiments/README.md`."""
    lines = []
    for game, methods in result["games"].items():
        lines += [f"\n{game}\n", HEADER, "|---" * 8 + "|"]
        for method, schedules in methods.items():
            for schedule, noises in schedules.items():
                for noise, cell in noises.items():
                    if noise != "bound":
                        lines.append(row(method, schedule, noise, cell))
        for schedule in SCHEDULES:
            bound = methods.get("extragradient", {}).get(schedule, {}).get("bound")
            if bound:
                lines.append(f"largest (average / bound), {schedule}: {bound}")
    return "\n".join(lines)


def row(method: str, schedule: str, noise: str, cell: dict[str, Any]) -> str:
    mean, low, high = cell["slope"]
    last = {name: cell[name]["median"][-1] for name in ("min", "max", "moved")}
    return (
        f"| {method} | {schedule} | {noise} | {cell['rate']:.2g} | {last['min']:.2g} "
        f"| {mean:.2f} [{low:.2f}, {high:.2f}] | {last['max']:.2g} | {last['moved']:.2g} |"
    )


def main(config: Config, *, redraw: bool = False, out: Path = RESULTS) -> None:
    """Who reaches one-sided stationary points of synthetic games.

    Args:
      config: what is run.
      redraw: draw the figure again from the JSON, without running anything.
      out: the folder of the JSON and the figure.
    """
    path = out / "theory.json"
    if not redraw:
        result = run(config)
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    result = json.loads(path.read_text())
    theory_figure.draw(result, path.with_suffix(".png"))
    print(describe(result), f"Written: {path}, {path.with_suffix('.png')}", sep="\n")


if __name__ == "__main__":
    tyro.cli(main, config=(tyro.conf.OmitArgPrefixes,))
