"""Suite `scaling`: collectives of a training step, and how its cost grows.

Everything except the seconds is counted in compiled programs. A step needs one collective per
field evaluation, which averages both players' gradients over devices; the collectives of
BatchNorm; and one with two flags, by which the devices agree whether an update was finite.
Parameters are never sent. BatchNorm's collectives are counted in the same step without the
average of the field. Its running statistics are averaged together with the field, because a
custom network may not synchronize them. Memory per device is compared with that of a state that is
divided among devices (`--parallel fsdp`).
"""

import dataclasses
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import minmax_jax as mm
from benchmarks import counts, noise, scaling_lines, scaling_memory, step, store, table
from minmax_jax import gan


@dataclasses.dataclass(frozen=True)
class Config:
    """Numbers of devices, training runs, and the sizes at which cost is counted."""

    devices: tuple[int, ...] = (1, 2, 4, 8)
    games: tuple[tuple[str, str], ...] = (
        ("mlp", "adam_gda"),
        ("mlp", "extra_adam"),
        ("dcgan", "adam_gda"),
    )
    side: int = 8
    width: int = 16
    batch: int = 64
    steps_per_call: int = 1
    widths: tuple[int, ...] = (32, 64, 96, 128)
    batches: tuple[int, ...] = (32, 64, 128, 256)
    leaves: tuple[int, ...] = (30, 60, 120, 240)
    steps: tuple[int, ...] = (1000, 2000, 4000, 8000)
    rounds: int = 5
    memory_width: int = 512


QUICK = Config(
    devices=(1, 2),
    games=(("mlp", "adam_gda"),),
    side=8,
    width=4,
    batch=8,
    widths=(4, 8, 12),
    batches=(4, 8, 12),
    leaves=(4, 8, 12),
    steps=(10, 20, 30),
    rounds=2,
    memory_width=32,
)


def run(
    config: Config, note: Callable[[str], None], keep: store.Keep = store.measure
) -> dict[str, Any]:
    """Counts collectives and memory for each number of devices, and cost for each size."""
    rows = []
    for network, optimizer in config.games:
        for devices in config.devices:
            note(f"scaling: {network}, {optimizer}, {devices} devices")
            name = f"{network}, {optimizer}, {devices}"
            one = functools.partial(measure, config, network, optimizer, devices)
            rows.append(keep(name, one))
    memory = scaling_memory.measure_all(config, note, keep)
    note("scaling: lines")
    return {
        "config": dataclasses.asdict(config),
        "devices": rows,
        "memory": memory,
        "lines": keep("lines", functools.partial(scaling_lines.all_lines, config)),
    }


def build_trainer(config: Config, network: str, name: str, devices: int) -> Any:
    """Returns the trainer's game, optimizer, program, state and images on the devices."""
    data = noise.make_noise(config.batch, config.side, 1)
    settings = gan.preset(
        "digits",
        network=network,
        optimizer=name,
        width=config.width,
        latent_dim=16,
        batch_size=config.batch,
        steps_per_call=config.steps_per_call,
    )
    used = jax.devices()[:devices]
    game, optimizer = gan.build_game(settings, data, devices)
    program = gan.compile_program(game, optimizer, settings, used)
    state = mm.parallel.replicate(gan.init_state(game, optimizer), used)
    return game, optimizer, program, state, gan.put_on_devices(data, used)


def measure(config: Config, network: str, optimizer: str, devices: int) -> dict[str, Any]:
    """Returns the counts of one training step on this number of devices."""
    game, tx, program, state, images = build_trainer(config, network, optimizer, devices)
    compiled = program.advance.lower(state, images, np.uint32(0), np.int32(1)).compile()
    batch_norm = batch_norm_collectives(config, tx, game, devices)
    pair = (game.pair.generator, game.pair.discriminator)
    return {
        "network": network,
        "optimizer": optimizer,
        "devices": devices,
        "field_evaluations": 2 if optimizer.startswith("extra") else 1,
        "batch_norm": len(batch_norm),
        "batch_norm_sent": sum(one.size for one in batch_norm),
        "sent": sum(one.size for one in counts.collectives(compiled.as_text())),
        "parameters": num_elements([network.params for network in pair]),
        "statistics": num_elements([network.stats for network in pair]),
        **counts.count(compiled)._asdict(),
    }


def num_elements(tree: Any) -> int:
    """Returns the number of elements of a tree."""
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


def batch_norm_collectives(
    config: Config, optimizer: Any, game: Any, devices: int
) -> list[counts.Collective]:
    """Returns the collectives of a step whose field is not averaged over devices."""
    shape, latent_dim = game.pair.sample_shape, game.pair.latent_dim
    z = step.players_of(game.pair)

    def step_fn(z: mm.Players, state: Any, batch: Any) -> Any:
        field_fn = mm.general_sum(*step.losses(game.pair, batch))
        updates, state = optimizer.update(field_fn(z), state, z, field_fn=field_fn)
        return optax.apply_updates(z, updates), state

    share = config.batch // devices
    batch = jnp.zeros((devices, share, *shape)), jnp.zeros((devices, share, latent_dim))
    mapped = mm.parallel.map_step(step_fn, jax.devices()[:devices])
    laid = mm.parallel.replicate((z, optimizer.init(z)), jax.devices()[:devices])
    return counts.collectives(mapped.lower(*laid, batch).compile().as_text())


def report(result: dict[str, Any]) -> str:
    """Returns tables of the collectives, the memory and the straight-line fits."""
    head = (
        "training step",
        "devices",
        "collectives",
        "of them per field evaluation",
        "its elements",
        "parameters + statistics",
        "of BatchNorm",
        "of the non-finite check",
        "host transfers",
        "temporary memory per device, kB",
        "MFLOP per device",
    )
    rows = [_row(row) for row in result["devices"]]
    lines = [
        (f"`{name}`", f"{line['slope']:.4g}", f"{line['start']:.4g}", f"{line['off']:.1e}")
        for name, line in result["lines"].items()
    ]
    head_lines = ("cost", "slope", "intercept", "largest deviation / largest value")
    memory = scaling_memory.report(result.get("memory", []))  # Older records have none.
    return "\n\n".join((table.markdown(head, rows), memory, table.markdown(head_lines, lines)))


FLAGS = 2
"""Elements of the one collective that tells whether each player's update was finite."""


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    evaluations = row["field_evaluations"]
    field = (row["collectives"] - row["batch_norm"] - 1) / evaluations
    averaged = (row["sent"] - row["batch_norm_sent"] - FLAGS) / evaluations
    return (
        f"{row['network']}, `{row['optimizer']}`",
        str(row["devices"]),
        str(row["collectives"]),
        f"{field:g}",
        f"{averaged:g}",
        f"{row['parameters']} + {row['statistics']}",
        str(row["batch_norm"]),
        "1",
        str(row["transfers"]),
        f"{row['temporaries'] / 1e3:.0f}",
        f"{row['flops'] / 1e6:.2f}",
    )


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws the straight-line fits, and temporary memory by number of devices."""
    scaling_lines.draw(result, path)
