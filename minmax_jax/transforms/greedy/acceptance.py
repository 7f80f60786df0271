"""Accept/reject test of the greedy method."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.core import Tracer

from minmax_jax._util import calls, checks
from minmax_jax._util.types import PayoffFn, Players
from minmax_jax.players import ScalarOrSchedule
from minmax_jax.transforms.greedy.ascent import AscentResult


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
    restore_states: bool
    restore_max: bool

    def check(self, name: str) -> None:
        """Raises an error if a setting is invalid."""
        checks.check_count(name, "max_ascent_steps", self.max_ascent_steps)
        for argument in ("min_improvement", "temperature", "gradient_bound"):
            checks.check_number(name, argument, getattr(self, argument))
        checks.check_number(name, "tolerance_growth", self.tolerance_growth, low=1.0)
        if self.gradient_tolerance is not None:
            checks.check_number(name, "gradient_tolerance", self.gradient_tolerance)
        if self.accept_every is not None:
            checks.check_count(name, "accept_every", self.accept_every)
        if self.max_rejections is not None:
            checks.check_count(name, "max_rejections", self.max_rejections, at_least=0)
        for argument in ("stochastic", "restore_states", "restore_max"):
            checks.check_choice(name, argument, getattr(self, argument), (True, False))
        if self.accept_probability is not None:
            checks.check_number(name, "accept_probability", self.accept_probability, high=1.0)
            if self.anneals:
                raise ValueError(
                    f"{name}: pass either temperature or accept_probability, not both. Leave "
                    "temperature at 0."
                )

    @property
    def anneals(self) -> bool:
        """Whether the temperature can be nonzero, which is assumed for schedules and tracers."""
        tau = self.temperature
        return callable(tau) or isinstance(tau, Tracer) or bool(tau != 0)

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
    """Compares the payoffs before and after a proposal, on one sample.

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
    if settings.stochastic or not settings.restore_max:
        old = jnp.where(state.accepted > 0, payoff_fn(params, draw).astype(dtype), state.value)
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
