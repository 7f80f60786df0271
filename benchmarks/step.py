"""Suite `step`: a whole GAN step by the library against the loop written by hand, and PyTorch.

Networks, batch, loss (non-saturating) and step rules are the same; hand-written loops are
`hand_step`. Counts are of the compiled programs: the library must add nothing. Against
PyTorch weights and losses are compared before anything is timed.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.nn import softplus

import minmax_jax as mm
from benchmarks import bars, clock, counts, hand_step, table, torch_step
from minmax_jax.gan import networks

RATE = 1e-4
ADAM: Any = {"b1": 0.5, "b2": 0.999}
EPS = 1e-8


@dataclasses.dataclass(frozen=True)
class Config:
    """Networks as (name, side, channels, width, latent dimension), and the batch."""

    networks: tuple[tuple[str, int, int, int, int], ...] = (
        ("mlp", 28, 1, 256, 64),
        ("dcgan", 28, 1, 32, 64),
        ("resnet", 32, 3, 16, 64),
    )
    batch: int = 64
    rounds: int = 10


QUICK = Config(networks=(("mlp", 4, 1, 8, 4), ("dcgan", 8, 1, 4, 4)), batch=4, rounds=2)


def build(name: str, side: int, channels: int, width: int, latent_dim: int) -> networks.Pair:
    shape = (side, side, channels)
    return networks.build(name, shape, latent_dim=latent_dim, width=width, seed=0)


def losses(pair: networks.Pair, batch: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Returns each player's loss on a batch `(images, latents)`, functions of `Players`."""
    generator, discriminator = pair.generator, pair.discriminator
    images, latents = batch

    def judge(z: mm.Players, inputs: jax.Array) -> jax.Array:
        return discriminator.apply(z.max, discriminator.stats, inputs, train=True)[0]

    def fake(z: mm.Players) -> jax.Array:
        return judge(z, generator.apply(z.min, generator.stats, latents, train=True)[0])

    def min_loss(z: mm.Players) -> jax.Array:
        return softplus(-fake(z)).mean()

    def max_loss(z: mm.Players) -> jax.Array:
        return softplus(-judge(z, images)).mean() + softplus(fake(z)).mean()

    return min_loss, max_loss


def optimizers() -> dict[str, Any]:
    """Returns name -> the library's optimizer of that order of play."""
    adam = optax.adam(RATE, **ADAM)
    return {
        "simultaneous": mm.per_player(min=adam, max=adam),
        "alternating": mm.alternate(min=adam, max=adam),
        "extragradient": mm.extragradient(RATE),
    }


def ours(pair: networks.Pair, optimizer: Any) -> Callable[..., Any]:
    """Returns the step as a user of the library writes it."""

    def step(z: mm.Players, state: Any, batch: Any) -> Any:
        field_fn = mm.general_sum(*losses(pair, batch))
        updates, state = optimizer.update(field_fn(z), state, z, field_fn=field_fn)
        return optax.apply_updates(z, updates), state

    return step


class Runner:
    """A compiled step that goes on from its own parameters and state."""

    def __init__(self, step: Callable[..., Any], kept: Any, batch: Any) -> None:
        self.kept, self.batch = jax.tree.map(jnp.copy, kept), batch
        self.program = counts.compiled(step, *self.kept, batch, donate_argnums=(0, 1))

    def __call__(self) -> Any:
        self.kept = self.program(*self.kept, self.batch)
        return self.kept


def run(config: Config, note: Callable[[str], None]) -> dict[str, Any]:
    """Measures every network with every order of play."""
    found = {}
    for shape in config.networks:
        pair = build(*shape)
        keys = jax.random.split(jax.random.key(0))
        images = jnp.tanh(jax.random.normal(keys[0], (config.batch, *pair.sample_shape)))
        batch = images, jax.random.normal(keys[1], (config.batch, pair.latent_dim))
        z = mm.Players(pair.generator.params, pair.discriminator.params)
        rows = {}
        for order, optimizer in optimizers().items():
            note(f"step: {shape[0]}, {order}")
            rows[order] = measure(pair, optimizer, order, z, batch, config.rounds)
        found[shape[0]] = {"shape": shape, "orders": rows}
    return {"config": dataclasses.asdict(config), "networks": found}


def measure(
    pair: networks.Pair, optimizer: Any, order: str, z: mm.Players, batch: Any, rounds: int
) -> dict[str, Any]:
    """Returns counts and times of one order of play: library, by hand, PyTorch."""
    by_hand, start = hand_step.ORDERS[order](lambda batch: losses(pair, batch), RATE, ADAM, EPS)
    runners = {
        "hand": Runner(by_hand, (z, start(z)), batch),
        "minmax_jax": Runner(ours(pair, optimizer), (z, optimizer.init(z)), batch),
    }
    contestants: dict[str, Callable[[], Any]] = dict(runners)
    if order == "simultaneous":
        values = [float(jax.jit(loss)(z)) for loss in losses(pair, batch)]
        contestants |= torch_step.contestants(pair, batch, values, RATE, ADAM)
    times = clock.compare(clock.interleave(contestants, rounds), "hand")
    counted = {name: counts.count(one.program)._asdict() for name, one in runners.items()}
    return {"times": times, "counts": counted, "apart": apart(*runners.values())}


def apart(first: Runner, second: Runner) -> float:
    """The largest difference of parameters after the same number of steps."""
    gaps = jax.tree.map(lambda a, b: np.abs(a - b).max(), first.kept[0], second.kept[0])
    return float(max(jax.tree.leaves(gaps)))


def report(result: dict[str, Any]) -> str:
    """Returns a table of counts and times, and one of PyTorch."""
    rows, others = [], []
    for name, found in result["networks"].items():
        for order, row in found["orders"].items():
            mine, hand = row["counts"]["minmax_jax"], row["counts"]["hand"]
            shares = [f"{mine[k] / max(hand[k], 1):.3f}" for k in ("flops", "bytes", "temporaries")]
            rows.append((f"{name}, {order}", str(clock.ratio(row["times"]["minmax_jax"])), *shares))
            for other, times in row["times"].items():
                if other not in ("hand", "minmax_jax"):
                    faster = clock.ratio(times)
                    mine_ms = 1e3 * row["times"]["minmax_jax"]["seconds"]
                    others.append((f"{name}, {other}", str(faster), f"{mine_ms:.1f}",
                                   f"{1e3 * times['seconds']:.1f}"))  # fmt: skip
    head = ("library / by hand", "time", "FLOPs", "bytes", "temporaries")
    text = table.markdown(head, rows)
    if others:
        head = ("PyTorch, same weights and batch", "its time / ours by hand", "ours, ms", "its, ms")
        text += "\n\n" + table.markdown(head, others)
    return text


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws times over those of the loop by hand: the library's in each order, PyTorch's."""
    panels: dict[str, dict[str, clock.Ratio]] = {}
    for name, found in result["networks"].items():
        panels[name] = mine = {}
        for order, row in found["orders"].items():
            mine[f"mm.{order}"] = clock.ratio(row["times"]["minmax_jax"])
        for order, row in found["orders"].items():
            for other, times in row["times"].items():
                if other not in ("hand", "minmax_jax"):
                    mine[f"PyTorch {other}, {order}"] = clock.ratio(times)
    bars.draw(panels, "time of a step over that of the loop written by hand in JAX", path)
