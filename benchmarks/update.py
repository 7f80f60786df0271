"""Suite `update`: one optimizer update of realistic trees, against Optax, plain JAX and PyTorch.

Every contestant takes turns with `optax.adam` on the same tree. Bytes are those of the
compiled program, its usual branch alone, over the least possible: gradients, parameters and state
read once, parameters and state written once. Time is also given over a copy that moves as many
bytes.
"""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import optax

import minmax_jax as mm
from benchmarks import bars, clock, counts, hand, table, torch_update, trees

REFERENCE = "optax.adam"
RATE = 1e-3
OPTIMIZERS: dict[str, Callable[[], optax.GradientTransformation]] = {
    REFERENCE: lambda: optax.adam(RATE),
    "optax.sgd": lambda: optax.sgd(RATE),
    "optax.contrib.normalize": lambda: optax.chain(optax.contrib.normalize(), optax.sgd(RATE)),
    "optax.normalize_by_update_norm": lambda: optax.chain(
        optax.normalize_by_update_norm(), optax.sgd(RATE)
    ),
    "hand nsgda": lambda: hand.nsgda(RATE),
    "hand ada_nsgda": lambda: hand.ada_nsgda(RATE),
    "mm.sgda": lambda: mm.sgda(RATE),
    "mm.nsgda": lambda: mm.nsgda(RATE),
    "mm.nsgda global": lambda: mm.nsgda(RATE, scope="global"),
    "mm.nsgda momentum": lambda: mm.nsgda(RATE, momentum=0.9),
    "mm.ada_nsgda": lambda: mm.ada_nsgda(RATE),
    "mm.ada_nsgda global": lambda: mm.ada_nsgda(RATE, scope="global"),
    "mm.ada_dir": lambda: mm.ada_dir(RATE),
    "mm.adam_gda": lambda: mm.adam_gda(RATE),
    "mm.amsgrad_gda": lambda: mm.amsgrad_gda(RATE),
    "mm.optimistic_gda": lambda: mm.optimistic_gda(RATE),
    "mm.optimistic_adam": lambda: mm.optimistic_adam(RATE),
}
"""Name -> the update of one player; all single-player transformations of the library."""

FEW = (REFERENCE, "hand nsgda", "hand ada_nsgda", "mm.nsgda", "mm.ada_nsgda", "mm.adam_gda")
"""What runs on every tree; all run on the first one."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Trees, and how often each contestant takes its turn."""

    trees: tuple[tuple[int, int, str], ...] = (
        (10_000_000, 30, "float32"),  # first: every contestant
        (1_000_000, 30, "float32"),
        (10_000_000, 30, "bfloat16"),
        (10_000_000, 1000, "float32"),
        (100_000_000, 30, "float32"),
    )
    rounds: int = 15


QUICK = Config(trees=((20_000, 30, "float32"), (20_000, 100, "bfloat16")), rounds=3)


class Contestant:
    """An update compiled for one tree, with its own parameters and state."""

    def __init__(self, name: str, gradients: Any) -> None:
        tx = OPTIMIZERS[name]()

        def update(gradients: Any, state: Any, params: Any) -> Any:
            updates, state = tx.update(gradients, state, params)
            return state, optax.apply_updates(params, updates)

        params = jax.tree.map(lambda g: g + 1, gradients)
        self.gradients = gradients
        self.kept = jax.tree.map(jax.numpy.copy, (tx.init(params), params))  # to give away
        state = trees.num_floats(self.kept[0])
        size = trees.num_bytes(params)
        self.least = 3 * size + 2 * state
        self.program = counts.compiled(update, gradients, *self.kept, donate_argnums=(1, 2))
        with counts.usual_branch():
            # Gives nothing away: XLA's CPU adds copies of donated buffers.
            self.bytes = counts.count(counts.compiled(update, gradients, *self.kept)).bytes

    def __call__(self) -> Any:
        self.kept = self.program(self.gradients, *self.kept)
        return self.kept


def run(config: Config, note: Callable[[str], None]) -> dict[str, Any]:
    """Measures every tree; `note` is called with a line before each."""
    groups = []
    for index, (size, leaves, dtype) in enumerate(config.trees):
        note(f"update: {size:,} parameters in {leaves} leaves of {dtype}")
        gradients = trees.tree(size, leaves, dtype)
        names = tuple(OPTIMIZERS) if index == 0 else FEW
        rows = dict(measure(gradients, names, config.rounds))
        groups.append({"size": size, "leaves": leaves, "dtype": dtype, "rows": rows})
    return {"config": dataclasses.asdict(config), "groups": groups}


def measure(
    gradients: Any, names: tuple[str, ...], rounds: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields each contestant's row: two at a time in memory, it and the reference."""
    reference, copy = Contestant(REFERENCE, gradients), _copy(gradients)
    for name in names:
        one = Contestant(name, gradients) if name != REFERENCE else reference
        times = clock.interleave({REFERENCE: reference, name: one, "copy": copy}, rounds)
        found = clock.compare(times, REFERENCE)
        copied = 2 * trees.num_bytes(gradients)
        per_byte = found["copy"]["seconds"] / copied
        yield (
            name,
            {
                **found[name],
                "least_bytes": one.least,
                "bytes": one.bytes,
                "over_copy": round(found[name]["seconds"] / (per_byte * one.least), 2),
            },
        )
        del one
    for name, other in torch_update.contestants(gradients):
        times = clock.interleave({REFERENCE: reference, name: other}, rounds)
        yield name, clock.compare(times, REFERENCE)[name]


def _copy(gradients: Any) -> Callable[[], Any]:
    program = counts.compiled(lambda tree: jax.tree.map(jax.numpy.copy, tree), gradients)
    return lambda: program(gradients)


def report(result: dict[str, Any]) -> str:
    """Returns one table a tree, ratio first."""
    return "\n\n".join(_table(group) for group in result["groups"])


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws times over Adam's: every contestant on the first tree, a few on the others."""
    panels = {
        _title(group): {name: clock.ratio(found) for name, found in group["rows"].items()}
        for group in result["groups"]
    }
    bars.draw(panels, f"time of an update over {REFERENCE}'s", path)


def _title(group: dict[str, Any]) -> str:
    return f"{group['size']:,} parameters, {group['leaves']} leaves, {group['dtype']}"


def _table(group: dict[str, Any]) -> str:
    rows = [_row(name, found) for name, found in group["rows"].items()]
    head = (
        _title(group),
        f"time / {REFERENCE}",
        "bytes / least",
        "time / copy of the least bytes",
        "ms",
    )
    return table.markdown(head, rows)


def _row(name: str, found: dict[str, Any]) -> tuple[str, ...]:
    counted = "least_bytes" in found  # not for PyTorch
    return (
        f"`{name}`",
        str(clock.ratio(found)),
        f"{found['bytes'] / found['least_bytes']:.2f}" if counted else "",
        f"{found['over_copy']:.2f}" if counted else "",
        f"{1e3 * found['seconds']:.1f}",
    )
