"""Residuals of constrained problems by hand, and zeros at exact solutions."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from benchmarks.constrained_problems import PROBLEMS

diagnostics = mm.diagnostics


def test_kkt_conditions_by_hand():
    problem = mm.constrained(
        lambda x: jnp.sum(x**2), lambda x: {"a": x - 1, "b": -x[0]}, lambda x: x[0] + 5
    )
    multipliers = mm.Multipliers(
        {"a": jnp.array([0.5, -2.0]), "b": jnp.array(0.25)}, jnp.array(3.0)
    )
    z = mm.Players(jnp.array([2.0, -1.0]), multipliers)
    found = diagnostics.kkt_conditions(z, problem.field_fn(z))
    # The derivative is 2x + λ_a + (3 − λ_b) e₀ = (4 + 0.5 + 2.75, −2 − 2); g_a = (1, −2), h = 7.
    assert [float(part) for part in found] == [7.25, 7.0, 4.0, 2.0]
    assert diagnostics.kkt_residual(z, problem.field_fn(z)) == 7.25


@pytest.mark.parametrize("name", PROBLEMS)
def test_kkt_residual_is_zero_at_exact_solutions(name):
    exact = PROBLEMS[name]()
    functions = (exact.objective, exact.inequality, exact.equality)
    bound = [f and functools.partial(f, jnp) for f in functions]
    problem = mm.constrained(*bound)
    sides = (exact.inequality_multipliers, exact.equality_multipliers)
    with jax.enable_x64(True):
        z = mm.Players(exact.solution, mm.Multipliers(*sides))
        z = jax.tree.map(jnp.asarray, z)
        residuals = jax.jit(lambda z: diagnostics.kkt_residual(z, problem.field_fn(z)))
        natural = diagnostics.natural_residual(z, problem.field_fn(z), problem.projection)
        assert residuals(z) < 1e-14 and natural < 1e-14
        worse = z._replace(min=z.min + 0.1)
        assert residuals(worse) > 1e-2
        assert (
            diagnostics.natural_residual(worse, problem.field_fn(worse), problem.projection) > 0.1
        )


def test_kkt_residual_keeps_nan():
    z = mm.Players(jnp.array(0.0), mm.Multipliers(jnp.array(jnp.nan)))
    assert jnp.isnan(diagnostics.kkt_residual(z, z))


def test_kkt_conditions_treat_other_trees_as_equalities():
    field = mm.Players(jnp.array(0.0), {"h": jnp.array([-3.0, 2.0])})
    z = mm.Players(jnp.array(0.0), {"h": jnp.array([-1.0, -1.0])})
    np.testing.assert_array_equal(diagnostics.kkt_conditions(z, field), [0.0, 3.0, 0.0, 0.0])


def test_natural_residual_is_the_step_of_projected_descent():
    z = mm.Players(jnp.array([0.5, 2.0]), jnp.array(1.0))
    field = mm.Players(jnp.array([3.0, -1.0]), jnp.array(-4.0))
    box = functools.partial(jnp.clip, min=0.0, max=2.0)
    # z − F is (−2.5, 3) and 5, projected (0, 2) and 2.
    residual = diagnostics.natural_residual(z, field, box)
    np.testing.assert_allclose(residual, np.sqrt(0.25 + 0 + 1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: diagnostics.kkt_residual(1.0, 1.0), "kkt_conditions: players must be Players"),
        (
            lambda: diagnostics.kkt_residual(mm.Players(1.0, 1.0), mm.Players(1.0, [1.0])),
            "kkt_conditions: field and players must have the same .* Pass field_fn",
        ),
        (
            lambda: diagnostics.kkt_residual(
                mm.Players(1.0, mm.Multipliers(1.0, None)),
                mm.Players(1.0, mm.Multipliers(1.0, 1.0)),
            ),
            r"kkt_conditions: .* players.max.equality is None and field.max.equality is not",
        ),
        (
            lambda: diagnostics.natural_residual(mm.Players(1.0, 1.0), mm.Players(1.0, 1.0), 0),
            "natural_residual: projection must be a function",
        ),
    ],
)
def test_residuals_name_invalid_arguments(call, message):
    with pytest.raises((TypeError, ValueError), match=f"^{message}"):
        call()
