"""Straight-line fits of cost against parameters, batch size, leaves and steps."""

from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax

import minmax_jax as mm
from benchmarks import clock, counts, step, trees
from benchmarks import figure as figure_lib

TREE = 1_000_000
"""Number of elements of the tree that is split into more and more leaves."""


def all_lines(config: Any) -> dict[str, Any]:
    """Returns the points and the straight-line fit of every cost."""
    by_width = [mlp_step(config.side, width, config.batch) for width in config.widths]
    by_batch = [mlp_step(config.side, config.width, batch) for batch in config.batches]
    by_leaves = [update(TREE if max(config.leaves) > 12 else 1000, n) for n in config.leaves]
    sizes = [found["parameters"] for found in by_width]
    return {
        "FLOPs of a step / parameters": line(sizes, [one["flops"] for one in by_width]),
        "bytes of a step / parameters": line(sizes, [one["bytes"] for one in by_width]),
        "FLOPs of a step / example": line(config.batches, [one["flops"] for one in by_batch]),
        "bytes of a step / example": line(config.batches, [one["bytes"] for one in by_batch]),
        "bytes of an update of 1 M elements / leaf": line(
            config.leaves, [one["bytes"] for one in by_leaves]
        ),
        "instructions of an update / leaf": line(
            config.leaves, [one["instructions"] for one in by_leaves]
        ),
        "seconds of a solve / step": line(config.steps, solve_seconds(config)),
    }


def line(xs: Any, ys: Any) -> dict[str, Any]:
    """Returns the points, the least-squares line, and the largest relative deviation."""
    xs, ys = np.asarray(xs, float), np.asarray(ys, float)
    slope, start = np.polyfit(xs, ys, 1)
    off = np.abs(ys - (start + slope * xs)).max() / np.abs(ys).max()
    found = {"x": xs.tolist(), "y": ys.tolist()}
    return found | {"slope": float(slope), "start": float(start), "off": float(off)}


def mlp_step(side: int, width: int, batch: int) -> dict[str, float]:
    """Returns parameters, FLOPs and bytes of an alternating Adam step on an MLP GAN."""
    pair = step.build("mlp", side, 1, width, 64)
    z = step.players_of(pair)
    optimizer = step.optimizers()["alternating"]
    library_step = step.library_step(pair, optimizer)
    program = counts.compiled(library_step, z, optimizer.init(z), step.zeros(pair, batch))
    found = counts.count(program)
    size = sum(leaf.size for leaf in jax.tree.leaves(z))
    return {"parameters": size, "flops": found.flops, "bytes": found.bytes}


def update(size: int, leaves: int) -> dict[str, float]:
    """Returns bytes and instructions of an `ada_nsgda` update of `size` elements in `leaves`.

    Two leaves are one matrix and its bias. If several matrices have the same shape, XLA's CPU
    backend additionally reads the broadcast scalars that they share.
    """
    gradients, tx = trees.tree(size, leaves, "float32"), mm.ada_nsgda(1e-3)

    def one(gradients: Any, state: Any, params: Any) -> Any:
        updates, state = tx.update(gradients, state, params)
        return optax.apply_updates(params, updates), state

    with counts.usual_branch():
        program = counts.compiled(one, gradients, tx.init(gradients), gradients)
    size_of_tree = trees.num_bytes(gradients) / 4  # about `size`
    return {
        "bytes": counts.count(program).bytes * size / size_of_tree,
        "instructions": program.as_text().count(" = "),
    }


def solve_seconds(config: Any) -> list[float]:
    """Returns the median seconds of a solve, for each number of steps."""
    game = mm.games.bilinear(jax.random.normal(jax.random.key(0), (8, 8)))
    optimizer = mm.extragradient(0.1)
    runs = {
        str(steps): jax.jit(
            lambda z, steps=steps: mm.solve(optimizer, game.field_fn, z, steps).players
        )
        for steps in config.steps
    }
    calls = {name: lambda run=run: run(game.start) for name, run in runs.items()}
    times = clock.interleave(calls, config.rounds)
    return [float(np.median(seconds)) for seconds in times.values()]


def draw(result: dict[str, Any], path: Path) -> None:
    """Draws each straight-line fit with its points, and temporary memory by devices."""
    lines = result["lines"]
    figure, axes = figure_lib.subplots(2, 4, figsize=(13, 6))
    for axis, (name, found) in zip(axes.flat, lines.items(), strict=False):
        xs = np.asarray([0, max(found["x"])])
        axis.plot(xs, found["start"] + found["slope"] * xs, color="0.6", linewidth=1)
        axis.plot(found["x"], found["y"], "o", color="C0")
        cost, _, per = name.partition(" / ")
        many = {"example": "examples", "leaf": "leaves", "step": "steps"}.get(per, per)
        axis.set(title=cost, xlabel=many, ylim=(0, 1.08 * max(found["y"])))
        axis.title.set_fontsize(9)
    _draw_memory(axes.flat[len(lines)], result["devices"])
    figure_lib.save(figure, path)


def _draw_memory(axis: Any, rows: list[dict[str, Any]]) -> None:
    """Draws the temporary memory per device against the number of devices."""
    for name in dict.fromkeys((row["network"], row["optimizer"]) for row in rows):
        mine = [row for row in rows if (row["network"], row["optimizer"]) == name]
        xs, ys = zip(*((row["devices"], row["temporaries"] / 1e3) for row in mine), strict=True)
        axis.plot(xs, ys, "o-", label=", ".join(name), markersize=4)
    axis.set(title="temporary memory per device, kB", xlabel="devices", ylim=(0, None))
    axis.title.set_fontsize(9)
    axis.legend(fontsize=7)
