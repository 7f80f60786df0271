"""Guards training against non-finite values, in the compiled step and on the host.

A non-finite update is never applied: parameters, optimizer state, statistics and average stay
unchanged. Under the policy `stop`, the step count stays too, so the state before the first
non-finite update is preserved until the host reads it. Under `skip`, the step count increases,
so that the next update uses other random numbers, and the skipped update is counted.
"""

import collections
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import minmax_jax as mm
from minmax_jax import parallel
from minmax_jax.gan.base.errors import NonFinite

QUANTITIES = ("skipped",)
"""Additional quantities of a guarded step under `skip`."""

_NAMES = mm.Players("the generator (min)", "the discriminator (max)")


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
    step_fn: Callable[..., Any], policy: str, axis_name: str | None = parallel.AXIS
) -> Callable[..., Any]:
    """Wraps a training step so that it discards non-finite updates.

    The guard tests the norms that the step returns and the batch statistics. All devices take
    the same decision.

    Args:
      step_fn: Training step `(state, images, seed) -> (state, norms)`. Names of norms end in
        `_min` or `_max` and include `update_norm_min` and `update_norm_max`.
      policy: `"stop"` or `"skip"`.
      axis_name: Mapped axis of the devices, or None without such an axis.

    Returns:
      A training step of the same form.
    """
    skip = policy == "skip"

    def guarded(state: Any, images: jax.Array, seed: jax.Array) -> tuple[Any, dict[str, Any]]:
        after, norms = step_fn(state, images, seed)
        bad = jnp.stack([
            _is_nonfinite(norms, f"_{side}", stats) for side, stats in after.stats._asdict().items()
        ])  # fmt: skip
        if axis_name is not None:
            bad = lax.pmax(bad.astype(jnp.int32), axis_name) > 0
        found = _next_state(state, norms, bad, skip)
        wrong = jnp.any(bad)
        kept = jax.tree.map(lambda old, new: jnp.where(wrong, old, new), state, after)
        kept = kept._replace(nonfinite=found, step=after.step if skip else kept.step)
        return kept, {**norms, "nonfinite": found, **({"skipped": found.skipped} if skip else {})}

    return guarded


def _next_state(
    state: Any, norms: Mapping[str, jax.Array], bad: jax.Array, skip: bool
) -> NonFiniteState:
    before, wrong = state.nonfinite, jnp.any(bad)
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
        skipped=before.skipped + (wrong & skip),
    )


def may_continue(state: Any, policy: str) -> jax.Array:
    """Returns whether another step follows: False under `stop` after a non-finite update."""
    last = jnp.maximum(*state.nonfinite.last)
    return last <= state.step if policy == "stop" else jnp.asarray(True)


def _is_nonfinite(norms: Mapping[str, jax.Array], suffix: str, stats: Any) -> jax.Array:
    tested = [value for name, value in norms.items() if name.endswith(suffix)]
    finite = [jnp.all(jnp.isfinite(value)) for value in (*tested, *jax.tree.leaves(stats))]
    return ~jnp.all(jnp.stack(finite))


def reset(state: NonFiniteState) -> NonFiniteState:
    """Resets the non-finite state so that a stopped run can retry the update."""
    return state._replace(last=mm.Players(np.int32(0), np.int32(0)))


class NonFiniteCheck:
    """Checks the results of compiled calls on the host, without waiting for them.

    Args:
      policy: `"stop"` or `"skip"`. Under `skip`, nothing is checked.
    """

    def __init__(self, policy: str) -> None:
        self._policy = policy
        self._pending: collections.deque[tuple[int, Any]] = collections.deque()

    def check_metrics(self, step: int, quantities: Mapping[str, Any]) -> None:
        """Adds the results of the call that ended at `step`, and checks those that are ready.

        Raises:
          NonFinite: If a checked result is not finite and the policy is `stop`.
        """
        self._pending.append((step, dict(quantities)))
        while self._pending and _is_ready(self._pending[0][1]):
            self._check(*self._pending.popleft())

    def wait_until_finite(self) -> None:
        """Waits for all results and checks them.

        Raises:
          NonFinite: If a result is not finite and the policy is `stop`.
        """
        while self._pending:
            self._check(*self._pending.popleft())

    def _check(self, step: int, quantities: Mapping[str, Any]) -> None:
        if self._policy == "stop":
            raise_if_nonfinite(step, jax.tree.map(np.asarray, parallel.unreplicate(quantities)))


def _is_ready(quantities: Any) -> bool:
    return all(leaf.is_ready() for leaf in jax.tree.leaves(quantities))


def raise_if_nonfinite(step: int, values: Mapping[str, Any]) -> None:
    """Raises an error if an update was discarded, or a logged metric is not finite.

    Args:
      step: Number of updates at the end of the compiled call.
      values: Quantities of a guarded step and of `measure`, on the host.

    Raises:
      NonFinite: With the number of the update, the player and the last finite norms.
    """
    found: NonFiniteState = values["nonfinite"]
    norms = (
        f"the last finite update norms are {found.norms.min:.4g} (min) and "
        f"{found.norms.max:.4g} (max)"
    )
    remedy = "Start again with a lower learning rate, or resume with --on-nonfinite skip."
    number = max(map(int, found.last))
    if number:
        players = _player_names(*(last == number for last in found.last))
        raise NonFinite(
            f"step {number}: the update of {players} is not finite; {norms}. The state before it "
            f"is saved. {remedy}",
            number,
        )
    bad = [name for name in values if name.endswith(("_min", "_max"))]
    bad = [name for name in bad if not np.isfinite(values[name])]
    if bad:
        players = _player_names(*(any(n.endswith(end) for n in bad) for end in ("_min", "_max")))
        raise NonFinite(
            f"step {step}: {', '.join(bad)} not finite after it ({players}); {norms}. The state "
            f"is saved. {remedy}",
            step,
        )


def _player_names(*bad: Any) -> str:
    return " and ".join(name for name, is_bad in zip(_NAMES, bad, strict=True) if is_bad)


def nonfinite_leaves(values: Mapping[str, np.ndarray]) -> list[str]:
    """Returns the names of the arrays with a value that is not finite."""
    floats = {n: v for n, v in values.items() if jnp.issubdtype(v.dtype, jnp.inexact)}
    return [name for name, value in floats.items() if not np.isfinite(value).all()]
