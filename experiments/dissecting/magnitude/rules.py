"""Adam with another magnitude: what its steps' length is swapped for, along which direction."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

import minmax_jax as mm

DECAY = 0.99
"""Of the running mean: it remembers about a hundred updates."""
MAGNITUDES = ("own", "mean", "running", "schedule")
DIRECTIONS = {"adam": "Adam's", "sgd": "the gradient's"}


class CountState(NamedTuple):
    """State of `follow_lengths`: the number of updates so far."""

    count: jax.Array


class MeanState(NamedTuple):
    """State of `smooth_lengths`.

    Attributes:
      count: the number of updates so far.
      mean: of each leaf's norm, scalars, without correction for its start at zero.
    """

    count: jax.Array
    mean: Any


def follow_lengths(knots: jax.Array, num_steps: int) -> optax.GradientTransformation:
    """Gives each leaf the length that is read off between knots evenly spread over a run.

    Args:
      knots: `(leaves, knots)`, in the order of `jax.tree.leaves`; at least two knots.
      num_steps: length of the run; after it the last knot holds.
    """
    unit = mm.normalize("layer")

    def init_fn(params: Any) -> CountState:
        del params
        return CountState(jnp.zeros((), jnp.int32))

    def update_fn(updates: Any, state: Any, params: Any = None) -> tuple[Any, CountState]:
        del params
        steps, _ = unit.update(updates, unit.init(updates))
        leaves, structure = jax.tree.flatten(steps)
        last = knots.shape[1] - 1
        time = state.count / max(1, num_steps - 1) * last
        lengths = [jnp.interp(time, jnp.arange(last + 1), row) for row in knots]
        scaled = [leaf * length for leaf, length in zip(leaves, lengths, strict=True)]
        return jax.tree.unflatten(structure, scaled), CountState(state.count + 1)

    return optax.GradientTransformation(init_fn, update_fn)


def smooth_lengths(decay: float) -> optax.GradientTransformation:
    """Gives each leaf the running mean of its own lengths, corrected for its start at zero."""

    def init_fn(params: Any) -> MeanState:
        zeros = jax.tree.map(lambda leaf: jnp.zeros((), leaf.dtype), params)
        return MeanState(jnp.zeros((), jnp.int32), zeros)

    def update_fn(updates: Any, state: Any, params: Any = None) -> tuple[Any, MeanState]:
        del params
        norms, count = leaf_norms(updates), state.count + 1
        mean = jax.tree.map(lambda m, n: decay * m + (1 - decay) * n, state.mean, norms)
        steps = jax.tree.map(
            lambda u, m, n: u * jnp.where(n == 0, 0.0, m / (1 - decay**count) / n),
            updates, mean, norms,
        )  # fmt: skip
        return steps, MeanState(count, mean)

    return optax.GradientTransformation(init_fn, update_fn)


def leaf_norms(tree: Any) -> Any:
    """The norm of each leaf; Adam's steps are neither huge nor tiny."""
    return jax.tree.map(jnp.linalg.norm, jax.tree.map(jnp.ravel, tree))


def optimizers(
    b1: float, b2: float, num_steps: int, knots: mm.Players | None
) -> Mapping[str, Callable[[mm.Players, mm.Players], Any]]:
    """Returns `MAGNITUDE-DIRECTION` -> optimizer of rates and watchers.

    Args:
      b1: Adam's.
      b2: Adam's.
      num_steps: length of a run.
      knots: lengths of a run of Adam, `Players` of `(leaves, knots)`; None while there is
        none: then there are the pairs alone that need none.
    """

    def side(magnitude: str, direction: str, side: int, rate: Any, watcher: Any) -> Any:
        lengths = {"lengths": lambda seen: jnp.stack(jax.tree.leaves(leaf_norms(seen.updates)))}
        parts: list[optax.GradientTransformation] = [mm.record_diagnostics(optax.scale_by_adam(b1, b2), lengths)]
        if magnitude == "running":
            parts.append(smooth_lengths(DECAY))
        elif magnitude != "own":
            assert knots is not None
            rows = knots[side]
            if magnitude == "mean":
                rows = np.repeat(rows.mean(axis=1, keepdims=True), 2, axis=1)
            parts.append(follow_lengths(jnp.asarray(rows, jnp.float32), num_steps))
        rule = optax.chain(*parts)
        if direction == "sgd":
            rule = mm.graft(magnitude=rule, direction=optax.identity())
        return optax.chain(watcher, rule, optax.scale(-rate))

    def build(magnitude: str, direction: str) -> Callable[[mm.Players, mm.Players], Any]:
        return lambda rates, watchers: mm.per_player(
            min=side(magnitude, direction, 0, rates.min, watchers.min),
            max=side(magnitude, direction, 1, rates.max, watchers.max),
        )

    needs = ("mean", "schedule")
    return {f"{m}-{d}": build(m, d) for d in DIRECTIONS for m in MAGNITUDES
            if knots is not None or m not in needs}  # fmt: skip


def read_lengths(state: Any) -> dict[str, jax.Array]:
    """The lengths of Adam's last steps, by player, from an optimizer's state."""

    def is_watch(node: Any) -> bool:
        return hasattr(node, "records")

    nodes = [n for n in jax.tree.leaves(state, is_leaf=is_watch) if is_watch(n)]
    return {
        f"lengths_{s}": n.records["lengths"] for s, n in zip(("min", "max"), nodes, strict=True)
    }


def fit_knots(lengths: np.ndarray, num_knots: int) -> np.ndarray:
    """Returns the schedule nearest to lengths `(lines, leaves)`: `(leaves, num_knots)`.

    Least squares over piecewise linear functions with evenly spread knots, none below zero.
    """
    where = np.linspace(0, num_knots - 1, len(lengths))
    hats = np.maximum(0, 1 - np.abs(where[:, None] - np.arange(num_knots)))
    fitted, *_ = np.linalg.lstsq(hats, lengths, rcond=None)
    return np.maximum(fitted.T, 0)
