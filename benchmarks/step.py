"""Suite `step`: a GAN training step, compared with hand-written JAX and PyTorch.

All implementations use the same networks, batch, non-saturating loss and optimizers. The
hand-written steps are in `handwritten_step`. The counts of the compiled programs show whether
the library adds work. PyTorch's weights and losses are compared before anything is timed.
"""

import contextlib
import dataclasses
import functools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.nn import softplus

import minmax_jax as mm
from benchmarks import bars, clock, counts, handwritten_step, store, table, torch_step
from minmax_jax import gan

LEARNING_RATE = 1e-4
ADAM: Any = {"b1": 0.5, "b2": 0.999}
EPS = 1e-8
LOOP = "minmax_jax in a loop"
FORWARD = "mm.symplectic"
OWN = ("handwritten", "minmax_jax", LOOP, FORWARD)
"""Implementations other than PyTorch."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Networks, batch size and numbers of rounds and calls.

    Attributes:
      networks: Networks as (name, side, channels, width, latent dimension), with the dtype of
        products at the end if it is not float32.
      batch: Batch size.
      rounds: Number of timed turns.
      calls: Number of calls per turn, if `turn_seconds` does not need more.
      turn_seconds: Duration that a turn of the hand-written step reaches with more calls. A single
        call of 1 ms would be timed while threads of the preceding implementation are stopping.
      loop: Number of steps in one call of the form `minmax_jax in a loop`, or 0 for none.
      forward_mode: Networks with which to time `mm.symplectic`, which needs forward-mode
        derivatives. It is compiled longest.
      torch_compile: Whether to time PyTorch's forms with `torch.compile`.
      orders: Update orders, each a key of `optimizers()`.
    """

    networks: tuple[tuple[Any, ...], ...] = (
        ("mlp", 28, 1, 256, 64),
        ("dcgan", 28, 1, 32, 64),
        ("resnet", 32, 3, 16, 64),
    )
    batch: int = 64
    rounds: int = 10
    calls: int = 1
    turn_seconds: float = 0.05
    loop: int = 0
    forward_mode: tuple[str, ...] = ()
    torch_compile: bool = True
    orders: tuple[str, ...] = ("simultaneous", "alternating", "extragradient")


GPU = Config(
    networks=(
        ("resnet", 32, 3, 128, 128),
        ("resnet", 32, 3, 128, 128, "bfloat16"),
        ("dcgan", 32, 3, 64, 128, "bfloat16"),
        ("mlp", 28, 1, 256, 64),
        ("dcgan", 32, 3, 64, 128),
        ("dcgan", 28, 1, 16, 64),
    ),
    rounds=7,
    calls=20,
    turn_seconds=0.0,
    loop=20,
    forward_mode=("dcgan 16",),
    orders=("simultaneous",),
)
"""Configuration on a GPU, where a wait after every call would take as long as a small step."""

QUICK = Config(
    networks=(("mlp", 4, 1, 8, 4), ("dcgan", 8, 1, 4, 4)),
    batch=4,
    rounds=2,
    calls=2,
    turn_seconds=0.0,
    loop=2,
)


def build(
    name: str,
    side: int,
    channels: int,
    width: int,
    latent_dim: int,
    dtype: str = "float32",
) -> gan.Pair:
    """Returns the pair of networks for square images."""
    shape = (side, side, channels)
    options = {"latent_dim": latent_dim, "width": width, "compute_dtype": dtype}
    return gan.build_networks(name, shape, seed=0, **options)


def label(shape: Any) -> str:
    """Returns the name of a network in tables: name, width if not unique, and other dtypes."""
    name, _, _, width, *dtype = shape[0], *shape[1:4], *shape[5:]
    return " ".join([name, str(width), *dtype])


def players_of(pair: gan.Pair) -> mm.Players:
    """Returns the parameters of both networks."""
    return mm.Players(pair.generator.params, pair.discriminator.params)


def zeros(pair: gan.Pair, batch_size: int) -> tuple[jax.Array, jax.Array]:
    """Returns a batch of images and latents that are zero."""
    return (
        jnp.zeros((batch_size, *pair.sample_shape)),
        jnp.zeros((batch_size, pair.latent_dim)),
    )


def losses(
    pair: gan.Pair, batch: Any, one_pass: bool = True
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Returns both players' losses on a batch `(images, latents)`, as functions of `Players`.

    With `one_pass`, real and generated images go through the discriminator together on a GPU.
    This pays if both losses are taken at the same parameters, because they then share the pass.
    """
    generator, discriminator = pair.generator, pair.discriminator
    images, latents = batch

    def logits(z: mm.Players, frozen_parts: int) -> Any:
        fake = generator.apply(z.min, generator.stats, latents, train=True)[0]
        options = {"one_pass": one_pass, "frozen_parts": frozen_parts}
        parts = (images, fake)
        return gan.apply_in_order(
            discriminator, z.max, discriminator.stats, parts, **options
        ).outputs

    def min_loss(z: mm.Players) -> jax.Array:
        return softplus(-logits(z, 1)[1]).mean()

    def max_loss(z: mm.Players) -> jax.Array:
        real, fake = logits(z, 0)
        return softplus(-real).mean() + softplus(fake).mean()

    return min_loss, max_loss


def optimizers() -> dict[str, Any]:
    """Returns the library's optimizers by update order."""
    adam = optax.adam(LEARNING_RATE, **ADAM)
    return {
        "simultaneous": mm.per_player(min=adam, max=adam),
        "alternating": mm.alternate(min=adam, max=adam),
        "extragradient": mm.extragradient(LEARNING_RATE),
    }


def library_step(pair: gan.Pair, optimizer: Any, one_pass: bool = True) -> Callable[..., Any]:
    """Returns the training step, written with the library."""

    def step(z: mm.Players, state: Any, batch: Any) -> Any:
        field_fn = mm.general_sum(*losses(pair, batch, one_pass))
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


def run(
    config: Config, note: Callable[[str], None], keep: store.Keep = store.measure
) -> dict[str, Any]:
    """Measures every network with the first update order, then with the next one."""
    rows = {}
    for order in config.orders:
        for shape in config.networks:
            note(f"step: {label(shape)}, {order}")
            one = functools.partial(measure, config, shape, order)
            rows[shape, order] = keep(f"{shape} {order}", one)
    networks = {
        label(shape): {
            "shape": shape,
            "orders": {order: rows[shape, order] for order in config.orders},
        }
        for shape in config.networks
    }
    return {"config": dataclasses.asdict(config), "networks": networks}


def make_batch(pair: gan.Pair, batch_size: int) -> tuple[jax.Array, jax.Array]:
    """Returns random images in [-1, 1] and latents."""
    keys = jax.random.split(jax.random.key(0))
    images = jnp.tanh(jax.random.normal(keys[0], (batch_size, *pair.sample_shape)))
    return images, jax.random.normal(keys[1], (batch_size, pair.latent_dim))


def measure(config: Config, shape: Any, order: str) -> dict[str, Any]:
    """Returns counts and times of one update order: library, hand-written, PyTorch."""
    pair, optimizer = build(*shape), optimizers()[order]
    z, batch = players_of(pair), make_batch(pair, config.batch)
    one_pass = order != "alternating"
    handwritten, init = handwritten_step.ORDERS[order](
        lambda batch: losses(pair, batch, one_pass), LEARNING_RATE, ADAM, EPS
    )
    library = library_step(pair, optimizer, one_pass)
    steps = {
        "handwritten": (handwritten, (z, init(z))),
        "minmax_jax": (library, (z, optimizer.init(z))),
    }
    if order == "simultaneous":
        steps |= other_forms(config, shape, pair, z)
    with contextlib.ExitStack() as stack:
        in_torch = None
        if order == "simultaneous":
            dtype = "float32" if len(shape) < 6 else shape[5]
            words = {"learning_rate": LEARNING_RATE, "adam": ADAM, "dtype": dtype}
            started = torch_step.start(pair, batch, compiled=config.torch_compile, **words)
            in_torch = stack.enter_context(started)
        values = losses_in_float32(shape, z, batch) if in_torch else []
        makers = {name: functools.partial(Runner, *one, batch) for name, one in steps.items()}
        own = clock.make_all(makers)
        implementations: dict[str, Any] = dict(own)
        if in_torch:
            implementations |= in_torch.ready(values)
        runners = {name: own[name] for name in ("handwritten", "minmax_jax")}
        once = min(clock.interleave(runners, rounds=3)["handwritten"])
        calls = max(config.calls, math.ceil(config.turn_seconds / once))
        seconds = clock.interleave(implementations, config.rounds, calls=calls, untimed=1)
    if LOOP in seconds:
        seconds[LOOP] = [each / config.loop for each in seconds[LOOP]]
    times = clock.compare(seconds, "handwritten")
    counted = {name: counts.count(one.program)._asdict() for name, one in runners.items()}
    return {"times": times, "counts": counted, "difference": difference(*runners.values())}


def other_forms(
    config: Config, shape: Any, pair: gan.Pair, z: mm.Players
) -> dict[str, tuple[Any, Any]]:
    """Returns the library's step in a loop, and a step with forward-mode derivatives.

    Each comes with the parameters and the state at which it starts.
    """
    forms: dict[str, tuple[Any, Any]] = {}
    optimizer = optimizers()["simultaneous"]
    if config.loop:
        one = library_step(pair, optimizer)

        def several(z: mm.Players, state: Any, batch: Any) -> Any:
            body = lambda _, kept: one(*kept, batch)  # noqa: E731
            return jax.lax.fori_loop(0, config.loop, body, (z, state))

        forms[LOOP] = several, (z, optimizer.init(z))
    if label(shape) in config.forward_mode:
        symplectic = mm.symplectic(LEARNING_RATE)
        forms[FORWARD] = library_step(pair, symplectic), (z, symplectic.init(z))
    return forms


def losses_in_float32(shape: Any, z: mm.Players, batch: Any) -> list[float]:
    """Returns both losses of the networks in float32, computed on a CPU.

    A GPU would first time algorithms of convolutions that the step does not use.
    """
    z, batch = jax.device_put((z, batch), jax.local_devices(backend="cpu")[0])
    with jax.default_matmul_precision("float32"):
        return [float(jax.jit(loss)(z)) for loss in losses(build(*shape[:5]), batch)]


def difference(first: Runner, second: Runner) -> float:
    """Returns the largest difference of parameters after the same number of steps."""
    gaps = jax.tree.map(lambda a, b: np.abs(a - b).max(), first.kept[0], second.kept[0])
    return float(max(jax.tree.leaves(gaps)))


def report(result: dict[str, Any]) -> str:
    """Returns a table of times and counts, and one of PyTorch's times."""
    rows, forms, others = [], [], []
    for name, found in result["networks"].items():
        for order, row in found["orders"].items():
            mine, hand = row["counts"]["minmax_jax"], row["counts"]["handwritten"]
            shares = [f"{mine[k] / max(hand[k], 1):.3f}" for k in ("flops", "bytes", "temporaries")]
            rows.append((f"{name}, {order}", str(clock.ratio(row["times"]["minmax_jax"])), *shares))
            for other in row["times"]:
                if other not in OWN:
                    others.append((f"{name}, {other}", *_columns(row, other)))
                elif other in (LOOP, FORWARD):
                    forms.append((f"{name}, {other}", *_columns(row, other)))
    head = ("library relative to hand-written JAX", "time", "FLOPs", "bytes", "temporary memory")
    text = table.markdown(head, rows)
    if forms:
        head = ("other forms", "time relative to hand-written JAX", "minmax_jax, ms", "form, ms")
        text += "\n\n" + table.markdown(head, forms)
    if others:
        head = (
            "PyTorch, same weights and batch",
            "time relative to hand-written JAX",
            "minmax_jax, ms",
            "PyTorch, ms",
        )
        text += "\n\n" + table.markdown(head, others)
    return text


def _columns(row: dict[str, Any], name: str) -> tuple[str, str, str]:
    seconds = row["times"]["minmax_jax"]["seconds"], row["times"][name]["seconds"]
    digits = 1 if min(seconds) > 3e-3 else 3
    first, second = (f"{1e3 * each:.{digits}f}" for each in seconds)
    return str(clock.ratio(row["times"][name])), first, second


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws the times of the library and of PyTorch relative to hand-written JAX."""
    panels: dict[str, dict[str, clock.Ratio]] = {}
    for name, found in result["networks"].items():
        panels[name] = mine = {}
        for order, row in found["orders"].items():
            mine[f"mm.{order}"] = clock.ratio(row["times"]["minmax_jax"])
            if LOOP in row["times"]:
                mine[f"mm.{order}, in a loop"] = clock.ratio(row["times"][LOOP])
        for order, row in found["orders"].items():
            for other, times in row["times"].items():
                if other not in OWN:
                    mine[f"PyTorch {other}, {order}"] = clock.ratio(times)
    bars.draw(panels, "time of a training step relative to hand-written JAX", path)
