"""Adam with other step norms: replacements of the norm, and two directions."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

import minmax_jax as mm

DECAY = 0.99
"""Decay of the running mean, which averages over about a hundred updates."""
MAGNITUDES = ("own", "mean", "running", "schedule")
DIRECTIONS = {"adam": "Adam's direction", "sgd": "the gradient"}


class CountState(NamedTuple):
    """State of `follow_lengths`.

    Attributes:
      count: Number of updates so far.
    """

    count: jax.Array


class MeanState(NamedTuple):
    """State of `smooth_lengths`.

    Attributes:
      count: Number of updates so far.
      mean: Running mean of each leaf's norm, without bias correction.
    """

    count: jax.Array
    mean: Any


def follow_lengths(knots: jax.Array, num_steps: int) -> optax.GradientTransformation:
    """Scales each leaf to the norm of a piecewise linear schedule.

    Args:
      knots: Norms at evenly spaced times of a run, of shape (leaves, knots) with at least two
        knots. The leaves are in the order of `jax.tree.leaves`.
      num_steps: Length of the run. The schedule is constant afterwards.
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
    """Scales each leaf to the running mean of its norms, with bias correction."""

    def init_fn(params: Any) -> MeanState:
        zeros = jax.tree.map(lambda leaf: jnp.zeros((), leaf.dtype), params)
        return MeanState(jnp.zeros((), jnp.int32), zeros)

    def update_fn(updates: Any, state: Any, params: Any = None) -> tuple[Any, MeanState]:
        del params
        norms, count = leaf_norms(updates), state.count + 1
        mean = jax.tree.map(lambda m, n: decay * m + (1 - decay) * n, state.mean, norms)
        steps = jax.tree.map(
            lambda u, m, n: u * jnp.where(n == 0, 0.0, m / (1 - decay**count) / n),
            updates,
            mean,
            norms,
        )
        return steps, MeanState(count, mean)

    return optax.GradientTransformation(init_fn, update_fn)


def leaf_norms(tree: Any) -> Any:
    """Returns the norm of each leaf. Adam's steps need no protection against overflow."""
    return jax.tree.map(jnp.linalg.norm, jax.tree.map(jnp.ravel, tree))


def optimizers(
    b1: float, b2: float, num_steps: int, knots: mm.Players | None
) -> Mapping[str, Callable[[mm.Players, mm.Players], Any]]:
    """Returns optimizers by the name `MAGNITUDE-DIRECTION`.

    Each is a function of learning rates and gradient-norm recorders.

    Args:
      b1: Adam's b1.
      b2: Adam's b2.
      num_steps: Length of a run.
      knots: Norms of a run of Adam, `Players` of arrays of shape (leaves, knots). Without them,
        only the optimizers that do not need them are returned.
    """

    def side(
        magnitude: str, direction: str, rows: Any, learning_rate: Any, recorder: Any
    ) -> optax.GradientTransformation:
        norms = {"lengths": lambda inputs: jnp.stack(jax.tree.leaves(leaf_norms(inputs.updates)))}
        parts: list[optax.GradientTransformation] = [
            mm.record_diagnostics(optax.scale_by_adam(b1, b2), norms)
        ]
        if magnitude == "running":
            parts.append(smooth_lengths(DECAY))
        elif magnitude == "mean":
            constant = np.repeat(rows.mean(axis=1, keepdims=True), 2, axis=1)
            parts.append(follow_lengths(jnp.asarray(constant, jnp.float32), num_steps))
        elif magnitude == "schedule":
            parts.append(follow_lengths(jnp.asarray(rows, jnp.float32), num_steps))
        tx = optax.chain(*parts)
        if direction == "sgd":
            tx = mm.graft(magnitude=tx, direction=optax.identity())
        return optax.chain(recorder, tx, optax.scale(-learning_rate))

    def build(magnitude: str, direction: str) -> Callable[[mm.Players, mm.Players], Any]:
        rows = knots or mm.Players(None, None)
        return lambda rates, recorders: mm.per_player(
            min=side(magnitude, direction, rows.min, rates.min, recorders.min),
            max=side(magnitude, direction, rows.max, rates.max, recorders.max),
        )

    without_knots = ("own", "running")
    return {
        f"{magnitude}-{direction}": build(magnitude, direction)
        for direction in DIRECTIONS
        for magnitude in MAGNITUDES
        if knots is not None or magnitude in without_knots
    }


def read_lengths(state: Any) -> dict[str, jax.Array]:
    """Returns the norms of Adam's last steps, by player, from an optimizer's state."""

    def is_record(node: Any) -> bool:
        return hasattr(node, "records")

    nodes = [n for n in jax.tree.leaves(state, is_leaf=is_record) if is_record(n)]
    return {
        f"lengths_{side}": node.records["lengths"]
        for side, node in zip(("min", "max"), nodes, strict=True)
    }


def fit_knots(lengths: np.ndarray, num_knots: int) -> np.ndarray:
    """Fits a piecewise linear schedule with evenly spaced knots by least squares.

    Args:
      lengths: Norms of shape (records, leaves).
      num_knots: Number of knots.

    Returns:
      Norms at the knots, of shape (leaves, num_knots), at least zero.
    """
    where = np.linspace(0, num_knots - 1, len(lengths))
    hats = np.maximum(0, 1 - np.abs(where[:, None] - np.arange(num_knots)))
    fitted, *_ = np.linalg.lstsq(hats, lengths, rcond=None)
    return np.maximum(fitted.T, 0)
