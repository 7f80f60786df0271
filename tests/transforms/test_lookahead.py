"""Lookahead: closed forms on f = xy, plain, nested and with a lazy anchor."""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from tests import problems


def trajectory(optimizer, num_steps):
    problem = problems.curved

    def run(start):
        return mm.solve(
            optimizer, problem.field_fn, start, num_steps, record=lambda step, z, u, s: z
        ).records

    return jax.jit(run)(problem.start)


@pytest.mark.parametrize(("learning_rate", "period", "slow_step"), [(0.3, 5, 0.5), (0.1, 12, 0.3)])
def test_lookahead_period_has_closed_form(learning_rate, period, slow_step, strict_promotion):
    with jax.enable_x64(True):
        tx = mm.lookahead_minmax(learning_rate, sync_period=period, slow_step=slow_step)
        seen = problems.orbit(tx, 10 * period)
    factor = 1 - slow_step + slow_step * (1 + 1j * learning_rate) ** period
    assert abs(factor) < 1 < abs(1 + 1j * learning_rate)
    np.testing.assert_allclose(seen[::period], seen[0] * factor ** np.arange(11), rtol=1e-12)
    np.testing.assert_allclose(
        seen[:period], seen[0] * (1 + 1j * learning_rate) ** np.arange(period), rtol=1e-12
    )  # Within a period, the method equals the base.


def test_nested_lookahead_has_closed_form(strict_promotion):
    with jax.enable_x64(True):
        tx = mm.lookahead_minmax(
            0.3, sync_period=3, slow_step=0.5, nested_period=12, nested_step=0.7
        )
        seen = problems.orbit(tx, 60)
    inner = 0.5 + 0.5 * (1 + 0.3j) ** 3
    factor = 0.3 + 0.7 * inner**4
    np.testing.assert_allclose(seen[::12], seen[0] * factor ** np.arange(6), rtol=1e-12)
    np.testing.assert_allclose(
        seen[15] / seen[12], inner, rtol=1e-12
    )  # The inner period starts there.


def test_lazy_lookahead_keeps_the_first_period(strict_promotion):
    tx = mm.lookahead(mm.sgda(0.3), 4, 0.5, anchor="lazy")
    seen = problems.orbit(tx, 12)
    factor = 0.5 + 0.5 * (1 + 0.3j) ** 4
    np.testing.assert_allclose(seen[4] / seen[0], (1 + 0.3j) ** 4, rtol=1e-5)
    np.testing.assert_allclose(seen[[8, 12]] / seen[[4, 8]], factor, rtol=1e-5)


@pytest.mark.parametrize(
    "base", [mm.sgda, mm.extragradient, functools.partial(mm.adam_gda, b1=0.5)]
)
def test_lookahead_with_period_and_step_one_is_base(base):
    tx = mm.lookahead_minmax(0.1, base=base, sync_period=1, slow_step=1.0)
    chex.assert_trees_all_close(trajectory(tx, 20), trajectory(base(0.1), 20), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("period", [1, 3])
def test_lookahead_with_step_one_is_base(period):
    tx = mm.lookahead(mm.sgda(0.1, momentum=0.5), period, 1.0)
    base = trajectory(mm.sgda(0.1, momentum=0.5), 20)
    chex.assert_trees_all_close(trajectory(tx, 20), base, rtol=1e-5, atol=1e-6)


def test_lookahead_with_step_zero_returns_to_start():
    seen = problems.orbit(mm.lookahead(mm.sgda(0.3), 3, 0.0), 6)
    np.testing.assert_allclose(seen[[3, 6]], seen[0], rtol=1e-6)


def test_lookahead_of_extragradient_has_closed_form():
    tx = mm.lookahead_minmax(0.5, base=mm.extragradient, sync_period=4, slow_step=0.5)
    seen = problems.orbit(tx, 8)
    factor = 0.5 + 0.5 * (1 - 0.25 + 0.5j) ** 4
    np.testing.assert_allclose(seen[[4, 8]] / seen[[0, 4]], factor, rtol=1e-5)


def test_lookahead_slow_step_accepts_a_schedule():
    tx = mm.lookahead(mm.sgda(0.3), 2, lambda count: 0.5 * (count < 2) + 0.25)
    seen = problems.orbit(tx, 4)
    twice = (1 + 0.3j) ** 2
    np.testing.assert_allclose(seen[2] / seen[0], 0.25 + 0.75 * twice, rtol=1e-6)
    np.testing.assert_allclose(seen[4] / seen[2], 0.75 + 0.25 * twice, rtol=1e-6)


def test_lookahead_names_invalid_arguments():
    with pytest.raises(TypeError, match="lookahead_minmax: sync_period must be a Python int"):
        mm.lookahead_minmax(0.1, sync_period=2.5)
    with pytest.raises(ValueError, match="lookahead: slow_step must be between 0 and 1"):
        mm.lookahead(mm.sgda(0.1), 5, 1.5)
    with pytest.raises(ValueError, match="lookahead: anchor must be 'start' or 'lazy'"):
        mm.lookahead(mm.sgda(0.1), 5, 0.5, anchor="end")
    with pytest.raises(ValueError, match="nested_period must be a multiple of sync_period=5"):
        mm.lookahead_minmax(0.1, nested_period=7)
    with pytest.raises(ValueError, match="nested_period must be an int if nested_step is given"):
        mm.lookahead_minmax(0.1, nested_step=0.5)
    with pytest.raises(TypeError, match="lookahead_minmax: base must be a function"):
        mm.lookahead_minmax(0.1, base=0.5)


def test_lookahead_goes_on_at_largest_count():
    tx, period = mm.lookahead(optax.sgd(0.1), 3, 0.5), 3

    def points(count):
        z = jnp.ones(2)
        state, seen = tx.init(z)._replace(count=jnp.int32(count)), []
        for _ in range(8):
            updates, state = tx.update(z, state, z)
            z = optax.apply_updates(z, updates)
            seen.append(z)
        return jnp.stack(seen)

    late = 2**31 - 3
    assert bool(jnp.all(points(late) == points(late % period)))
