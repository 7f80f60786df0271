"""Suite `overhead`: time of imports, of compilation and of starting the trainer.

Imports and starts are timed as whole processes, interleaved. Compile time is the time to
trace and compile one update of a small MLP GAN, for each optimizer.
"""

import dataclasses
import os
import statistics
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
    """Number of repetitions, and the optimizers to compile."""

    imports: int = 5
    starts: int = 2
    compilations: int = 2
    optimizers: tuple[str, ...] = tuple(mm.optimizers)


COMMAND = (
    *("-m", "minmax_jax.gan.cli", "train", "--preset", "gaussians"),
    *("--steps", "50", "--evaluate", "0", "--out"),
)
"""Command line of a short training run, up to the folder."""

QUICK = Config(imports=1, starts=1, compilations=1, optimizers=("sgda",))


def run(config: Config, note: Callable[[str], None]) -> dict[str, Any]:
    """Measures imports, compilations and starts of `minmax-jax train`."""
    note("overhead: imports")
    imports = {
        name: lambda name=name: python("-c", f"import {name}")
        for name in ("optax", "minmax_jax", "jax")
    }
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
    """Runs a Python process and waits for it."""
    subprocess.run(
        [sys.executable, *words],
        check=True,
        capture_output=True,
        env={**os.environ, **environment},
    )


def compile_seconds(name: str, times: int) -> list[float]:
    """Returns the seconds that tracing and compiling one update takes, for `times` attempts."""
    found = []
    for _ in range(times):
        jax.clear_caches()
        key = jax.random.key(0)
        game = mm.games.gaussian_gan(key, batch_size=64, latent_dim=16, width=32)
        optimizer: Any = mm.optimizers[name](1e-3)

        def update(players: Any, state: Any, key: jax.Array, optimizer: Any = optimizer) -> Any:
            return optimizer.update(
                game.field_fn(players, 0),  # noqa: B023
                state,
                players,
                field_fn=game.field_fn,  # noqa: B023
                payoff_fn=game.payoff_fn,  # noqa: B023
                key=key,
            )

        state = optimizer.init(game.start)
        start = time.perf_counter()
        jax.jit(update).lower(game.start, state, key).compile()
        found.append(round(time.perf_counter() - start, 3))
    return found


def starts(times: int) -> dict[str, list[float]]:
    """Returns the seconds of `train` without a program cache, with an empty and with a full one."""
    kinds = {"no cache": "0", "first, empty cache": "1", "second, full cache": "1"}
    found: dict[str, list[float]] = {name: [] for name in kinds}
    python("-c", "import minmax_jax.gan.cli")  # Python compiles most modules.
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            for which, enabled in kinds.items():
                out = Path(folder) / which
                start = time.perf_counter()
                python(
                    *COMMAND,
                    str(out),
                    XDG_CACHE_HOME=folder,
                    JAX_ENABLE_COMPILATION_CACHE=enabled,
                )
                found[which].append(round(time.perf_counter() - start, 2))
                if not (out / "summary.json").exists():
                    raise RuntimeError(f"overhead: the run in {out} has not finished.")
    return found


def report(result: dict[str, Any]) -> str:
    """Returns tables of imports, compile times and starts."""
    imports = [
        (f"`import {name}`", str(clock.ratio(found)), f"{found['seconds']:.2f}")
        for name, found in result["imports"].items()
    ]
    compile_rows = [(f"`{name}`", *spread(found)) for name, found in result["compile"].items()]
    start_rows = [(which, *spread(found)) for which, found in result["starts"].items()]
    return "\n\n".join(
        table.markdown(head, rows)
        for head, rows in (
            (("import", "time relative to `import optax`", "s"), imports),
            (("compile time of an update (MLP GAN)", "median, s", "minimum, s"), compile_rows),
            (("start of `minmax-jax train`, 50 steps", "median, s", "minimum, s"), start_rows),
        )
    )


def spread(found: list[float]) -> tuple[str, str]:
    """Returns the median and the minimum, formatted."""
    return f"{statistics.median(found):.2f}", f"{min(found):.2f}"
