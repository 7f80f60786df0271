"""Does the gradient point away from where the generator will end, and is that news?

    python -m experiments.one_sided.norms --preset gaussians   # trains, if that is not done
    python -m experiments.one_sided.mvi --preset gaussians     # reads the snapshots
    python -m experiments.one_sided.mvi --preset gaussians --redraw

⟨∇_x f(x_t, y_t), x_t − x*⟩ and its cosine along each run, x* its own end, beside controls: the end
of another seed, the moving average, the run's middle, a random point as far from the start as
the end, and the own end with mismatched pairs (x_t, y_s), s half a run away. x_t − x_T is minus
the sum of the updates to come, which leans the own end towards positive; what the controls
show too is no evidence for the condition.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import tyro

import minmax_jax as mm
from experiments._shared.intervals import mean_interval
from experiments.one_sided.mvi import figure as mvi_figure
from experiments.one_sided.norms.__main__ import FIELDS, digits
from experiments.one_sided.trajectories import problems, trajectory
from experiments.one_sided.trajectories.trajectory import Config, of_seed

RESULTS = Path(__file__).parents[2] / "results" / "one_sided" / "mvi"
NUM_DRAWS = 8
REFERENCES = ("own end", "other seed", "average", "middle", "random", "mismatched")


def references(
    config: Config, problem: problems.Problem, method: str, dual: bool, seed: int
) -> dict[str, Any]:
    """The points x* that a run is held against, by name."""
    end = trajectory.last(config, problem, method, dual)
    own = of_seed(end.players.min, seed)
    half = config.steps / 2
    middle = min(trajectory.snapshot_steps(config.steps), key=lambda step: abs(step - half))
    start = problem.start(seed).min
    line = jax.tree.map(jnp.subtract, own, start)
    leaves, structure = jax.tree.flatten(line)
    keys = jax.random.split(jax.random.fold_in(jax.random.key(13), seed), len(leaves))
    noise = [jax.random.normal(key, leaf.shape) for key, leaf in zip(keys, leaves, strict=True)]
    far = np.sqrt(sum(float(jnp.sum(x**2)) for x in leaves))
    scale = far / np.sqrt(sum(float(jnp.sum(x**2)) for x in noise))
    noise = jax.tree.unflatten(structure, noise)
    at_middle = trajectory.at(config, problem, method, dual, middle)
    return {
        "own end": own,
        "other seed": of_seed(end.players.min, (seed + 1) % config.seeds),
        "average": of_seed(end.ema, seed),
        "middle": of_seed(at_middle.players.min, seed),
        "random": jax.tree.map(lambda x, n: x + scale * n, start, noise),
        "mismatched": own,
    }


def pairs(
    config: Config, problem: problems.Problem, method: str, dual: bool, seed: int, name: str
) -> Iterator[mm.Players]:
    """The run's (x_t, y_t), without its end; or (x_t, y_s), s half a run later or earlier."""
    steps = trajectory.snapshot_steps(config.steps)[:-1]
    for index, step in enumerate(steps):
        players = of_seed(trajectory.at(config, problem, method, dual, step).players, seed)
        if name == "mismatched":
            other = steps[(index + len(steps) // 2) % len(steps)]
            elsewhere = of_seed(trajectory.at(config, problem, method, dual, other).players, seed)
            players = players._replace(max=elsewhere.max)
        yield players


def measure(config: Config, problem: problems.Problem, method: str, dual: bool) -> dict[str, Any]:
    """The condition along one method's runs: for each field and reference, over (seed, time)."""
    found: dict[str, Any] = {f: {name: [] for name in REFERENCES} for f in FIELDS}
    for seed in range(config.seeds):
        held = references(config, problem, method, dual, seed)
        for field in FIELDS:
            for name in REFERENCES:
                found[field][name].append(
                    mm.diagnostics.one_sided_mvi(
                        getattr(problem, field),
                        pairs(config, problem, method, dual, seed, name),
                        held[name], num_draws=NUM_DRAWS,
                        key=jax.random.fold_in(jax.random.key(17), seed),
                    )
                )  # fmt: skip
    return {
        field: {name: summarise(seen, found[field]["own end"])
                for name, seen in found[field].items()}
        for field in FIELDS
    }  # fmt: skip


def summarise(seen: list[Any], own: list[Any]) -> dict[str, Any]:
    """One reference: what each seed shows, and how far the own end is above it."""
    cosines = np.array([run.cosine for run in seen])
    kept = {
        "cosine": digits(cosines),
        "share": digits([float(run.share.mean) for run in seen]),
        "share_interval": digits([[float(run.share.low), float(run.share.high)] for run in seen]),
        "mean_cosine_interval": digits(
            [[float(run.mean_cosine.low), float(run.mean_cosine.high)] for run in seen]
        ),
    }
    excess = [float(a.mean_cosine.mean) - float(b.mean_cosine.mean)
              for a, b in zip(own, seen, strict=True)]  # fmt: skip
    return {
        **kept,
        "share_over_seeds": interval([float(run.share.mean) for run in seen], (0, 1)),
        "cosine_over_seeds": interval([float(run.mean_cosine.mean) for run in seen], (-1, 1)),
        "own_end_above_it": interval(excess, (-2, 2)),
    }


def interval(values: list[float], bounds: tuple[float, float]) -> list[float | None]:
    """Mean over seeds and its interval, within what the mean can be; None where there is none."""
    if not np.isfinite(values).all():
        return [None, None, None]
    return [digits(part) for part in mean_interval(values, bounds=bounds)]


def run(config: Config) -> dict[str, Any]:
    """Measures every finished run."""
    begin, problem = time.perf_counter(), trajectory.make_problem(config)
    found = {}
    for method in config.methods:
        for dual in (False, True):
            name = f"{method}, {'dual decay' if dual else 'constant'}"
            found[name] = measure(config, problem, method, dual)
            print(f"{time.perf_counter() - begin:5.0f} s  {name}", flush=True)
    return {
        "preset": config.preset, "steps": config.steps, "seeds": config.seeds,
        "width": config.width if config.preset == "mnist" else None, "num_draws": NUM_DRAWS,
        "times": trajectory.snapshot_steps(config.steps)[:-1],
        "hardware": f"{os.cpu_count()} CPU cores", "jax": jax.__version__,
        "seconds": round(time.perf_counter() - begin, 1), "runs": found,
    }  # fmt: skip


def describe(result: dict[str, Any], field: str = "descended") -> str:
    """The table for `experiments/README.md`: mean cosine, and share ≥ 0, by reference."""
    lines = [
        f"Of the loss that is {field}: mean cosine over seeds [95 %], share of points ≥ 0",
        "| run | " + " | ".join(REFERENCES) + " |",
        "|---" * (len(REFERENCES) + 1) + "|",
    ]
    for name, found in result["runs"].items():
        cells = []
        for reference in REFERENCES:
            seen = found[field][reference]
            mean, low, high = seen["cosine_over_seeds"]
            ends = "" if low is None else f" [{low:.2f}, {high:.2f}]"
            share = seen["share_over_seeds"][0]
            cells.append("diverged" if mean is None else f"{mean:.2f}{ends}, {share:.0%}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(config: Config, *, redraw: bool = False, out: Path = RESULTS) -> None:
    """The one-sided MVI along runs, with controls.

    Args:
      config: which runs; `norms` has trained them.
      redraw: draw the figure again from the JSON, without running anything.
      out: the folder of the JSON and the figure.
    """
    path = out / f"{config.preset}.json"
    if not redraw:
        result = run(config)
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, ensure_ascii=False, allow_nan=False) + "\n")
    result = json.loads(path.read_text())
    mvi_figure.draw(result, path.with_suffix(".png"))
    for field in FIELDS:
        print(describe(result, field))
    print(f"Written: {path}, {path.with_suffix('.png')}")


if __name__ == "__main__":
    tyro.cli(main, config=(tyro.conf.OmitArgPrefixes,), description=__doc__)
