"""The greedy method in its form for GANs: what it is when everything is accepted."""

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
            optimizer, problem.field_fn, start, num_steps, payoff_fn=problem.payoff_fn,
            record=lambda step, z, u, s: z,
        ).records  # fmt: skip

    return jax.jit(run)(problem.start)


@pytest.mark.parametrize("steps", [1, 3])
def test_accepting_everything_is_alternating_adam_with_the_min_player_first(steps):
    rates = mm.Players(min=0.02, max=0.01)
    tx = mm.greedy_adam(rates, max_ascent_steps=steps, accept_every=1)
    plain = mm.alternate(
        min=optax.adam(0.02, b1=0.5), max=optax.adam(0.01, b1=0.5), max_steps=steps, first="min"
    )
    chex.assert_trees_all_close(trajectory(tx), trajectory(plain), rtol=1e-5, atol=1e-6)


def test_rates_count_updates_however_many_steps_an_ascent_takes():
    def only_third(count):
        return jnp.where(count == 2, 0.1, 0.0)

    tx = mm.greedy_adam(only_third, max_ascent_steps=3, accept_every=1)
    y = trajectory(tx, 5).max["d"]
    moved = [bool(jnp.any(b != a)) for a, b in itertools.pairwise(y)]
    assert moved == [False, True, False, False]


def test_transform_of_each_side_acts_on_that_sides_fields():
    still = mm.Players(min=optax.set_to_zero(), max=None)
    end = trajectory(mm.greedy_adam(0.1, accept_every=1, transform=still))
    chex.assert_trees_all_equal(end.min["a"][-1], problems.curved.start.min["a"])
    assert bool(jnp.any(end.max["d"][-1] != problems.curved.start.max["d"]))


def test_mapping_offers_it_under_its_own_and_the_short_name():
    assert mm.optimizers["greedy"] is mm.optimizers["greedy_adam"] is mm.greedy_adam
