"""Ranges of integers contain all values that the program computes."""

import math

import jax
import jax.numpy as jnp
import pytest
from jax import lax

from minmax_jax.gan.training import integer_bounds
from minmax_jax.gan.training.integer_bounds import marked
from minmax_jax.gan.training.intervals import Interval

X = jnp.array([1.0, -2.0, 3.0])


def fold(condition, step, start):
    """Returns a loop over integers that marks the first one in each round."""

    def body(values):
        return step(values[0] + 0 * marked(values[0]), *values[1:])

    return lax.while_loop(condition, body, tuple(map(jnp.int32, start)))


def count_up(x):
    return fold(lambda v: (v[0] < 5) & jnp.any(x > 0), lambda i: (i + 1,), (0,))


def count_down(x):
    return fold(lambda v: (v[0] > 0) & (x[0] > 0), lambda i: (i - 2,), (7,))


def second_counter(x):
    return fold(lambda v: v[1] < 4, lambda d, i: (d + 3, i + 1), (1, 0))


def long_loop(x):
    return fold(lambda v: jnp.logical_and(x[0] > 0, 3000 > v[0]), lambda i: (i + 1,), (0,))


def may_stop_growing(x):
    # The first counter grows only sometimes, so the number of rounds is unknown, but not its limit.
    step = lambda i, n: (jnp.where(x[0] > n, i + 1, i), n + 1)  # noqa: E731
    return fold(lambda v: v[0] < 4, step, (0, 0))


def without_limit(x):
    return fold(lambda v: x[0] > 0, lambda i: (i + 1,), (0,))


def secondary_without_limit(x):
    return fold(lambda v: (v[1] < 4) & (x[0] > 0), lambda d, i: (2 * d, i * (x[1] > 0)), (1, 0))


def data_dependent_length(x):
    most = jnp.minimum(jnp.sum(x > 0), 2)
    return lax.fori_loop(0, most, lambda i, total: total + marked(i), 0)


def scanned(x):
    step = lambda total, i: (total + i, marked(total + 10 * i))  # noqa: E731
    return lax.scan(step, 1, jnp.arange(4, dtype=jnp.int32))


def branches(x):
    return lax.cond(x[0] > 0, lambda: marked(jnp.int32(3)), lambda: marked(jnp.int32(-4)))


def differentiated(x):
    @jax.checkpoint
    def value(y, draw):
        return jnp.sum(y) * marked(draw)

    return jax.grad(value)(x, jnp.where(x[0] > 0, 1, 9))


def mapped(x):
    return jax.jit(jax.vmap(lambda draw: marked(draw) * x[0]))(jnp.arange(4))


def arithmetic(x):
    i = jnp.argmax(x).astype(jnp.int32) % 4
    return marked(jnp.clip(-2 * i + 1, -9, 90) + jnp.array([5, 7])[i])


@pytest.mark.parametrize(
    ("function", "low", "high"),
    [
        (count_up, 0, 4),
        (count_down, 1, 7),
        (second_counter, 1, 10),
        (long_loop, 0, 2999),
        (may_stop_growing, 0, 3),
        (without_limit, -math.inf, math.inf),
        (secondary_without_limit, -math.inf, math.inf),
        (data_dependent_length, 0, 1),
        (scanned, 1, 40),
        (branches, -4, 3),
        (differentiated, 1, 9),
        (mapped, 0, 3),
        (arithmetic, -4, 14),
        (lambda x: marked(jnp.int32(x[0])), -math.inf, math.inf),
        (lambda x: marked(jnp.uint8(200) + jnp.uint8(x[0] > 0) * 100), -math.inf, math.inf),
    ],
)
def test_range_contains_all_values(function, low, high):
    assert integer_bounds.range_of_marked(function, X) == Interval(low, high)


def test_program_without_marks_has_no_range():
    assert integer_bounds.range_of_marked(lambda x: x + 1, X) is None


def test_unknown_form_with_a_mark_has_no_limits():
    def solve(x, matvec):
        return lax.custom_linear_solve(matvec, x, lambda mv, b: b / mv(jnp.ones(3)))

    def from_outside(x):
        draw = jnp.argmax(x) % 4
        return solve(x, lambda v: v * (1.0 + marked(draw)))

    def constant(x):
        return solve(x, lambda v: v * (1.0 + marked(jnp.int32(3))))

    assert integer_bounds.range_of_marked(from_outside, X) == Interval(-math.inf, math.inf)
    assert integer_bounds.range_of_marked(constant, X) == Interval(3, 3)
