"""Guards the compiled training step against non-finite values.

A non-finite update is never applied: parameters, optimizer state, statistics and average stay
unchanged. Under the policy `stop`, the step count stays too, so the state before the first
non-finite update is preserved until the host reads it. Under `skip`, the step count increases,
so that the next update uses other random numbers, and the skipped update is counted.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import minmax_jax as mm
from minmax_jax import parallel

QUANTITIES = ("skipped",)
"""Quantities that `report` adds under `skip`."""


class NonFiniteState(NamedTuple):
    """Record of non-finite updates.

    Attributes:
      last: Number of the last non-finite update of each player (`Players` of int32); 0 if there
        was none.
      norms: Update norms of the last applied update (`Players` of float32).
      skipped: Number of skipped updates (int32 scalar).
    """

    last: mm.Players
    norms: mm.Players
    skipped: jax.Array


def init() -> NonFiniteState:
    """Returns the state before the first step."""
    count, norm = jnp.zeros((), jnp.int32), jnp.zeros((), jnp.float32)
    return NonFiniteState(mm.Players(count, count), mm.Players(norm, norm), count)


def guard(
    step_fn: Callable[..., Any],
    policy: str,
    axis_name: str | None = parallel.AXIS,
    average_fn: Callable[..., Any] | None = None,
) -> Callable[..., Any]:
    """Wraps a training step so that it discards non-finite updates.

    The guard tests the batch statistics, and the quantities of the step with names that end in
    `_min` or `_max`. All devices take the same decision.

    Args:
      step_fn: Training step `(state, images, seed) -> (state, norms)`. The dict `norms` contains
        `update_norm_min` and `update_norm_max`, and may contain other quantities.
      policy: `"stop"` or `"skip"`.
      axis_name: Mapped axis of the devices, or None without such an axis.
      average_fn: Function `(step, average, params)` that returns the moving average of the
        generator's parameters after the update. Default: the step updates the average.

    Returns:
      A training step. `report` adds what the guard has found to its quantities. The step has an
      optional last argument `active`, a boolean scalar. If it is False, the state stays unchanged.
    """
    skip = policy == "skip"

    def guarded(
        state: Any, images: jax.Array, seed: jax.Array, active: jax.Array | None = None
    ) -> tuple[Any, dict[str, Any]]:
        after, norms = step_fn(state, images, seed)
        bad = jnp.stack(
            [
                _is_nonfinite(norms, f"_{side}", stats)
                for side, stats in after.stats._asdict().items()
            ]
        )
        if axis_name is not None and lax.axis_size(axis_name) > 1:
            bad = lax.pmax(bad.astype(jnp.int32), axis_name) > 0
        wrong = jnp.any(bad)
        if active is not None:
            bad, wrong = bad & active, wrong | ~active
        found = _next_state(state, norms, bad, wrong, skip)

        def keep(old: Any, new: Any) -> Any:
            return jax.tree.map(lambda old, new: jnp.where(wrong, old, new), old, new)

        kept = keep(state, after)
        if average_fn is not None:
            # Computed from the parameters that are kept. From `after`, XLA's CPU backend would
            # compute the parameters twice, from a copy of the old ones.
            average = average_fn(state.step, state.ema, kept.players.min)
            kept = kept._replace(ema=keep(state.ema, average))
        step = kept.step
        if skip:  # A skipped update counts as a step.
            step = after.step if active is None else jnp.where(active, after.step, state.step)
        return kept._replace(nonfinite=found, step=step), norms

    return guarded


def report(state: Any, quantities: Mapping[str, Any], policy: str) -> dict[str, Any]:
    """Returns the quantities with `nonfinite` (`NonFiniteState`), and `skipped` under `skip`.

    This is separate from the step, so that a loop over steps does not copy these numbers.
    """
    found = state.nonfinite
    skipped = {"skipped": found.skipped} if policy == "skip" else {}
    return {**quantities, "nonfinite": found, **skipped}


def _next_state(
    state: Any, norms: Mapping[str, jax.Array], bad: jax.Array, wrong: jax.Array, skip: bool
) -> NonFiniteState:
    before = state.nonfinite
    return NonFiniteState(
        last=jax.tree.map(
            lambda bad, last: jnp.where(bad, state.step + 1, last),
            mm.Players(min=bad[0], max=bad[1]),
            before.last,
        ),
        norms=jax.tree.map(
            lambda old, new: jnp.where(wrong, old, new.astype(jnp.float32)),
            before.norms,
            mm.Players(norms["update_norm_min"], norms["update_norm_max"]),
        ),
        skipped=before.skipped + (jnp.any(bad) & skip),
    )


def may_continue(state: Any, policy: str) -> jax.Array:
    """Returns whether another step follows: False under `stop` after a non-finite update."""
    last = jnp.maximum(*state.nonfinite.last)
    return last <= state.step if policy == "stop" else jnp.asarray(True)


def _is_nonfinite(norms: Mapping[str, jax.Array], suffix: str, stats: Any) -> jax.Array:
    finite = [jnp.isfinite(value).all() for name, value in norms.items() if name.endswith(suffix)]
    if leaves := jax.tree.leaves(stats):
        # All at once: on a GPU, starting a kernel for each takes longer than the test.
        finite.append(jnp.isfinite(jnp.concatenate([jnp.ravel(leaf) for leaf in leaves])).all())
    return ~jnp.all(jnp.stack(finite))


def reset(state: NonFiniteState) -> NonFiniteState:
    """Sets `last` to 0, so that a stopped run can retry the update; `norms` and `skipped` stay."""
    return state._replace(last=mm.Players(np.int32(0), np.int32(0)))
