"""Suite `solve`: speed of sweeps over learning rates and seeds of small games.

A sweep has 10 learning rates × 20 seeds. It is run sequentially (compiled once), with `vmap`,
with `lax.map`, and with both of these over all devices (on CPU: one per core).
"""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

import minmax_jax as mm
from benchmarks import bars, clock, store, table, torch_solve

REFERENCE = "sequential"


@dataclasses.dataclass(frozen=True)
class Config:
    """Size of the sweep and of its runs."""

    learning_rates: int = 10
    seeds: int = 20
    small_steps: int = 1000
    gan_steps: int = 10
    gan_batch: int = 512
    gan_width: int = 128
    rounds: int = 5
    gan_rounds: int = 3


GPU = Config(learning_rates=5, seeds=4, small_steps=200, rounds=3)
"""Configuration on a GPU, where one run after another takes 30 microseconds per step."""

QUICK = Config(
    learning_rates=2,
    seeds=2,
    small_steps=10,
    gan_steps=2,
    gan_batch=8,
    gan_width=8,
    rounds=2,
    gan_rounds=1,
)


def games(config: Config) -> dict[str, tuple[Callable[..., Any], int]]:
    """Returns the games by name: `(learning_rate, seed) -> players`, and the number of steps."""
    a = jax.random.normal(jax.random.key(0), (8, 8))
    bilinear = mm.zero_sum(lambda z: z.min @ a @ z.max)

    def small(make: Callable[..., Any], learning_rate: jax.Array, seed: jax.Array) -> Any:
        start = mm.Players(*jax.random.normal(jax.random.key(seed), (2, 8)))
        return mm.solve(make(learning_rate), bilinear, start, config.small_steps).players

    def gan(learning_rate: jax.Array, seed: jax.Array) -> Any:
        key = jax.random.key(seed)
        game = mm.games.gaussian_gan(
            key, layout="four", batch_size=config.gan_batch, width=config.gan_width
        )
        optimizer = mm.adam_gda(learning_rate, b1=0.5)
        return mm.solve(optimizer, game.field_fn, game.start, config.gan_steps, key=key).players

    return {
        "bilinear 8×8, sgda": (functools.partial(small, mm.sgda), config.small_steps),
        "bilinear 8×8, extragradient": (
            functools.partial(small, mm.extragradient),
            config.small_steps,
        ),
        "Gaussian-mode GAN, adam_gda": (gan, config.gan_steps),
    }


def forms(run: Callable[..., Any], learning_rates: jax.Array, seeds: jax.Array) -> dict[str, Any]:
    """Returns functions that run the sweep, by the name of the form."""
    devices = jax.device_count()
    grid = learning_rates, seeds
    shards = [array.reshape(devices, -1) for array in grid]

    def mapped(learning_rates: jax.Array, seeds: jax.Array) -> Any:
        return lax.map(lambda pair: run(*pair), (learning_rates, seeds))

    one, vmap, lax_map = jax.jit(run), jax.jit(jax.vmap(run)), jax.jit(mapped)
    made = {
        REFERENCE: lambda: [one(*pair) for pair in zip(*grid, strict=True)],
        "vmap": lambda: vmap(*grid),
        "lax.map": lambda: lax_map(*grid),
    }
    if devices > 1:
        vmap_devices, map_devices = jax.pmap(jax.vmap(run)), jax.pmap(mapped)
        made["vmap, all devices"] = lambda: vmap_devices(*shards)
        made["lax.map, all devices"] = lambda: map_devices(*shards)
    return made


def run(
    config: Config, note: Callable[[str], None], keep: store.Keep = store.measure
) -> dict[str, Any]:
    """Measures the sweeps of every game in every form."""
    count = config.learning_rates * config.seeds
    grid = jnp.geomspace(1e-4, 1e-2, config.learning_rates)
    learning_rates, seeds = (x.reshape(-1) for x in jnp.meshgrid(grid, jnp.arange(config.seeds)))
    found = {}
    for name, (one, steps) in games(config).items():
        note(f"solve: {name}, {count} runs of {steps} steps")

        def times(name: str = name, one: Any = one) -> dict[str, Any]:
            sweeps = forms(one, learning_rates, seeds)
            sweeps["one run"] = functools.partial(jax.jit(one), learning_rates[0], seeds[0])
            sweeps |= torch_solve.implementations(name, config)
            rounds = config.gan_rounds if "GAN" in name else config.rounds
            return clock.compare(clock.interleave(sweeps, rounds, 1), REFERENCE)

        found[name] = {"runs": count, "steps": steps, "forms": keep(name, times)}
    return {"config": dataclasses.asdict(config), "devices": jax.device_count(), "games": found}


def report(result: dict[str, Any]) -> str:
    """Returns one table per game."""
    return "\n\n".join(_table(name, found) for name, found in result["games"].items())


def _table(name: str, found: dict[str, Any]) -> str:
    rows = []
    for form, times in found["forms"].items():
        runs = 1 if form in SINGLE else found["runs"]
        speed = runs * found["steps"] / times["seconds"]
        ratio = f"{1 / times['ratio'][0]:.2f}" if runs > 1 else ""
        rows.append((form, ratio, f"{speed:,.0f}"))
    head = (f"{name}: {found['runs']} runs", f"speed relative to {REFERENCE}", "steps/s, all runs")
    return table.markdown(head, rows)


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws the speed of every form of a sweep relative to the sequential one."""
    panels = {}
    for name, found in result["games"].items():
        ratios = {
            form: clock.ratio(times) for form, times in found["forms"].items() if form not in SINGLE
        }
        panels[name] = {
            f"mm.solve, {form}": clock.Ratio(1 / r.median, 1 / r.high, 1 / r.low)
            for form, r in ratios.items()
        }
    target = 1.5 if result["machine"]["platform"] == "cpu" else 10.0
    bars.draw(panels, f"speed of a sweep relative to {REFERENCE} runs", path, target=target)


SINGLE = ("one run", "PyTorch, one run")
