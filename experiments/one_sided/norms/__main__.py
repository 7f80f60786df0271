"""Does G's gradient vanish while D's stays high? Norms without minibatch noise, along runs.

    python -m experiments.one_sided.norms                              # gaussians, 5 seeds
    python -m experiments.one_sided.norms --preset dirac               # also dirac-penalty
    python -m experiments.one_sided.norms --preset mnist --seeds 3 --steps 2000 --piece-seconds 500
    python -m experiments.one_sided.norms --preset gaussians --redraw

Six methods, each with a constant and with a 1/√t rate of the max player, at the trainer's rates. At
25 times the squared norms of both players' gradients are estimated without bias (`noise_floor`),
of the loss that each player descends and of the saturating payoff. A run that is cut short by
`--piece-seconds` goes on at the next call.
"""

import json
import math
import os
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np
import tyro

import minmax_jax as mm
from experiments._shared.intervals import mean_interval
from experiments.one_sided.norms import figure as norms_figure
from experiments.one_sided.trajectories import problems, trajectory
from experiments.one_sided.trajectories.trajectory import Config

RESULTS = Path(__file__).parents[2] / "results" / "one_sided" / "norms"
NUM_DRAWS = 8
FIELDS = ("descended", "saturating")
SIDES = mm.Players._fields


def measure(config: Config, problem: problems.Problem, method: str, dual: bool) -> dict[str, Any]:
    """Norms along one method's runs, over (seed, time)."""

    @jax.jit
    def at(players: mm.Players, key: jax.Array) -> Any:
        def one(z: mm.Players) -> Any:
            fields = {name: getattr(problem, name) for name in FIELDS}
            floors = {name: mm.diagnostics.noise_floor(field_fn, z, NUM_DRAWS, key=key)
                      for name, field_fn in fields.items()}  # fmt: skip
            return floors, mm.diagnostics.player_norms(z)

        return jax.vmap(one)(players)

    rows, steps = [], []
    for snapshot in trajectory.snapshots(config, problem, method, dual):
        key = jax.random.fold_in(jax.random.key(11), snapshot.step)
        rows.append(jax.tree.map(np.asarray, at(snapshot.players, key)))
        steps.append(snapshot.step)
    floors, parameters = jax.tree.map(lambda *leaves: np.stack(leaves, axis=-1), *rows)
    return {
        "steps": steps,
        "parameter_norm": {side: digits(getattr(parameters, side)) for side in SIDES},
        **{
            name: {
                side: {part: digits(getattr(getattr(floors[name], part), side))
                       for part in ("raw", "corrected", "stderr")}
                for side in SIDES
            }
            for name in FIELDS
        },
        "slopes": {name: {side: slope(steps, floors[name], side) for side in SIDES}
                   for name in FIELDS},
    }  # fmt: skip


def slope(steps: list[int], floor: mm.diagnostics.NoiseFloor, side: str) -> dict[str, Any]:
    """d log ‖E F‖ / d log t after a tenth of the run: mean over seeds, 95 % t-interval.

    Estimates below their standard error are set to it, which makes a fall look smaller.
    """
    late = np.array(steps) >= steps[-1] / 10
    squares, errors = (getattr(part, side)[:, late] for part in (floor.corrected, floor.stderr))
    usable = np.maximum(np.maximum(squares, errors), 1e-30)
    if not np.isfinite(usable).all():
        return {"mean": None, "low": None, "high": None, "below_noise": None}
    times = np.log(np.array(steps)[late])
    slopes = [np.polyfit(times, 0.5 * np.log(row), 1)[0] for row in usable]
    mean, low, high = t_interval(slopes)
    return {"mean": mean, "low": low, "high": high,
            "below_noise": float(np.mean(squares < errors))}  # fmt: skip


def t_interval(values: Any) -> tuple[float, float | None, float | None]:
    """Mean over seeds, and its 95 % interval by Student's t; none of a single seed."""
    mean, low, high = mean_interval(values)
    return (mean, low, high) if math.isfinite(low) else (mean, None, None)


def digits(values: Any) -> Any:
    """To four digits; None for what JSON has not."""
    if np.ndim(values):
        return [digits(value) for value in values]
    return float(f"{values:.4g}") if np.isfinite(values) else None


def sizes(problem: problems.Problem) -> dict[str, int]:
    players = problem.start(0)
    return {side: sum(np.size(leaf) for leaf in jax.tree.leaves(getattr(players, side)))
            for side in SIDES}  # fmt: skip


def run(config: Config) -> dict[str, Any] | None:
    """Trains and measures everything; None if a piece's time ran out."""
    begin, problem = time.perf_counter(), trajectory.make_problem(config)
    found: dict[str, Any] = {}
    for method in config.methods:
        for dual in (False, True):
            name = f"{method}, {'dual decay' if dual else 'constant'}"
            if not trajectory.train(config, problem, method, dual):
                print(f"stopped in {name}; the same command goes on from there")
                return None
            found[name] = measure(config, problem, method, dual)
            print(f"{time.perf_counter() - begin:5.0f} s  {name}", flush=True)
    return {
        "preset": config.preset, "steps": config.steps, "seeds": config.seeds,
        "width": config.width if config.preset == "mnist" else None,
        "num_draws": NUM_DRAWS,
        "rates": {m: list(map(float, problem.rates(m))) for m in config.methods},
        "sizes": sizes(problem), "hardware": f"{os.cpu_count()} CPU cores",
        "jax": jax.__version__, "seconds": round(time.perf_counter() - begin, 1), "runs": found,
    }  # fmt: skip


def describe(result: dict[str, Any]) -> str:
    """The table for `experiments/README.md`, of the losses really descended."""
    lines = [
        "| run | G: slope of log ‖g‖ [95 %] | G: start → end | D: slope [95 %] | D: start → end "
        "| D/G at the end: raw, per √n, relative |",
        "|---" * 6 + "|",
    ]
    for name, found in result["runs"].items():
        cells = []
        for side in SIDES:
            seen = found["slopes"]["descended"][side]
            ends = [norms_figure.median_norm(found["descended"][side])[i] for i in (0, -1)]
            cells += [interval(seen), f"{ends[0]:.2g} → {ends[1]:.2g}"]
        ratios = ", ".join(f"{r:.2g}" for r in end_ratios(result, found))
        lines.append(f"| {name} | {' | '.join(cells)} | {ratios} |")
    return "\n".join(lines)


def end_ratios(result: dict[str, Any], found: dict[str, Any]) -> list[float]:
    """‖g_D‖/‖g_G‖ at the end, medians over seeds, in the three units."""
    norm = {side: norms_figure.median_norm(found["descended"][side])[-1] for side in SIDES}
    own = {side: np.median([row[-1] or np.nan for row in found["parameter_norm"][side]])
           for side in SIDES}  # fmt: skip
    raw = norm["max"] / norm["min"]
    root = math.sqrt(result["sizes"]["min"] / result["sizes"]["max"])
    return [raw, raw * root, raw * own["min"] / own["max"]]


def interval(seen: dict[str, Any]) -> str:
    if seen["mean"] is None:
        return "diverged"
    ends = "" if seen["low"] is None else f" [{seen['low']:.2f}, {seen['high']:.2f}]"
    return f"{seen['mean']:.2f}{ends}"


def main(config: Config, *, redraw: bool = False, out: Path = RESULTS) -> None:
    """Gradient norms of both players without minibatch noise, along runs.

    Args:
      config: which runs.
      redraw: draw the figure again from the JSON, without running anything.
      out: the folder of the JSON and the figure.
    """
    path = out / f"{config.preset}.json"
    if not redraw:
        result = run(config)
        if result is None:
            return
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, ensure_ascii=False, allow_nan=False) + "\n")
    result = json.loads(path.read_text())
    norms_figure.draw(result, path.with_suffix(".png"))
    print(describe(result), f"Written: {path}, {path.with_suffix('.png')}", sep="\n")


if __name__ == "__main__":
    tyro.cli(main, config=(tyro.conf.OmitArgPrefixes,), description=__doc__)
