"""The watch on numbers that are not finite: inside the compiled step, and on the host.

An update with a norm that is not finite is never taken: players, optimizer, statistics and
average stay as they were before it. Under `stop` the step count stays too, so that the state
is the one before the first such update for ever after, however late the host looks; under
`skip` the step count goes on, to other random numbers, and the update is counted.
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
"""What a guarded step reports besides under `skip`."""

_NAMES = mm.Players("the generator (min)", "the discriminator (max)")


class NonFiniteState(NamedTuple):
    """What is remembered of updates that were not finite.

    Attributes:
      last: `Players` of int32, the number of the last update that was not finite in what
        that player did; 0 for none.
      norms: `Players` of float32, the norms of the last update that was taken.
      skipped: int32 scalar, the number of updates left out.
    """

    last: mm.Players
    norms: mm.Players
    skipped: jax.Array


def init() -> NonFiniteState:
    """Returns the watch before the first step."""
    count, norm = jnp.zeros((), jnp.int32), jnp.zeros((), jnp.float32)
    return NonFiniteState(mm.Players(count, count), mm.Players(norm, norm), count)


def guard(
    advance: Callable[..., Any], policy: str, axis_name: str | None = parallel.AXIS
) -> Callable[..., Any]:
    """Returns a training step that leaves out updates that are not finite.

    It looks at the norms that the step reports, which it computes anyway, and at the
    statistics; the verdict is one for all devices.

    Args:
      advance: `(state, images, seed) -> (state, norms)`, norms by names that end in _min
        and _max; among them `update_norm`.
      policy: "stop" or "skip".
      axis_name: mapped axis of the devices; None: there is no such map.
    """
    skip = policy == "skip"

    def guarded(state: Any, images: jax.Array, seed: jax.Array) -> tuple[Any, dict[str, Any]]:
        after, norms = advance(state, images, seed)
        own = [_is_bad(norms, f"_{side}", stats) for side, stats in after.stats._asdict().items()]
        bad = jnp.stack(own)
        if axis_name is not None:
            bad = lax.pmax(bad.astype(jnp.int32), axis_name) > 0
        wrong = jnp.any(bad)
        kept = jax.tree.map(lambda old, new: jnp.where(wrong, old, new), state, after)
        found = NonFiniteState(
            last=jax.tree.map(
                lambda bad, last: jnp.where(bad, state.step + 1, last),
                mm.Players(min=bad[0], max=bad[1]),
                state.nonfinite.last,
            ),
            norms=jax.tree.map(
                lambda old, new: jnp.where(wrong, old, new.astype(jnp.float32)),
                state.nonfinite.norms,
                mm.Players(norms["update_norm_min"], norms["update_norm_max"]),
            ),
            skipped=state.nonfinite.skipped + (wrong & skip),
        )
        kept = kept._replace(nonfinite=found, step=after.step if skip else kept.step)
        return kept, {**norms, "nonfinite": found, **({"skipped": found.skipped} if skip else {})}

    return guarded


def goes_on(state: Any, policy: str) -> jax.Array:
    """Returns whether there is a next step: not under `stop` after an update left out."""
    last = jnp.maximum(*state.nonfinite.last)
    return last <= state.step if policy == "stop" else jnp.asarray(True)


def _is_bad(norms: Mapping[str, jax.Array], suffix: str, stats: Any) -> jax.Array:
    watched = [value for name, value in norms.items() if name.endswith(suffix)]
    finite = [jnp.all(jnp.isfinite(value)) for value in (*watched, *jax.tree.leaves(stats))]
    return ~jnp.all(jnp.stack(finite))


class Watcher:
    """Reads, on the host, what the compiled steps found, without waiting for them.

    Args:
      policy: "stop" or "skip".
    """

    def __init__(self, policy: str) -> None:
        self._policy = policy
        self._pending: collections.deque[tuple[int, Any]] = collections.deque()

    def look(self, step: int, quantities: Mapping[str, Any]) -> None:
        """Takes the results of the call that ended at `step`, and reads those that are there.

        Raises:
          NonFinite: under `stop`, one of them was not finite.
        """
        self._pending.append((step, dict(quantities)))
        while self._pending and _is_ready(self._pending[0][1]):
            self._read(*self._pending.popleft())

    def flush(self) -> None:
        """Reads everything; raises as `look`."""
        while self._pending:
            self._read(*self._pending.popleft())

    def _read(self, step: int, quantities: Mapping[str, Any]) -> None:
        if self._policy == "stop":
            check(step, jax.tree.map(np.asarray, parallel.unreplicate(quantities)))


def _is_ready(quantities: Any) -> bool:
    return all(leaf.is_ready() for leaf in jax.tree.leaves(quantities))


def check(step: int, values: Mapping[str, Any]) -> None:
    """Raises `NonFinite` if an update was left out, or a logged loss or gradient is not finite.

    Args:
      step: number of updates at the end of the call.
      values: what a guarded step and `measure` report, on the host.
    """
    found: NonFiniteState = values["nonfinite"]
    number = max(map(int, found.last))
    if number:
        who = _who(*(last == number for last in found.last))
        raise NonFinite(
            f"step {number}: the update of {who} is not finite; the last finite norms are "
            f"{found.norms.min:.4g} (min) and {found.norms.max:.4g} (max); the state before it is "
            "saved: start again with a lower learning rate, or resume with --on-nonfinite skip",
            number,
        )
    wrong = [name for name in values if name.endswith(("_min", "_max"))]
    wrong = [name for name in wrong if not np.isfinite(values[name])]
    if wrong:
        who = _who(*(any(name.endswith(side) for name in wrong) for side in ("_min", "_max")))
        raise NonFinite(
            f"step {step}: {', '.join(wrong)} not finite after it ({who}); the last finite norms "
            f"are {found.norms.min:.4g} (min) and {found.norms.max:.4g} (max); the state is saved: "
            "start again with a lower learning rate, or resume with --on-nonfinite skip",
            step,
        )


def _who(*guilty: Any) -> str:
    return " and ".join(name for name, is_it in zip(_NAMES, guilty, strict=True) if is_it)


def reset(state: NonFiniteState) -> NonFiniteState:
    """Returns the watch with which a run that stopped may try the update again."""
    return state._replace(last=mm.Players(np.int32(0), np.int32(0)))
