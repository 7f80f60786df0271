"""Tests of the greedy method with Adam steps."""

import inspect
import itertools

import chex
import jax
import jax.numpy as jnp
import optax
import pytest

import minmax_jax as mm
from tests import problems


def trajectory(optimizer, num_steps=10):
    problem = problems.curved

    def run(start):
        return mm.solve(
            optimizer,
            problem.field_fn,
            start,
            num_steps,
            payoff_fn=problem.payoff_fn,
            record=lambda step, z, u, s: z,
        ).records

    return jax.jit(run)(problem.start)


@pytest.mark.parametrize("steps", [1, 3])
def test_greedy_adam_accepting_everything_is_alternating_adam(steps):
    rates = mm.Players(min=0.02, max=0.01)
    tx = mm.greedy_adam(rates, max_ascent_steps=steps, accept_every=1)
    plain = mm.alternate(
        min=optax.adam(0.02, b1=0.5), max=optax.adam(0.01, b1=0.5), max_steps=steps, first="min"
    )
    chex.assert_trees_all_close(trajectory(tx), trajectory(plain), rtol=1e-5, atol=1e-6)


def test_schedules_count_updates_not_ascent_steps():
    def only_third(count):
        return jnp.where(count == 2, 0.1, 0.0)

    tx = mm.greedy_adam(only_third, max_ascent_steps=3, accept_every=1)
    y = trajectory(tx, 5).max["d"]
    moved = [bool(jnp.any(b != a)) for a, b in itertools.pairwise(y)]
    assert moved == [False, True, False, False]


def test_transform_of_each_player_acts_on_its_field():
    still = mm.Players(min=optax.set_to_zero(), max=None)
    end = trajectory(mm.greedy_adam(0.1, accept_every=1, transform=still))
    chex.assert_trees_all_equal(end.min["a"][-1], problems.curved.start.min["a"])
    assert bool(jnp.any(end.max["d"][-1] != problems.curved.start.max["d"]))


def test_greedy_adam_has_every_argument_of_greedy():
    settings = set(inspect.signature(mm.greedy).parameters) - {"proposal", "ascent", "name"}
    assert settings <= set(inspect.signature(mm.greedy_adam).parameters)


def test_tolerance_growth_and_gradient_bound_reach_ascent():
    """On f = −½y², the ascent is shorter after three acceptances, which increase the tolerance."""
    tx = mm.greedy_adam(
        0.1,
        b1=0.0,
        max_ascent_steps=50,
        gradient_tolerance=0.01,
        tolerance_growth=4.0,
        gradient_bound=0.9,
    )
    flat = problems.Problem(lambda z: 0.0 * z.min - 0.5 * z.max**2, None, None)
    for y, accepted, steps, status in ((0.8, 0, 7, 0), (0.8, 3, 1, 0), (1.0, 0, 0, 2)):
        z = mm.Players(jnp.asarray(1.0), jnp.asarray(y))
        state = tx.init(z)._replace(accepted=jnp.asarray(accepted))
        _, after = tx.update(
            flat.field_fn(z), state, z, field_fn=flat.field_fn, payoff_fn=flat.payoff_fn
        )
        assert int(after.ascent_steps) >= steps and int(after.status) == status
        if accepted:
            assert int(after.ascent_steps) < 7


def test_optimizers_contain_greedy_adam_without_alias():
    assert mm.optimizers["greedy_adam"] is mm.greedy_adam
    assert "greedy" not in mm.optimizers
