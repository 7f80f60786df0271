"""The test of `greedy`: whether a proposal and its answer are taken."""

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
    """The keyword arguments of `greedy`, in its order."""

    max_ascent_steps: int
    gradient_tolerance: ScalarOrSchedule | None
    min_improvement: ScalarOrSchedule = 0.0
    temperature: ScalarOrSchedule = 0.0
    accept_probability: ScalarOrSchedule | None = None
    accept_every: int | None = None
    max_rejections: int | None = None
    tolerance_growth: ScalarOrSchedule = 1.0
    gradient_bound: ScalarOrSchedule = float("inf")
    stochastic: bool = True
    restore_states: bool = True
    restore_max: bool = True

    def check(self, name: str) -> None:
        """Raises for what is out of range."""
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
                    f"{name}: accept_probability stands in place of a temperature, got both; "
                    "leave temperature at 0."
                )

    @property
    def anneals(self) -> bool:
        """Whether there is a temperature (a schedule or tracer may be anything)."""
        tau = self.temperature
        return callable(tau) or isinstance(tau, Tracer) or bool(tau != 0)


class AcceptResult(NamedTuple):
    """Whether a proposal is accepted, its payoff, and whether the ascent diverged."""

    accept: jax.Array
    value: jax.Array
    diverged: jax.Array


def accept_test(
    settings: GreedySettings,
    payoff_fn: PayoffFn,
    params: Players,
    step: Players,
    answer: AscentResult,
    state: Any,
    key: jax.Array | None,
) -> AcceptResult:
    """Compares the payoffs before and after, on the draw that follows those of the ascent."""
    draw, dtype, count = settings.max_ascent_steps + 1, state.value.dtype, state.count
    value = payoff_fn(Players(*map(optax.apply_updates, params, step)), draw).astype(dtype)
    old = state.value
    if settings.stochastic or not settings.restore_max:
        old = jnp.where(state.accepted > 0, payoff_fn(params, draw).astype(dtype), state.value)
    accept = value <= old - calls.value_at(settings.min_improvement, count).astype(dtype)
    if settings.accept_every is not None:
        accept |= count % settings.accept_every == 0
    if settings.anneals or settings.accept_probability is not None:
        assert key is not None  # checked by the caller
        chance = jax.random.uniform(calls.inner_call({"key": key}, draw)["key"], dtype=dtype)
        accept |= chance < _probability(settings, count, dtype)
    diverged = answer.diverged | ~jnp.isfinite(value)
    return AcceptResult(accept & ~diverged, value, diverged)


def _probability(settings: GreedySettings, count: jax.Array, dtype: Any) -> jax.Array:
    """The probability of accepting what fails the test: e^{−i/τ}, zero at τ = 0, or as given."""
    if settings.accept_probability is not None:
        return calls.value_at(settings.accept_probability, count).astype(dtype)
    tau = calls.value_at(settings.temperature, count).astype(dtype)
    warm = tau > 0
    return jnp.where(warm, jnp.exp(-count.astype(dtype) / jnp.where(warm, tau, 1)), 0)
