"""Tests that all diagnostics refuse values that are not fields, payoffs or keys."""

import jax
import optax
import pytest

import minmax_jax as mm
from minmax_jax import diagnostics

Z = mm.Players(1.0, 2.0)
FIELD = mm.zero_sum(lambda z: z.min * z.max)
PAYOFF = mm.payoff(lambda z: z.min * z.max)
CALLS = {
    "jacobian": lambda field_fn: diagnostics.jacobian(field_fn, Z),
    "jacobian_spectrum": lambda field_fn: diagnostics.jacobian_spectrum(field_fn, Z),
    "noise_floor": lambda field_fn: diagnostics.noise_floor(field_fn, Z, 3),
    "path_angle": lambda field_fn: diagnostics.path_angle(field_fn, Z, Z, [0.5]),
    "one_sided_mvi": lambda field_fn: diagnostics.one_sided_mvi(field_fn, [Z], 0.5),
    "best_vertices": lambda field_fn: diagnostics.best_vertices(field_fn)(Z),
    "duality_gap": lambda field_fn: diagnostics.duality_gap(
        PAYOFF, Z, field_fn=field_fn, tx=optax.sgd(0.1), num_steps=1
    ),
    "greedy_equilibrium": lambda field_fn: _greedy_equilibrium(field_fn, PAYOFF),
    "field_evaluations": lambda field_fn: diagnostics.field_evaluations(field_fn),
}


def _greedy_equilibrium(field_fn, payoff_fn, key=None):
    return diagnostics.greedy_equilibrium(
        field_fn,
        payoff_fn,
        Z,
        proposal=optax.sgd(0.1),
        ascent=optax.sgd(0.1),
        key=jax.random.key(0) if key is None else key,
        num_samples=1,
        max_ascent_steps=1,
        gradient_tolerance=None,
        min_improvement=0.0,
    )


@pytest.mark.parametrize("name", CALLS)
def test_diagnostics_refuse_values_that_are_not_fields(name):
    with_aux = mm.zero_sum(lambda z: (z.min, 1.0), has_aux=True)
    for bad in (3.0, lambda z: z, with_aux):
        with pytest.raises(TypeError, match=rf"^{name}: field_fn must .*, got .*\. [A-Z].*\.$"):
            CALLS[name](bad)


@pytest.mark.parametrize("name", sorted(set(CALLS) - {"field_evaluations"}))
def test_diagnostics_refuse_payoffs_as_fields(name):
    with pytest.raises(TypeError, match=rf"^{name}: field_fn must return Players\(min=.*, got "):
        jax.eval_shape(lambda: CALLS[name](PAYOFF))


def test_diagnostics_refuse_fields_as_payoffs_and_other_keys():
    match = "payoff_fn must return a real scalar, got Players. Pass mm.payoff"
    with pytest.raises(TypeError, match=f"^duality_gap: {match}"):
        diagnostics.duality_gap(FIELD, Z, best_responses=lambda z: z)
    with pytest.raises(TypeError, match=f"^greedy_equilibrium: {match}"):
        jax.eval_shape(lambda: _greedy_equilibrium(FIELD, FIELD))
    for call in (
        lambda: _greedy_equilibrium(FIELD, PAYOFF, key=3),
        lambda: diagnostics.noise_floor(FIELD, Z, 3, key=3),
        lambda: diagnostics.one_sided_mvi(FIELD, [Z], 0.5, key=3),
    ):
        with pytest.raises(TypeError, match=r"^\w+: key must be one PRNG key, got 3\. Pass"):
            call()
