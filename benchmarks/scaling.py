"""Suite `scaling`: what a step sends between devices, and how its cost grows.

Everything but the seconds is counted in compiled programs. Messages: a field evaluation has
to average both players' gradients over devices once, BatchNorm its statistics, and the trainer
agrees with one more, of two flags, on whether an update was finite; parameters are never sent.
The messages of BatchNorm are those of the same step whose field is not averaged. Its running
statistics are averaged with the field, so that those of a network of one's own, which may not
be synchronised, cannot drift apart.
"""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import minmax_jax as mm
from benchmarks import counts, scaling_lines, step, table
from minmax_jax import parallel
from minmax_jax.gan.config import presets
from minmax_jax.gan.data import dataset
from minmax_jax.gan.training import build, program
from minmax_jax.gan.training import step as step_lib


@dataclasses.dataclass(frozen=True)
class Config:
    """Devices, what is trained on them, and the points of the lines."""

    devices: tuple[int, ...] = (1, 2, 4, 8)
    games: tuple[tuple[str, str], ...] = (
        ("mlp", "adam_gda"), ("mlp", "extra_adam"), ("dcgan", "adam_gda"),
    )  # fmt: skip
    side: int = 8
    width: int = 16
    batch: int = 64
    steps_per_call: int = 1
    widths: tuple[int, ...] = (32, 64, 96, 128)
    batches: tuple[int, ...] = (32, 64, 128, 256)
    leaves: tuple[int, ...] = (30, 60, 120, 240)
    steps: tuple[int, ...] = (1000, 2000, 4000, 8000)
    rounds: int = 5


QUICK = Config(
    devices=(1, 2), games=(("mlp", "adam_gda"),), side=8, width=4, batch=8,
    widths=(4, 8, 12), batches=(4, 8, 12), leaves=(4, 8, 12), steps=(10, 20, 30), rounds=2,
)  # fmt: skip


def run(config: Config, note: Callable[[str], None]) -> dict[str, Any]:
    """Counts messages and memory by devices, and the points of the lines."""
    rows = []
    for network, optimizer in config.games:
        for devices in config.devices:
            note(f"scaling: {network}, {optimizer}, {devices} devices")
            rows.append(measure(config, network, optimizer, devices))
    note("scaling: lines")
    return {
        "config": dataclasses.asdict(config),
        "devices": rows,
        "lines": scaling_lines.all_lines(config),
    }


def trained(config: Config, network: str, optimizer: str, devices: int) -> Any:
    """Returns game, optimizer and program of the trainer, state and images on their devices."""
    images = np.random.default_rng(0).integers(
        0, 256, (config.batch, config.side, config.side, 1), np.uint8
    )
    labels = np.zeros(config.batch, np.int32)
    content = dataset.Data(images, labels, images[:2], labels[:2], "noise", 1, "image")
    settings = presets.preset(
        "digits", network=network, optimizer=optimizer, width=config.width, latent_dim=16,
        batch_size=config.batch, steps_per_call=config.steps_per_call,
    )  # fmt: skip
    game, rule = build.build_game(settings, content, devices)
    made = program.compile_program(game, rule, settings, jax.devices()[:devices])
    state = parallel.replicate(step_lib.init(game, rule), made.devices)
    return game, rule, made, state, dataset.lay_out(content, made.devices)


def measure(config: Config, network: str, optimizer: str, devices: int) -> dict[str, Any]:
    """Returns the counts of one step of the trainer on so many devices."""
    game, rule, made, state, images = trained(config, network, optimizer, devices)
    compiled = made.advance.lower(state, images, np.uint32(0), np.int32(1)).compile()
    own = batch_norm_messages(config, rule, game, devices)
    pair = (game.pair.generator, game.pair.discriminator)
    return {
        "network": network,
        "optimizer": optimizer,
        "devices": devices,
        "field_evaluations": 2 if optimizer.startswith("extra") else 1,
        "batch_norm": len(own),
        "batch_norm_sent": sum(message.size for message in own),
        "sent": sum(message.size for message in counts.messages(compiled.as_text())),
        "parameters": numbers([network.params for network in pair]),
        "statistics": numbers([network.stats for network in pair]),
        **counts.count(compiled)._asdict(),
    }


def numbers(tree: Any) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


def batch_norm_messages(config: Config, rule: Any, game: Any, devices: int) -> list[counts.Message]:
    """Returns the messages of a step whose field stays each device's own."""
    shape, latent_dim = game.pair.sample_shape, game.pair.latent_dim
    z = mm.Players(game.pair.generator.params, game.pair.discriminator.params)

    def own(z: mm.Players, state: Any, batch: Any) -> Any:
        field_fn = mm.general_sum(*step.losses(game.pair, batch))
        updates, state = rule.update(field_fn(z), state, z, field_fn=field_fn)
        return optax.apply_updates(z, updates), state

    share = config.batch // devices
    batch = jnp.zeros((devices, share, *shape)), jnp.zeros((devices, share, latent_dim))
    mapped = parallel.map_step(own, jax.devices()[:devices])
    laid = parallel.replicate((z, rule.init(z)), jax.devices()[:devices])
    return counts.messages(mapped.lower(*laid, batch).compile().as_text())


def report(result: dict[str, Any]) -> str:
    """Returns a table of messages, and one of the lines."""
    head = (
        "step of the trainer", "devices", "messages", "a field evaluation",
        "its numbers", "parameters and statistics", "of BatchNorm", "of the watch",
        "host transfers",
        "temporaries, kB a device", "MFLOP a device",
    )  # fmt: skip
    rows = [_row(row) for row in result["devices"]]
    lines = [
        (f"`{name}`", f"{line['slope']:.4g}", f"{line['start']:.4g}", f"{line['off']:.1e}")
        for name, line in result["lines"].items()
    ]
    head_lines = ("cost", "slope", "at zero", "farthest point off the line, of the range")
    return table.markdown(head, rows) + "\n\n" + table.markdown(head_lines, lines)


WATCH = 1
"""Messages of the watch a step, of two flags: whether a player's update was finite."""


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    evaluations = row["field_evaluations"]
    field = (row["collectives"] - row["batch_norm"] - WATCH) / evaluations
    averaged = (row["sent"] - row["batch_norm_sent"] - 2 * WATCH) / evaluations
    return (
        f"{row['network']}, `{row['optimizer']}`", str(row["devices"]), str(row["collectives"]),
        f"{field:g}", f"{averaged:g}", f"{row['parameters']} + {row['statistics']}",
        str(row["batch_norm"]), str(WATCH), str(row["transfers"]),
        f"{row['temporaries'] / 1e3:.0f}", f"{row['flops'] / 1e6:.2f}",
    )  # fmt: skip


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws the lines with their points, and the temporaries by devices."""
    scaling_lines.draw(result, path)
