"""Accept/reject test of the greedy method."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.core import Tracer

from minmax_jax._util import calls, checks
from minmax_jax._util.types import PayoffFn, Players
from minmax_jax.players import ScalarOrSchedule
from minmax_jax.transforms.greedy.ascent import AscentResult

_LIMITS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "max_ascent_steps": (checks.check_count, {}),
    "accept_every": (checks.check_count, {}),
    "max_rejections": (checks.check_count, {"at_least": 0}),
    "gradient_tolerance": (checks.check_number, {}),
    "min_improvement": (checks.check_number, {}),
    "temperature": (checks.check_number, {"infinite": True}),
    "accept_probability": (checks.check_number, {"high": 1.0}),
    "tolerance_growth": (checks.check_number, {"low": 1.0}),
    "gradient_bound": (checks.check_number, {"infinite": True}),
}
"""Check and range of each setting that is a number."""

_OPTIONAL = ("gradient_tolerance", "accept_probability", "accept_every", "max_rejections")
"""Settings that may be None."""


class GreedySettings(NamedTuple):
    """Settings of `greedy`. The attributes are its keyword arguments."""

    max_ascent_steps: int
    gradient_tolerance: ScalarOrSchedule | None
    min_improvement: ScalarOrSchedule
    temperature: ScalarOrSchedule
    accept_probability: ScalarOrSchedule | None
    accept_every: int | None
    max_rejections: int | None
    tolerance_growth: ScalarOrSchedule
    gradient_bound: ScalarOrSchedule
    stochastic: bool
    draws: str
    overwrite_payoff: bool
    restore_states: bool
    restore_max: bool

    def checked(self, name: str) -> "GreedySettings":
        """Returns the settings as ints and checked schedules, or raises an error."""
        for argument in ("stochastic", "overwrite_payoff", "restore_states", "restore_max"):
            checks.check_choice(name, argument, getattr(self, argument), (True, False))
        checks.check_choice(name, "draws", self.draws, ("common", "independent"))
        self._check_stochastic(name)
        checked = {
            argument: check(name, argument, value, **limits)
            for argument, (check, limits) in _LIMITS.items()
            if (value := getattr(self, argument)) is not None or argument not in _OPTIONAL
        }
        if self.accept_probability is not None and self.anneals:
            raise ValueError(
                f"{name}: temperature must be 0 if accept_probability is given, got "
                f"{checks.shown(self.temperature)}. Pass only one of temperature and "
                "accept_probability."
            )
        return self._replace(**checked)

    def _check_stochastic(self, name: str) -> None:
        """Raises an error if `stochastic` contradicts how f_old is computed."""
        if self.overwrite_payoff and self.stochastic:
            raise ValueError(
                f"{name}: stochastic must be False if overwrite_payoff=True, got True. "
                "The payoff of the previous proposal is stored, not evaluated again."
            )
        if self.draws == "independent" and not self.reevaluates:
            raise ValueError(
                f"{name}: draws must be 'common' if the old payoff is not evaluated again, got "
                "'independent'. Pass stochastic=True to evaluate it again."
            )

    @property
    def reevaluates(self) -> bool:
        """Whether f_old is evaluated again in every update."""
        return (self.stochastic or not self.restore_max) and not self.overwrite_payoff

    @property
    def anneals(self) -> bool:
        """Whether the temperature can be nonzero, which is assumed for schedules and tracers."""
        tau = self.temperature
        return callable(tau) or isinstance(tau, Tracer) or float(tau) != 0

    @property
    def is_random(self) -> bool:
        """Whether the accept test draws random numbers."""
        return self.anneals or self.accept_probability is not None


class AcceptResult(NamedTuple):
    """Result of `accept_test`.

    Attributes:
      accept: Whether the proposal is accepted.
      value: Payoff after the proposal and the ascent.
      diverged: Whether the ascent diverged or the payoff is not finite.
    """

    accept: jax.Array
    value: jax.Array
    diverged: jax.Array


def accept_test(
    settings: GreedySettings,
    payoff_fn: PayoffFn,
    params: Players,
    step: Players,
    ascent: AscentResult,
    state: Any,
    key: jax.Array | None,
) -> AcceptResult:
    """Compares the payoffs before and after a proposal.

    Args:
      settings: Settings of `greedy`.
      payoff_fn: Payoff function.
      params: Current parameters.
      step: Proposed step of the min player, and the sum of the ascent steps.
      ascent: Result of the ascent.
      state: State of `greedy`.
      key: PRNG key of the update, or None if the test is not random.

    Returns:
      An `AcceptResult`.
    """
    # Sample indices up to `max_ascent_steps` belong to the ascent.
    draw, dtype, count = settings.max_ascent_steps + 1, state.value.dtype, state.count
    value = payoff_fn(Players(*map(optax.apply_updates, params, step)), draw).astype(dtype)
    old = state.value
    if settings.reevaluates:
        before = draw if settings.draws == "common" else draw + 1
        old = jnp.where(state.accepted > 0, payoff_fn(params, before).astype(dtype), state.value)
    accept = value <= old - calls.value_at(settings.min_improvement, count).astype(dtype)
    if settings.accept_every is not None:
        accept |= count % settings.accept_every == 0
    if settings.is_random:
        chance = jax.random.uniform(calls.inner_call({"key": key}, draw)["key"], dtype=dtype)
        accept |= chance < _probability(settings, count, dtype)
    diverged = ascent.diverged | ~jnp.isfinite(value)
    return AcceptResult(accept & ~diverged, value, diverged)


def _probability(settings: GreedySettings, count: jax.Array, dtype: Any) -> jax.Array:
    """Returns the probability of accepting a proposal that fails the comparison.

    It is `accept_probability` if given, otherwise e^{−i/τ}, which is zero for τ = 0.
    """
    if settings.accept_probability is not None:
        return calls.value_at(settings.accept_probability, count).astype(dtype)
    tau = calls.value_at(settings.temperature, count).astype(dtype)
    positive = tau > 0
    return jnp.where(positive, jnp.exp(-count.astype(dtype) / jnp.where(positive, tau, 1)), 0)
