"""Suite `step`: a GAN training step, compared with hand-written JAX and PyTorch.

All implementations use the same networks, batch, non-saturating loss and optimizers. The
hand-written steps are in `handwritten_step`. The counts of the compiled programs show whether
the library adds work. PyTorch's weights and losses are compared before anything is timed.
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
from benchmarks import bars, clock, counts, handwritten_step, table, torch_step
from minmax_jax import gan

LEARNING_RATE = 1e-4
ADAM: Any = {"b1": 0.5, "b2": 0.999}
EPS = 1e-8
OWN = ("handwritten", "minmax_jax")
"""Implementations other than PyTorch."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Networks as (name, side, channels, width, latent dimension), batch size and rounds."""

    networks: tuple[tuple[str, int, int, int, int], ...] = (
        ("mlp", 28, 1, 256, 64),
        ("dcgan", 28, 1, 32, 64),
        ("resnet", 32, 3, 16, 64),
    )
    batch: int = 64
    rounds: int = 10


QUICK = Config(networks=(("mlp", 4, 1, 8, 4), ("dcgan", 8, 1, 4, 4)), batch=4, rounds=2)


def build(name: str, side: int, channels: int, width: int, latent_dim: int) -> gan.Pair:
    """Returns the pair of networks for square images."""
    shape = (side, side, channels)
    return gan.build_networks(name, shape, latent_dim=latent_dim, width=width, seed=0)


def players_of(pair: gan.Pair) -> mm.Players:
    """Returns the parameters of both networks."""
    return mm.Players(pair.generator.params, pair.discriminator.params)


def zeros(pair: gan.Pair, batch_size: int) -> tuple[jax.Array, jax.Array]:
    """Returns a batch of images and latents that are zero."""
    return (
        jnp.zeros((batch_size, *pair.sample_shape)),
        jnp.zeros((batch_size, pair.latent_dim)),
    )


def losses(pair: gan.Pair, batch: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Returns both players' losses on a batch `(images, latents)`, as functions of `Players`."""
    generator, discriminator = pair.generator, pair.discriminator
    images, latents = batch

    def logits(z: mm.Players, inputs: jax.Array) -> jax.Array:
        return discriminator.apply(z.max, discriminator.stats, inputs, train=True)[0]

    def fake(z: mm.Players) -> jax.Array:
        return logits(z, generator.apply(z.min, generator.stats, latents, train=True)[0])

    def min_loss(z: mm.Players) -> jax.Array:
        return softplus(-fake(z)).mean()

    def max_loss(z: mm.Players) -> jax.Array:
        return softplus(-logits(z, images)).mean() + softplus(fake(z)).mean()

    return min_loss, max_loss


def optimizers() -> dict[str, Any]:
    """Returns the library's optimizers by update order."""
    adam = optax.adam(LEARNING_RATE, **ADAM)
    return {
        "simultaneous": mm.per_player(min=adam, max=adam),
        "alternating": mm.alternate(min=adam, max=adam),
        "extragradient": mm.extragradient(LEARNING_RATE),
    }


def library_step(pair: gan.Pair, optimizer: Any) -> Callable[..., Any]:
    """Returns the training step, written with the library."""

    def step(z: mm.Players, state: Any, batch: Any) -> Any:
        field_fn = mm.general_sum(*losses(pair, batch))
        updates, state = optimizer.update(field_fn(z), state, z, field_fn=field_fn)
        return optax.apply_updates(z, updates), state

    return step


class Runner:
    """A compiled step. Each call continues from the parameters and state of the last one."""

    def __init__(self, step: Callable[..., Any], kept: Any, batch: Any) -> None:
        self.kept, self.batch = jax.tree.map(jnp.copy, kept), batch
        self.program = counts.compiled(step, *self.kept, batch, donate_argnums=(0, 1))

    def __call__(self) -> Any:
        self.kept = self.program(*self.kept, self.batch)
        return self.kept


def run(config: Config, note: Callable[[str], None]) -> dict[str, Any]:
    """Measures every network with every update order."""
    found = {}
    for shape in config.networks:
        pair = build(*shape)
        keys = jax.random.split(jax.random.key(0))
        images = jnp.tanh(jax.random.normal(keys[0], (config.batch, *pair.sample_shape)))
        batch = images, jax.random.normal(keys[1], (config.batch, pair.latent_dim))
        z = players_of(pair)
        rows = {}
        for order, optimizer in optimizers().items():
            note(f"step: {shape[0]}, {order}")
            rows[order] = measure(pair, optimizer, order, z, batch, config.rounds)
        found[shape[0]] = {"shape": shape, "orders": rows}
    return {"config": dataclasses.asdict(config), "networks": found}


def measure(
    pair: gan.Pair, optimizer: Any, order: str, z: mm.Players, batch: Any, rounds: int
) -> dict[str, Any]:
    """Returns counts and times of one update order: library, hand-written, PyTorch."""
    handwritten, init = handwritten_step.ORDERS[order](
        lambda batch: losses(pair, batch), LEARNING_RATE, ADAM, EPS
    )
    runners = {
        "handwritten": Runner(handwritten, (z, init(z)), batch),
        "minmax_jax": Runner(library_step(pair, optimizer), (z, optimizer.init(z)), batch),
    }
    implementations: dict[str, Callable[[], Any]] = dict(runners)
    if order == "simultaneous":
        values = [float(jax.jit(loss)(z)) for loss in losses(pair, batch)]
        implementations |= torch_step.implementations(pair, batch, values, LEARNING_RATE, ADAM)
    times = clock.compare(clock.interleave(implementations, rounds), "handwritten")
    counted = {name: counts.count(one.program)._asdict() for name, one in runners.items()}
    return {"times": times, "counts": counted, "difference": difference(*runners.values())}


def difference(first: Runner, second: Runner) -> float:
    """Returns the largest difference of parameters after the same number of steps."""
    gaps = jax.tree.map(lambda a, b: np.abs(a - b).max(), first.kept[0], second.kept[0])
    return float(max(jax.tree.leaves(gaps)))


def report(result: dict[str, Any]) -> str:
    """Returns a table of times and counts, and one of PyTorch's times."""
    rows, others = [], []
    for name, found in result["networks"].items():
        for order, row in found["orders"].items():
            mine, hand = row["counts"]["minmax_jax"], row["counts"]["handwritten"]
            shares = [f"{mine[k] / max(hand[k], 1):.3f}" for k in ("flops", "bytes", "temporaries")]
            rows.append((f"{name}, {order}", str(clock.ratio(row["times"]["minmax_jax"])), *shares))
            for other, times in row["times"].items():
                if other not in OWN:
                    seconds = row["times"]["minmax_jax"]["seconds"], times["seconds"]
                    milliseconds = [f"{1e3 * each:.1f}" for each in seconds]
                    others.append((f"{name}, {other}", str(clock.ratio(times)), *milliseconds))
    head = ("library relative to hand-written JAX", "time", "FLOPs", "bytes", "temporary memory")
    text = table.markdown(head, rows)
    if others:
        head = (
            "PyTorch, same weights and batch",
            "time relative to hand-written JAX",
            "minmax_jax, ms",
            "PyTorch, ms",
        )
        text += "\n\n" + table.markdown(head, others)
    return text


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws the times of the library and of PyTorch relative to hand-written JAX."""
    panels: dict[str, dict[str, clock.Ratio]] = {}
    for name, found in result["networks"].items():
        panels[name] = mine = {}
        for order, row in found["orders"].items():
            mine[f"mm.{order}"] = clock.ratio(row["times"]["minmax_jax"])
        for order, row in found["orders"].items():
            for other, times in row["times"].items():
                if other not in OWN:
                    mine[f"PyTorch {other}, {order}"] = clock.ratio(times)
    bars.draw(panels, "time of a training step relative to hand-written JAX", path)
