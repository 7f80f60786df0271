"""Suite `overhead`: what the library costs before the first step: import, compilation, start.

Times of whole processes, taken in turns. The compile time of a step is that of tracing and
compiling one update of a small MLP GAN, by each optimizer.
"""

import dataclasses
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax

import minmax_jax as mm
from benchmarks import clock, table


@dataclasses.dataclass(frozen=True)
class Config:
    """How often each is taken."""

    imports: int = 5
    starts: int = 2
    compilations: int = 2
    optimizers: tuple[str, ...] = tuple(mm.optimizers)


QUICK = Config(imports=1, starts=1, compilations=1, optimizers=("sgda",))


def run(config: Config, note: Callable[[str], None]) -> dict[str, Any]:
    """Measures imports, compilations and starts of the command line."""
    note("overhead: imports")
    imports = {name: lambda name=name: python("-c", f"import {name}")
               for name in ("optax", "minmax_jax", "jax")}  # fmt: skip
    found = clock.compare(clock.interleave(imports, config.imports, 1), "optax")
    note("overhead: compile time of a step")
    steps = {name: compile_seconds(name, config.compilations) for name in config.optimizers}
    note("overhead: first and second start of the command line")
    return {
        "config": dataclasses.asdict(config),
        "imports": found,
        "compile": steps,
        "starts": starts(config.starts),
    }


def python(*words: str, **environment: str) -> None:
    """Runs a Python process to its end."""
    subprocess.run(
        [sys.executable, *words],
        check=True, capture_output=True, env={**os.environ, **environment},
    )  # fmt: skip


def compile_seconds(name: str, times: int) -> list[float]:
    """Returns the seconds of tracing and compiling one update, `times` over."""
    found = []
    for _ in range(times):
        jax.clear_caches()
        key = jax.random.key(0)
        game = mm.games.gaussian_gan(key, batch_size=64, latent_dim=16, width=32)
        optimizer: Any = mm.optimizers[name](1e-3)

        def update(players: Any, state: Any, key: jax.Array, optimizer: Any = optimizer) -> Any:
            return optimizer.update(
                game.field_fn(players, 0), state, players,  # noqa: B023
                field_fn=game.field_fn, payoff_fn=game.payoff_fn, key=key,  # noqa: B023
            )  # fmt: skip

        state = optimizer.init(game.start)
        start = time.perf_counter()
        jax.jit(update).lower(game.start, state, key).compile()
        found.append(round(time.perf_counter() - start, 3))
    return found


def starts(times: int) -> dict[str, list[float]]:
    """Returns seconds of `train` without a cache of programs, with an empty one and a full one."""
    kinds = {"without a cache": "0", "first": "1", "second": "1"}
    found: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            for which, enabled in kinds.items():
                out = Path(folder) / which
                start = time.perf_counter()
                python(
                    "-m", "minmax_jax.gan.cli", "train", "--preset", "gaussians", "--steps", "50",
                    "--evaluate", "0", "--out", str(out),
                    XDG_CACHE_HOME=folder, JAX_ENABLE_COMPILATION_CACHE=enabled,
                )  # fmt: skip
                found[which].append(round(time.perf_counter() - start, 2))
                assert (out / "summary.json").exists()  # it has trained
    return found


def report(result: dict[str, Any]) -> str:
    """Returns three tables."""
    imports = [
        (f"`import {name}`", str(clock.ratio(found)), f"{found['seconds']:.2f}")
        for name, found in result["imports"].items()
    ]
    compile_rows = [(f"`{name}`", *spread(found)) for name, found in result["compile"].items()]
    start_rows = [(which, *spread(found)) for which, found in result["starts"].items()]
    return "\n\n".join(
        table.markdown(head, rows)
        for head, rows in (
            (("import", "time / `import optax`", "s"), imports),
            (("compiling a step of an MLP GAN", "median, s", "least, s"), compile_rows),
            (("start of `minmax-jax train`, 50 steps", "median, s", "least, s"), start_rows),
        )
    )


def spread(found: list[float]) -> tuple[str, str]:
    return f"{sorted(found)[len(found) // 2]:.2f}", f"{min(found):.2f}"
