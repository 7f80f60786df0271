"""Suite `update`: time of one optimizer update, next to Optax and PyTorch.

Every implementation is interleaved with `optax.adam` on the same tree. Bytes are counted in
the compiled program, without the branch that handles overflow, and divided by the minimum:
gradients, parameters and state read once, parameters and state written once. Times are also
given relative to a copy of that many bytes.
"""

import dataclasses
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import jax
import optax

import minmax_jax as mm
from benchmarks import bars, clock, counts, handwritten_update, store, table, torch_update, trees

REFERENCE = "optax.adam"
LEARNING_RATE = 1e-3
OPTIMIZERS: dict[str, Callable[[], optax.GradientTransformation]] = {
    REFERENCE: lambda: optax.adam(LEARNING_RATE),
    "optax.sgd": lambda: optax.sgd(LEARNING_RATE),
    "optax.contrib.normalize": lambda: optax.chain(
        optax.contrib.normalize(), optax.sgd(LEARNING_RATE)
    ),
    "optax.normalize_by_update_norm": lambda: optax.chain(
        optax.normalize_by_update_norm(), optax.sgd(LEARNING_RATE)
    ),
    "handwritten nsgda": lambda: handwritten_update.nsgda(LEARNING_RATE),
    "handwritten ada_nsgda": lambda: handwritten_update.ada_nsgda(LEARNING_RATE),
    "mm.sgda": lambda: mm.sgda(LEARNING_RATE),
    "mm.nsgda": lambda: mm.nsgda(LEARNING_RATE),
    "mm.nsgda global": lambda: mm.nsgda(LEARNING_RATE, scope="global"),
    "mm.nsgda momentum": lambda: mm.nsgda(LEARNING_RATE, momentum=0.9),
    "mm.ada_nsgda": lambda: mm.ada_nsgda(LEARNING_RATE),
    "mm.ada_nsgda global": lambda: mm.ada_nsgda(LEARNING_RATE, scope="global"),
    "mm.ada_dir": lambda: mm.ada_dir(LEARNING_RATE),
    "mm.adam_gda": lambda: mm.adam_gda(LEARNING_RATE),
    "mm.amsgrad_gda": lambda: mm.amsgrad_gda(LEARNING_RATE),
    "mm.optimistic_gda": lambda: mm.optimistic_gda(LEARNING_RATE),
    "mm.optimistic_adam": lambda: mm.optimistic_adam(LEARNING_RATE),
}
"""Updates of one player by name, with all single-player optimizers of the library."""

FEW = (
    REFERENCE,
    "handwritten nsgda",
    "handwritten ada_nsgda",
    "mm.nsgda",
    "mm.ada_nsgda",
    "mm.adam_gda",
)
"""Implementations measured on every tree. The first tree is used with all of them."""

FEWEST = (REFERENCE, "mm.nsgda", "mm.ada_nsgda")
"""Implementations measured on trees with many leaves on a GPU."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Trees as (elements, leaves, dtype), and number of timed calls."""

    trees: tuple[tuple[int, int, str], ...] = (
        (10_000_000, 30, "float32"),  # the first tree is used with all implementations
        (1_000_000, 30, "float32"),
        (10_000_000, 30, "bfloat16"),
        (10_000_000, 1000, "float32"),
        (100_000_000, 30, "float32"),
    )
    rounds: int = 15
    calls: int = 1


GPU = Config(
    trees=(
        (10_000_000, 30, "float32"),
        (100_000_000, 30, "float32"),
        (100_000_000, 30, "bfloat16"),
        (10_000_000, 30, "bfloat16"),
        (10_000_000, 300, "float32"),
    ),
    rounds=7,
    calls=10,
)
"""Configuration on a GPU, where a program of many leaves takes long to compile."""

QUICK = Config(trees=((20_000, 30, "float32"), (20_000, 100, "bfloat16")), rounds=3)


class Update:
    """A compiled update of one tree, with separate parameters and state."""

    def __init__(self, name: str, gradients: Any) -> None:
        tx = OPTIMIZERS[name]()

        def update(gradients: Any, state: Any, params: Any) -> Any:
            updates, state = tx.update(gradients, state, params)
            return state, optax.apply_updates(params, updates)

        params = jax.tree.map(lambda g: g + 1, gradients)
        self.gradients = gradients
        self.kept = jax.tree.map(jax.numpy.copy, (tx.init(params), params))  # donated
        state = trees.num_float_bytes(self.kept[0])
        size = trees.num_bytes(params)
        self.least = 3 * size + 2 * state
        self.program = counts.compiled(update, gradients, *self.kept, donate_argnums=(1, 2))
        if _on_cpu():
            with counts.usual_branch():
                # Without donation, for which XLA's CPU backend adds copies.
                self.bytes = counts.count(counts.compiled(update, gradients, *self.kept)).bytes
        else:
            self.bytes = counts.count(self.program).bytes  # Other backends have one branch only.

    def __call__(self) -> Any:
        self.kept = self.program(self.gradients, *self.kept)
        return self.kept


def run(
    config: Config, note: Callable[[str], None], keep: store.Keep = store.measure
) -> dict[str, Any]:
    """Measures every tree; calls `note` with a line of progress before each."""
    groups = []
    for index, (size, leaves, dtype) in enumerate(config.trees):
        note(f"update: {size:,} elements in {leaves} leaves of {dtype}")
        names = tuple(OPTIMIZERS) if index == 0 else FEW
        if leaves > 30 and config.calls > 1:
            names = FEWEST  # on a GPU, where many leaves take long to compile

        def rows_of(shape: Any = (size, leaves, dtype), names: Any = names) -> dict[str, Any]:
            return dict(measure(trees.tree(*shape), names, config))

        rows = keep(f"{size} {leaves} {dtype}", rows_of)
        groups.append({"size": size, "leaves": leaves, "dtype": dtype, "rows": rows})
    return {"config": dataclasses.asdict(config), "groups": groups}


def measure(
    gradients: Any, names: tuple[str, ...], config: Config
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields the row of each implementation.

    On a CPU, only it and the reference are in memory, elsewhere all implementations that follow.
    """
    make = maker(names, gradients)
    reference, copy = make(REFERENCE), _copy(gradients)

    def row_of(name: str) -> dict[str, Any]:
        one = make(name) if name != REFERENCE else reference
        contestants = {REFERENCE: reference, name: one, "copy": copy}
        times = clock.interleave(contestants, config.rounds, calls=config.calls)
        found = clock.compare(times, REFERENCE)
        per_byte = found["copy"]["seconds"] / (2 * trees.num_bytes(gradients))
        return {
            **found[name],
            "least_bytes": one.least,
            "bytes": one.bytes,
            "over_copy": round(found[name]["seconds"] / (per_byte * one.least), 2),
        }

    for name in names:
        yield name, row_of(name)
    for name, other in torch_update.implementations(gradients):
        contestants = {REFERENCE: reference, name: other}
        times = clock.interleave(contestants, config.rounds, calls=config.calls)
        yield name, clock.compare(times, REFERENCE)[name]


def maker(names: tuple[str, ...], gradients: Any) -> Callable[[str], Update]:
    """Returns a function that returns the update of a name, once.

    On a CPU, the function compiles the update. Elsewhere all updates are compiled before, side by
    side, because compilation takes most of the time of the suite there.
    """

    def make(name: str) -> Update:
        return Update(name, gradients)

    if _on_cpu():  # `counts.usual_branch` must not run in threads.
        return make
    with futures.ThreadPoolExecutor() as pool:
        return dict(zip(names, pool.map(make, names), strict=True)).pop


def _on_cpu() -> bool:
    return jax.devices()[0].platform == "cpu"


def _copy(gradients: Any) -> Callable[[], Any]:
    program = counts.compiled(lambda tree: jax.tree.map(jax.numpy.copy, tree), gradients)
    return lambda: program(gradients)


def report(result: dict[str, Any]) -> str:
    """Returns one table per tree."""
    return "\n\n".join(_table(group) for group in result["groups"])


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws the times relative to Adam, with one panel per tree."""
    panels = {
        _title(group): {name: clock.ratio(found) for name, found in group["rows"].items()}
        for group in result["groups"]
    }
    bars.draw(panels, f"time of one update relative to {REFERENCE}", path)


def _title(group: dict[str, Any]) -> str:
    return f"{group['size']:,} elements, {group['leaves']} leaves, {group['dtype']}"


def _table(group: dict[str, Any]) -> str:
    rows = [_row(name, found) for name, found in group["rows"].items()]
    head = (
        _title(group),
        f"time relative to {REFERENCE}",
        "bytes / minimum",
        "time / copy of the minimum",
        "ms",
    )
    return table.markdown(head, rows)


def _row(name: str, found: dict[str, Any]) -> tuple[str, ...]:
    counted = "least_bytes" in found  # bytes are not counted for PyTorch
    return (
        f"`{name}`",
        str(clock.ratio(found)),
        f"{found['bytes'] / found['least_bytes']:.2f}" if counted else "",
        f"{found['over_copy']:.2f}" if counted else "",
        f"{1e3 * found['seconds']:.{1 if found['seconds'] > 1e-3 else 3}f}",
    )
