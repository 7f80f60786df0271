"""Tables of docs/scaling.md: memory, presets, a sweep, and 64 hosts.

`python -m benchmarks.scaling_examples` prints them. Nothing is trained: the memory comes from the
record of the suite `scaling`, the networks are only traced, and the rest follows from
`scaling_formulas`.
"""

import json
import math
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from benchmarks import scaling_formulas
from minmax_jax import gan

SHAPES = {
    "mnist": (28, 28, 1),
    "cifar10-resnet": (32, 32, 3),
    "cifar10-sngan": (32, 32, 3),
    "cifar10-r3gan": (32, 32, 3),
}
"""Shape of the examples of each preset on the page."""

RESULTS = Path(__file__).parent / "results"
"""Folder of the records: of memory per device, and of training steps on an H100."""

CIFAR10 = 50_000
"""Number of training examples of CIFAR-10."""

INSIDE, BETWEEN = 450e9, 50e9
"""Bytes per second and device inside a host and between hosts, from data sheets."""


class Sizes(NamedTuple):
    """Numbers of elements of a preset.

    Attributes:
      params: P.
      divided: D for eight devices.
      example: X.
      state: Bytes of the state.
      state_fsdp: Bytes of the state on each of eight devices under `fsdp`.
    """

    params: int
    divided: int
    example: int
    state: int
    state_fsdp: int


def memory() -> list[str]:
    """Returns the rows of the table of bytes on each device, from the record of `scaling`."""
    sizes = ("state", "arguments", "outputs", "temporaries")
    sent = ("all-gather", "reduce-scatter", "all-reduce")
    return [
        " | ".join(
            [
                f"| `{row['mode']}` | {row['devices']}",
                *(f"{row[name] / 1e3:,.0f}" for name in sizes),
                *(f"{row[name]:,}" for name in sent),
            ]
        )
        + " |"
        for row in _record("scaling-cpu")["memory"]
    ]


def _record(name: str) -> dict[str, Any]:
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))


def sizes(name: str) -> Sizes:
    """Returns the sizes of a preset, without allocating its networks."""
    shape = SHAPES[name]
    images, labels = np.zeros((16, *shape), np.uint8), np.arange(16) % 10
    data = gan.Data(images, labels, images, labels, name, 10, "image")
    config = gan.preset(name)
    state = jax.eval_shape(lambda: gan.init_state(*gan.build_game(config, data, 1)))
    return Sizes(
        sum(leaf.size for leaf in jax.tree.leaves(state.players)),
        scaling_formulas.divided(state.players, 8),
        math.prod(shape),
        scaling_formulas.state_bytes(state, 1),
        scaling_formulas.state_bytes(state, 8),
    )


def presets() -> list[str]:
    """Returns the rows of the table of presets."""
    found = {name: sizes(name) for name in SHAPES}
    return [
        f"| `{name}` | {one.params / 1e6:.2g} M | {one.state / 1e6:.0f} MB | one device |"
        for name, one in found.items()
    ]


def sweep(runs: int = 1000, updates: int = 100_000, workers: int = 64) -> list[str]:
    """Returns the rows of the table of a sweep of `cifar10-resnet`."""
    rates = _record("earlier-h100")["trainer_updates_per_second"]
    seconds = updates / rates["cifar10-resnet width 128"]
    kept = 4  # Three checkpoints, and one that is being written.
    stored = runs * kept * sizes("cifar10-resnet").state
    hours = math.ceil(runs / workers) * seconds / 3600
    return [
        f"| device time | 1,000 U / u | {runs * seconds / 3600:.0f} hours of an H100 |",
        f"| time with 64 workers of one H100 | 1,000 U / (u w), rounded up to whole runs | "
        f"{hours:.1f} hours |",
        "| checkpoints, `--keep 3`, and one that is being written | "
        f"1,000 · 4 · 4 (3P + P_G + S) | {stored / 1e9:.0f} GB |",
        "| records, `--log-every 100` | 1,000 U / 100 | "
        f"{runs * updates / 100 / 1e6:.0f} M records |",
    ]


def hosts(count: int = 64, local: int = 8, batch: int = 512) -> list[str]:
    """Returns the rows of the table of a run of `cifar10-r3gan` on many hosts."""
    one, devices = sizes("cifar10-r3gan"), count * local
    ring, inside, between = sent(one, count, local)
    images = 4 * batch * one.example
    return [
        f"| batch | a multiple of n | {batch // devices} example per device |",
        f"| state per device | see above | {one.state / 1e6:.0f} MB; `fsdp` about "
        f"{one.state_fsdp / 1e6:.0f} MB |",
        f"| sent per device and evaluation, one ring | 8 P (n − 1)/n bytes | {ring / 1e6:.0f} MB |",
        f"| `fsdp`: inside the host | 8 D (L − 1)/L bytes | {inside / 1e6:.0f} MB |",
        f"| `fsdp`: to other hosts | 8 (D/L) (H − 1)/H bytes | {between / 1e6:.0f} MB |",
        f"| images sent per evaluation | 4 B X bytes, divided among all devices | "
        f"{images / 1e6:.1f} MB |",
        f"| images stored per device | 1/n of the dataset | "
        f"{CIFAR10 * one.example / devices / 1e6:.1f} MB of CIFAR-10 |",
        f"| connections of process 0 for heartbeats | H − 1 | {count - 1} |",
    ]


def sent(one: Sizes, count: int, local: int) -> tuple[float, float, float]:
    """Returns the bytes that a device sends per field evaluation.

    Args:
      one: Sizes of the networks.
      count: H.
      local: L.

    Returns:
      Bytes of a reduction in one ring, and those of `fsdp` inside a host and to other hosts.
    """
    devices = count * local
    return (
        8 * one.params * (devices - 1) / devices,
        8 * one.divided * (local - 1) / local,
        8 * one.divided / local * (count - 1) / count,
    )


def times() -> str:
    """Returns the sentence about the time of these transfers."""
    ring, inside, between = sent(sizes("cifar10-r3gan"), 64, 8)
    return (
        f"{ring / 1e6:.0f} MB take at least {ring / BETWEEN * 1e3:.1f} ms in one ring, and `fsdp` "
        f"takes at least {between / BETWEEN * 1e3:.1f} ms between hosts and "
        f"{inside / INSIDE * 1e3:.1f} ms inside"
    )


if __name__ == "__main__":
    print("\n\n".join(["\n".join(rows()) for rows in (memory, presets, sweep, hosts)] + [times()]))
