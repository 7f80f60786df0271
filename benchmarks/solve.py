"""Suite `solve`: whole runs as one scan, and sweeps of many runs in one program.

A sweep is 10 rates × 20 seeds. Its forms: one run after another (compiled once), `vmap`,
`lax.map`, and both of these with the runs shared among devices (on a CPU: one a core).
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
from benchmarks import bars, clock, table, torch_solve

REFERENCE = "one after another"


@dataclasses.dataclass(frozen=True)
class Config:
    """Size of a sweep, and of its runs."""

    rates: int = 10
    seeds: int = 20
    small_steps: int = 1000
    gan_steps: int = 10
    gan_batch: int = 512
    gan_width: int = 128
    rounds: int = 5
    gan_rounds: int = 3


QUICK = Config(rates=2, seeds=2, small_steps=10, gan_steps=2, gan_batch=8, gan_width=8, rounds=2,
               gan_rounds=1)  # fmt: skip


def games(config: Config) -> dict[str, tuple[Callable[..., Any], int]]:
    """Returns name -> a run of one game, `(rate, seed) -> players`, and its number of steps."""
    a = jax.random.normal(jax.random.key(0), (8, 8))
    bilinear = mm.zero_sum(lambda z: z.min @ a @ z.max)

    def small(make: Callable[..., Any], rate: jax.Array, seed: jax.Array) -> Any:
        start = mm.Players(*jax.random.normal(jax.random.key(seed), (2, 8)))
        return mm.solve(make(rate), bilinear, start, config.small_steps).players

    def gan(rate: jax.Array, seed: jax.Array) -> Any:
        key = jax.random.key(seed)
        game = mm.games.gaussian_gan(
            key, layout="four", batch_size=config.gan_batch, width=config.gan_width
        )
        optimizer = mm.adam_gda(rate, b1=0.5)
        return mm.solve(optimizer, game.field_fn, game.start, config.gan_steps, key=key).players

    return {
        "bilinear 8×8, sgda": (functools.partial(small, mm.sgda), config.small_steps),
        "bilinear 8×8, extragradient": (
            functools.partial(small, mm.extragradient),
            config.small_steps,
        ),
        "Gaussian-mode GAN, adam_gda": (gan, config.gan_steps),
    }


def forms(run: Callable[..., Any], rates: jax.Array, seeds: jax.Array) -> dict[str, Any]:
    """Returns name -> the sweep in that form, as a function of nothing."""
    devices = jax.device_count()
    shares = [array.reshape(devices, -1) for array in (rates, seeds)]
    in_turn = lambda rates, seeds: lax.map(lambda pair: run(*pair), (rates, seeds))  # noqa: E731
    one, every, mapped = jax.jit(run), jax.jit(jax.vmap(run)), jax.jit(in_turn)
    made = {
        REFERENCE: lambda: [one(rate, seed) for rate, seed in zip(rates, seeds, strict=True)],
        "vmap": lambda: every(rates, seeds),
        "lax.map": lambda: mapped(rates, seeds),
    }
    if devices > 1:
        shared, shared_map = jax.pmap(jax.vmap(run)), jax.pmap(in_turn)
        made["vmap, shared by devices"] = lambda: shared(*shares)
        made["lax.map, shared by devices"] = lambda: shared_map(*shares)
    return made


def run(config: Config, note: Callable[[str], None]) -> dict[str, Any]:
    """Measures every game in every form."""
    count = config.rates * config.seeds
    grid = jnp.geomspace(1e-4, 1e-2, config.rates)
    rates, seeds = (x.reshape(-1) for x in jnp.meshgrid(grid, jnp.arange(config.seeds)))
    found = {}
    for name, (one, steps) in games(config).items():
        note(f"solve: {name}, {count} runs of {steps} steps")
        contestants = forms(one, rates, seeds)
        single = jax.jit(one)
        contestants["one run alone"] = functools.partial(single, rates[0], seeds[0])
        contestants |= torch_solve.contestants(name, config)
        rounds = config.gan_rounds if "GAN" in name else config.rounds
        times = clock.compare(clock.interleave(contestants, rounds, 1), REFERENCE)
        found[name] = {"runs": count, "steps": steps, "forms": times}
    return {"config": dataclasses.asdict(config), "devices": jax.device_count(), "games": found}


def report(result: dict[str, Any]) -> str:
    """Returns one table a game."""
    return "\n\n".join(_table(name, found) for name, found in result["games"].items())


def _table(name: str, found: dict[str, Any]) -> str:
    rows = []
    for form, times in found["forms"].items():
        runs = 1 if form in SINGLE else found["runs"]
        speed = runs * found["steps"] / times["seconds"]
        ratio = f"{1 / times['ratio'][0]:.2f}" if runs > 1 else ""
        rows.append((form, ratio, f"{speed:,.0f}"))
    head = (f"{name}: {found['runs']} runs", f"times as fast as {REFERENCE}", "steps/s, all runs")
    return table.markdown(head, rows)


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws how fast each form of a sweep is, one run after another being 1."""
    panels = {}
    for name, found in result["games"].items():
        ratios = {form: clock.ratio(of) for form, of in found["forms"].items()
                  if form not in SINGLE}  # fmt: skip
        panels[name] = {
            f"mm.solve, {form}": clock.Ratio(1 / r.median, 1 / r.high, 1 / r.low)
            for form, r in ratios.items()
        }
    bars.draw(panels, f"speed of a sweep over {REFERENCE}", path, target=1.5)


SINGLE = ("one run alone", "PyTorch, one run alone")
