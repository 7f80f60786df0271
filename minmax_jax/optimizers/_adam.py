"""Adam's step at learning rate one, with the choices that papers leave open."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from minmax_jax import _checks
from minmax_jax._types import PyTree, transformation


class UncorrectedAdamState(NamedTuple):
    """State of Adam without bias correction.

    Attributes:
      mu: running mean of the gradients.
      nu: running mean of their squares.
    """

    mu: Any
    nu: Any


def adam_step(
    name: str,
    b1: float,
    b2: float,
    eps: float,
    bias_correction: bool = True,
    *,
    nesterov: bool = False,
) -> optax.GradientTransformation:
    """Returns `A = m̂ / (√v̂ + eps)`, or `m / (√v + eps)` without bias correction."""
    for argument, value in (("b1", b1), ("b2", b2)):
        _checks.check_number(name, argument, value, high=1.0)
    _checks.check_number(name, "eps", eps)
    if not bias_correction:
        return _uncorrected(b1, b2, eps)
    return optax.scale_by_adam(b1, b2, eps, nesterov=nesterov)


def _uncorrected(b1: float, b2: float, eps: float) -> optax.GradientTransformation:
    def init_fn(params: PyTree) -> UncorrectedAdamState:
        return UncorrectedAdamState(
            mu=optax.tree.zeros_like(params), nu=optax.tree.zeros_like(params)
        )

    def update_fn(
        updates: PyTree, state: UncorrectedAdamState, params: PyTree | None = None, **extra: Any
    ) -> tuple[PyTree, UncorrectedAdamState]:
        del params, extra
        mu = optax.tree.update_moment(updates, state.mu, b1, 1)
        nu = optax.tree.update_moment_per_elem_norm(updates, state.nu, b2, 2)
        step = jax.tree.map(lambda m, v: m / (jnp.sqrt(v) + eps), mu, nu)
        return step, UncorrectedAdamState(mu=mu, nu=nu)

    return transformation(init_fn, update_fn)
