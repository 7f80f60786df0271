"""Checks on the host whether the results of compiled calls are finite."""

import collections
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import minmax_jax as mm
from minmax_jax import parallel
from minmax_jax.gan.base.errors import NonFinite
from minmax_jax.gan.training.nonfinite import NonFiniteState

_NAMES = mm.Players("the generator (min)", "the discriminator (max)")


class NonFiniteCheck:
    """Checks on the host whether the results of compiled calls are finite, without blocking.

    Args:
      policy: `"stop"` or `"skip"`. Under `skip`, nothing is checked.
    """

    def __init__(self, policy: str) -> None:
        self._policy = policy
        self._pending: collections.deque[tuple[int, Any]] = collections.deque()

    def check_metrics(self, step: int, quantities: Mapping[str, Any]) -> None:
        """Queues the quantities of a compiled call, and checks those that have been computed.

        Args:
          step: Number of updates at the end of the call.
          quantities: Quantities that the call and `measure` returned.

        Raises:
          NonFinite: If the policy is `stop` and a quantity is not finite. See
            `raise_if_nonfinite`.
        """
        self._pending.append((step, dict(quantities)))
        while self._pending and _is_ready(self._pending[0][1]):
            self._check(*self._pending.popleft())

    def wait_until_finite(self) -> None:
        """Waits for all queued quantities and checks them.

        Raises:
          NonFinite: If the policy is `stop` and a quantity is not finite. See
            `raise_if_nonfinite`.
        """
        while self._pending:
            self._check(*self._pending.popleft())

    def _check(self, step: int, quantities: Mapping[str, Any]) -> None:
        if self._policy == "stop":
            raise_if_nonfinite(step, jax.tree.map(np.asarray, parallel.unreplicate(quantities)))


def _is_ready(quantities: Any) -> bool:
    return all(leaf.is_ready() for leaf in jax.tree.leaves(quantities))


def raise_if_nonfinite(step: int, values: Mapping[str, Any]) -> None:
    """Raises an error if an update was discarded or a metric of one player is not finite.

    The metrics of one player are those with names that end in `_min` or `_max`.

    Args:
      step: Number of updates at the end of the compiled call.
      values: Quantities of `nonfinite.report` and of `measure`, on the host.

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
