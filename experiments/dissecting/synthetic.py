"""Two modes: where descent–ascent and its normalised form find both, over all learning rates.

    python -m experiments.dissecting.synthetic            # the record: about half a minute
    python -m experiments.dissecting.synthetic --lambda 1 # a caveat, checked with the same command
    python -m experiments.dissecting.synthetic --redraw   # the figure again, from the JSON

The game is `games.modes`, the synthetic GAN of arXiv 2210.04319 as recalled. Every run of a
method, all rates and all seeds, is one vmapped `mm.solve`, in the span of the start
(`games.modes_span`: the same runs, since both methods commute with rotations).
"""

import dataclasses
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jax
import tyro

from experiments.dissecting import synthetic_figure
from experiments.dissecting.synthetic_sweep import METHODS, NUM_CHUNKS, Config, sweep

RESULTS = Path(__file__).parents[1] / "results" / "dissecting"
CAVEATS = (
    "The model is reconstructed from memory of the paper, not checked against its text.",
    "λ = √d was chosen because it works: it lets the bias switch D on before G moves.",
    "With λ = O(1), or with the non-saturating loss, SGDA finds both modes too.",
    "At λ = √d SGDA ends in noise or divergence, hardly ever collapsed at u₁ + u₂.",
    "A mode found is a direction: usually one latent of ten carries each mode, longer than "
    "the mode is, and the other latents serve neither.",
)


class Progress:
    """One live line for sweeps that run side by side."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.start = total, 0, time.perf_counter()
        self.lock = threading.Lock()

    def tick(self) -> None:
        with self.lock:
            self.done += 1
            spent = time.perf_counter() - self.start
            left = spent * (self.total - self.done) / self.done
            print(f"\r{self.done}/{self.total}  {spent:4.0f} s  left {left:4.0f} s ", end="")
            if self.done == self.total:
                print()


def run(config: Config) -> dict[str, Any]:
    """Sweeps both methods side by side, one core each."""
    if config.steps % NUM_CHUNKS:
        raise ValueError(f"steps must be a multiple of {NUM_CHUNKS}, got {config.steps}.")
    start, progress = time.perf_counter(), Progress(NUM_CHUNKS * len(METHODS))
    with ThreadPoolExecutor(len(METHODS)) as pool:
        sweeps = pool.map(lambda method: sweep(config, method, progress.tick), METHODS)
        methods = dict(zip(METHODS, sweeps, strict=True))
    return {
        "config": dataclasses.asdict(config),
        "command": " ".join(
            ["python -m experiments.dissecting.synthetic"]
            + [f"--{flag} {value}" for flag, value in changes(config).items()]
        ),
        "hardware": f"{os.cpu_count()} CPU cores",
        "jax": jax.__version__,
        "seconds": round(time.perf_counter() - start, 1),
        "methods": methods,
        "caveats": list(CAVEATS),
    }


def describe(result: dict[str, Any]) -> str:
    """The summary for the screen."""
    lines = []
    for name, found in result["methods"].items():
        best, grid = found["best"], found["grid"]
        classes = ", ".join(f"{k} {v / grid['runs']:.1%}" for k, v in found["classes"].items())
        where = f"η_D {best['rate_max']:.2g}, η_G {best['rate_min']:.2g}"
        lines += [
            f"{name}: both modes in {interval(best)} of seeds at the best cell "
            f"({where if best['successes'] else 'any: there is none'}), "
            f"{interval(grid)} of the grid",
            f"  all {grid['runs']} runs: {classes}",
            f"  median ‖F_D‖/‖F_G‖ {ends(found['pace'])}, "
            f"D(G(z)) {ends(found['fake_probability'])} (runs that did not diverge)",
        ]
    return "\n".join([*lines, "Caveats:", *(f"  - {line}" for line in result["caveats"])])


def ends(medians: list[float | None]) -> str:
    return f"from {medians[0]} to {medians[-1]}"


def interval(found: dict[str, Any]) -> str:
    low, high = found["wilson"]
    return f"{found['share']:.3g} [{low:.3f}, {high:.3f}] ({found['successes']} of {found['runs']})"


def changes(config: Config) -> dict[str, str]:
    """The flags that differ from the defaults, and their values as typed."""
    pairs = {
        "lambda" if field.name == "scale" else field.name.replace("_", "-"): value
        for field in dataclasses.fields(config)
        if (value := getattr(config, field.name)) != field.default
    }
    return {
        flag: " ".join(f"{x:g}" for x in value) if isinstance(value, tuple) else f"{value}"
        for flag, value in pairs.items()
    }


def stem(config: Config) -> str:
    """The name of the result files: `synthetic`, and what differs from the defaults."""
    changed = [f"{flag}_{value.replace(' ', '_')}" for flag, value in changes(config).items()]
    return "__".join(["synthetic", *changed])


def main(config: Config, *, redraw: bool = False, out: Path = RESULTS) -> None:
    """Success of SGDA and nSGDA over their learning rates, in the synthetic GAN.

    Args:
      config: what is run.
      redraw: draw the figure again from the JSON, without running anything.
      out: the folder of the JSON and the figure.
    """
    path = out / f"{stem(config)}.json"
    if not redraw:
        result = run(config)
        out.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    result = json.loads(path.read_text())
    synthetic_figure.draw(result, path.with_suffix(".png"))
    print(describe(result), f"Written: {path}, {path.with_suffix('.png')}", sep="\n")


if __name__ == "__main__":
    tyro.cli(main, config=(tyro.conf.OmitArgPrefixes,))
