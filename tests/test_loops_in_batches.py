"""Tests that no loop of the library can hang under `jax.vmap`.

Under `jax.vmap`, `lax.while_loop` computes its condition twice, and XLA may round the two
differently. A condition with arithmetic on floats could then hold in one place only, and the loop
would never end.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.extend import core

import minmax_jax as mm
from minmax_jax._util.repeat import repeat_while
from tests.rows import each_case
from tests.test_precision import FIELD, KEY, PAYOFF, POINT

EXACT = {
    *("and", "or", "not", "xor", "lt", "le", "gt", "ge", "eq", "ne", "reduce_or", "reduce_and"),
    *("broadcast_in_dim", "convert_element_type", "copy", "squeeze", "reshape", "is_finite"),
    *("abs", "dynamic_slice", "gather", "select_n", "jit", "pjit"),
}
"""Operations whose result does not depend on rounding."""


def inexact_conditions(function, *args):
    """Returns the rounded operations in the conditions of all loops of a function."""
    return _inexact(jax.make_jaxpr(function)(*args).jaxpr)


def _inexact(jaxpr, inside=False):
    found = set()
    for equation in jaxpr.eqns:
        name = equation.primitive.name
        rounds = any(jnp.issubdtype(out.aval.dtype, jnp.inexact) for out in equation.outvars)
        if inside and rounds and name not in EXACT:
            found.add(name)
        if name == "while":
            found |= _inexact(equation.params["cond_jaxpr"].jaxpr, inside=True)
            found |= _inexact(equation.params["body_jaxpr"].jaxpr, inside)
            continue
        for inner in core.jaxprs_in_params(equation.params):
            found |= _inexact(inner, inside)
    return found


@each_case
def test_conditions_of_loops_are_not_rounded(case):
    optimizer = case.make(case.learning_rate)
    state = jax.eval_shape(optimizer.init, POINT)

    def update(z, state):
        extra = {"field_fn": FIELD, "payoff_fn": PAYOFF, "key": KEY}
        return optimizer.update(FIELD(z), state, z, **extra)

    assert not inexact_conditions(update, POINT, state)


@pytest.mark.parametrize("solver", ["cg", "gmres"])
def test_conditions_of_linear_solvers_are_not_rounded(solver):
    optimizer = mm.competitive(0.1, solver=solver)

    def update(z):
        return optimizer.update(FIELD(z), optimizer.init(z), z, field_fn=FIELD)

    assert not inexact_conditions(update, POINT)


def test_conditions_of_solve_are_not_rounded():
    def solve(z):
        return mm.solve(mm.sgda(0.1), FIELD, z, 10, tolerance=1e-3).players

    assert not inexact_conditions(solve, POINT)


def test_rounded_condition_is_found():
    def loop(x):
        return lax.while_loop(lambda y: jnp.sqrt(y) > 1, lambda y: 0.5 * y, x)

    assert inexact_conditions(loop, 9.0) == {"sqrt"}


def test_repeat_while_ends_where_the_condition_ends():
    def halve(x):
        return repeat_while(lambda y: jnp.sqrt(y) > 1, lambda y: 0.5 * y, x)

    starts = jnp.asarray([9.0, 0.5, 1.0, 2.0])
    np.testing.assert_array_equal(jax.vmap(halve)(starts), [0.5625, 0.5, 1.0, 1.0])
    assert not inexact_conditions(jax.vmap(halve), starts)
