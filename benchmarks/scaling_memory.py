"""Memory per device and elements sent, for replicated and for divided states."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from benchmarks import counts, noise, scaling_formulas, store, table
from minmax_jax import gan

MODES = ("pmap", "fsdp")
"""Values of `parallel` that are compared. `shard_map` stores and sends the same as `pmap`."""


def measure_all(config: Any, note: Callable[[str], None], keep: store.Keep) -> list[dict[str, Any]]:
    """Returns the memory of one training step for each mode and number of devices."""
    rows = []
    for mode in MODES:
        for devices in config.devices:
            note(f"scaling: memory, {mode}, {devices} devices")
            rows.append(
                keep(
                    f"memory, {mode}, {devices}", functools.partial(measure, config, mode, devices)
                )
            )
    return rows


def measure(config: Any, mode: str, devices: int, **fields: Any) -> dict[str, Any]:
    """Returns the memory per device and the elements that one training step sends.

    Args:
      config: Configuration of the suite.
      mode: One of `MODES`.
      devices: Number of devices.
      **fields: Further values of the run's configuration.
    """
    game, _, program, inputs = build(config, mode, jax.devices()[:devices], **fields)
    start = program.init()
    state, shards = program.place(start), scaling_formulas.num_shards(mode, devices)
    compiled = program.advance.lower(state, *inputs).compile()
    memory = compiled.memory_analysis()
    state, _ = program.advance(state, *inputs)  # The layout must survive a step.
    return {
        "mode": mode,
        "devices": devices,
        "parameters": elements([network.params for network in game.pair[:2]]),
        "state": max(bytes_per_device(state).values()),
        "expected_state": scaling_formulas.state_bytes(start, shards),
        "arguments": memory.argument_size_in_bytes,
        "outputs": memory.output_size_in_bytes,
        "aliased": memory.alias_size_in_bytes,
        "temporaries": memory.temp_size_in_bytes,
        **sent(compiled.as_text()),
        "expected_sent": scaling_formulas.elements_sent(
            start.players,
            start.stats,
            evaluations=2 if fields.get("optimizer") == "extra_adam" else 1,
            shards=shards,
            replicas=devices // shards,
        ),
    }


def build(config: Any, mode: str, devices: Any, *, place: bool = True, **fields: Any) -> Any:
    """Returns game, optimizer, program and inputs of a run on the given devices.

    Without `place`, the images have no axis of devices, so that the devices need not exist.
    """
    data = noise.make_noise(config.batch, config.side, 1)
    settings = gan.preset(
        "digits",
        **{
            "network": "mlp",
            "optimizer": "adam_gda",
            "width": config.memory_width,
            "latent_dim": 64,
            "batch_size": config.batch,
            "steps_per_call": 1,
            "parallel": mode,
            **fields,
        },
    )
    game, optimizer = gan.build_game(settings, data, len(devices))
    program = gan.compile_program(game, optimizer, settings, devices)
    images = gan.put_on_devices(data, devices) if place else data.images
    return game, optimizer, program, (images, np.uint32(0), np.int32(1))


def elements(tree: Any) -> int:
    """Returns the number of elements of a tree."""
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


def bytes_per_device(tree: Any) -> dict[Any, int]:
    """Returns the bytes of the live buffers of a tree on each device."""
    found: dict[Any, int] = {}
    for leaf in jax.tree.leaves(tree):
        for shard in leaf.addressable_shards:
            found[shard.device] = found.get(shard.device, 0) + shard.data.nbytes
    return found


def sent(text: str) -> dict[str, int]:
    """Returns the elements of the whole arrays that each kind of collective sends."""
    found = dict.fromkeys(("all-gather", "reduce-scatter", "all-reduce"), 0)
    for one in counts.collectives(text):
        found[one.name] = found.get(one.name, 0) + one.whole
    return found


def report(rows: list[dict[str, Any]]) -> str:
    """Returns a table with the bytes per device and the elements sent."""
    head = (
        "`--parallel`",
        "devices",
        "state, kB",
        "by the formula",
        "arguments, kB",
        "outputs, kB",
        "of them in place",
        "temporary memory, kB",
        "all-gather",
        "reduce-scatter",
        "all-reduce",
    )
    keys = ("state", "expected_state", "arguments", "outputs", "aliased", "temporaries")
    lines = [
        (
            row["mode"],
            str(row["devices"]),
            *(f"{row[key] / 1e3:.0f}" for key in keys),
            *(str(row[key]) for key in ("all-gather", "reduce-scatter", "all-reduce")),
        )
        for row in rows
    ]
    return table.markdown(head, lines)
