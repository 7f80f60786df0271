"""Tests of the optimizers with a second moment: eps_root, range and derivatives."""

import functools
import inspect
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm


class Member(NamedTuple):
    """One optimizer of the family.

    Attributes:
      step: Function from gradient, eps and eps_root to the first step of a scalar parameter, at
        learning rate one.
      eps: Default of `eps`.
      reverse: Whether updates have a reverse-mode derivative.
      max_step: The function `step` of the max player, if it is another one.
    """

    step: Any = lambda g, eps, eps_root: g / (np.sqrt(g * g + eps_root) + eps)
    eps: float = 1e-8
    reverse: bool = True
    max_step: Any = None


def _divided(power):
    return lambda g, eps, eps_root: g / ((g * g + eps_root) ** power + eps)


FAMILY = {
    "adam_gda": Member(),
    "amsgrad_gda": Member(),
    "ada_nsgda": Member(),
    "ada_dir": Member(step=lambda g, eps, eps_root: g),
    "optimistic_adam": Member(),
    "extra_adam": Member(),
    "extra_amsgrad": Member(),
    "greedy_adam": Member(),
    "tiada": Member(step=_divided(0.6), eps=1e-10, max_step=_divided(0.4)),
    "adaptive_competitive": Member(eps=1e-5, reverse=False),  # Its solver is a while loop.
}
_ONCE: dict[str, Any] = {"moments": "once", "eps_root": 1e-3}
GRADIENTS = (1e-21, -1e-10, 1.0, -1e19, 1e22)


def step_at(optimizer, gradient):
    """Returns the first step in a game whose field is constant."""
    z = mm.Players(jax.tree.map(jnp.zeros_like, gradient), jax.tree.map(jnp.zeros_like, gradient))
    field = mm.Players(gradient, gradient)
    extra = {"field_fn": lambda z, draw=0: field, "payoff_fn": lambda z, draw=0: jnp.zeros(())}
    return optimizer.update(field, optimizer.init(z), z, **extra)[0]


def test_family_contains_all_optimizers_with_second_moments():
    with_b2 = {
        name for name, make in mm.optimizers.items() if "b2" in inspect.signature(make).parameters
    }
    assert with_b2 == set(FAMILY)


@functools.cache
def program(name):
    """Returns a compiled function from eps_root to the first steps, and their slope at zero."""
    make, derivative = mm.optimizers[name], jax.grad if FAMILY[name].reverse else jax.jacfwd

    def steps_and_slope(eps_root):
        def at(gradients):
            return step_at(make(1.0, eps_root=eps_root), gradients)

        slope = derivative(lambda g: at({"a": g}).min["a"])
        return jax.vmap(at)({"a": jnp.array(GRADIENTS)}), slope(jnp.float32(0.0))

    return jax.jit(steps_and_slope)


@pytest.mark.parametrize("name", FAMILY)
def test_steps_hold_in_the_documented_range(name):
    for eps_root in (0.0, 1e-6):
        steps, _ = program(name)(jnp.float32(eps_root))
        # The square of the largest gradient is infinite, so its parameter stops.
        *inside, beyond = -np.stack([steps.min["a"], steps.max["a"]]).T
        member = FAMILY[name]
        expected = [
            [
                step(g, member.eps, eps_root)
                for step in (member.step, member.max_step or member.step)
            ]
            for g in GRADIENTS[:-1]
        ]
        np.testing.assert_allclose(inside, expected, rtol=2e-5)
        np.testing.assert_array_equal(beyond, [0.0, 0.0])


@pytest.mark.parametrize("name", FAMILY)
def test_updates_have_derivatives_at_zero_with_eps_root(name):
    _, slope = program(name)(jnp.float32(1e-4))
    assert np.isfinite(slope) and slope <= 0


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (mm.adam_gda, lambda: optax.adam(0.1, eps_root=1e-2)),
        (mm.amsgrad_gda, lambda: optax.amsgrad(0.1, eps_root=1e-2)),
    ],
)
def test_eps_root_is_that_of_optax(ours, theirs):
    def run(tx):
        state, steps = tx.init(jnp.ones(2)), []
        for g in (jnp.array([0.1, -1.0]), jnp.array([0.01, 0.5])):
            step, state = tx.update(g, state)
            steps.append(step)
        return jnp.stack(steps)

    own, other = jax.jit(lambda: (run(ours(0.1, eps_root=1e-2)), run(theirs())))()
    np.testing.assert_allclose(own, other, rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        # √(n + eps_root), with n = (1 − b2) g², is multiplied by 1 / √(1 − b2) afterwards.
        (lambda: mm.extra_adam(1.0, correction="last", **_ONCE), 0.5 / np.sqrt(1.25)),
        (lambda: mm.extra_amsgrad(1.0, correction="last", **_ONCE), 0.5 / np.sqrt(1.25)),
        (lambda: mm.ada_nsgda(1.0, bias_correction=False, eps_root=1e-3), 0.05 / np.sqrt(1.25e-3)),
        (
            lambda: mm.adaptive_competitive(1.0, b2=0.999, correction="last", eps_root=1e-3, eps=0),
            0.5 / np.sqrt(1.25),
        ),
    ],
)
def test_eps_root_is_added_before_a_late_correction(make, expected):
    step = jax.jit(lambda: step_at(make(), {"a": jnp.float32(0.5)}))()
    np.testing.assert_allclose(-float(step.min["a"]), expected, rtol=1e-4)
