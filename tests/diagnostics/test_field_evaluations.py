"""Tests of counting the executed oracle calls."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from tests import problems


def executed(function, *arguments):
    counted = mm.diagnostics.field_evaluations(problems.curved.field_fn)
    jax.block_until_ready(jax.jit(lambda *a: function(counted, *a))(*arguments))
    return counted.counts()


Z = problems.curved.start


def test_field_evaluations_leave_values_bitwise_unchanged():
    counted = mm.diagnostics.field_evaluations(problems.curved.field_fn)
    for one, other in zip(
        jax.tree.leaves(counted(Z)), jax.tree.leaves(problems.curved.field_fn(Z)), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_field_evaluations_count_loop_iterations():
    def three(field_fn, z):
        return jax.lax.fori_loop(0, 3, lambda i, z: field_fn(z), z)

    assert executed(three, Z) == (3, 0, 0)


def test_field_evaluations_ignore_dead_code():
    def dead(field_fn, z):
        field_fn(jax.tree.map(lambda x: 2 * x, z))
        return field_fn(z)

    assert executed(dead, Z) == (1, 0, 0)


def test_field_evaluations_count_jvp_and_vjp_separately():
    assert executed(lambda f, z: jax.jvp(f, (z,), (z,))[1], Z)[1:] == (1, 0)
    assert executed(lambda f, z: jax.vjp(f, z)[1](z), Z)[1:] == (0, 1)


def test_field_evaluations_count_each_element_under_vmap():
    def many(field_fn, scales):
        return jax.vmap(lambda c: field_fn(jax.tree.map(lambda x: c * x, Z)))(scales)

    assert executed(many, jnp.arange(5.0)) == (5, 0, 0)


def test_field_evaluations_pass_draw_on():
    field_fn = mm.zero_sum(lambda z, draw: draw * z.min * z.max, stochastic=True)
    counted = mm.diagnostics.field_evaluations(field_fn)
    assert counted(mm.Players(1.0, 1.0), 3).min == 3.0


def test_reset_sets_counts_to_zero():
    counted = mm.diagnostics.field_evaluations(problems.curved.field_fn)
    jax.block_until_ready(counted(Z))
    counted.reset()
    assert counted.counts() == (0, 0, 0)


def test_field_evaluations_raise_for_invalid_field_fn():
    with pytest.raises(TypeError, match="field_evaluations: field_fn must be callable"):
        mm.diagnostics.field_evaluations(3)


def test_counted_field_of_general_sum_game_says_so():
    general = mm.general_sum(lambda z: z.min, lambda z: z.max)
    assert mm.diagnostics.field_evaluations(general).general_sum
    assert not mm.diagnostics.field_evaluations(problems.curved.field_fn).general_sum
