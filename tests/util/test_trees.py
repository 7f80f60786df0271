"""Helpers for pytrees."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from minmax_jax._util import norms, trees

pytestmark = pytest.mark.usefixtures("strict_promotion")


def test_each_player_treats_players_separately():
    z = mm.Players(jnp.ones(4), jnp.ones(9))
    chex.assert_trees_all_close(trees.each_player(norms.norm, z), mm.Players(2.0, 3.0))
    np.testing.assert_allclose(trees.each_player(norms.norm, [*z]), 13.0**0.5, rtol=1e-6)


def test_by_side_repeats_anything_but_players():
    z = mm.Players(1, 2)
    assert trees.by_side(z) is z
    assert trees.by_side((1, 2)) == mm.Players((1, 2), (1, 2))


def test_select_chooses_a_whole_tree():
    yes, no = {"a": jnp.ones(2), "b": None}, {"a": jnp.zeros(2), "b": None}
    chex.assert_trees_all_equal(trees.select(jnp.array(True), yes, no), yes)
    chex.assert_trees_all_equal(trees.select(jnp.array(False), yes, no), no)


def test_widen_casts_to_float32_or_wider():
    tree = {"a": jnp.ones(2, jnp.bfloat16), "b": jnp.ones(2, jnp.float32)}
    assert trees.wide_dtype(tree) == jnp.float32
    assert {leaf.dtype for leaf in jax.tree.leaves(trees.widen(tree))} == {jnp.dtype("float32")}
    assert trees.widen(tree, jnp.float16)["b"].dtype == jnp.float16


def test_inner_product_accumulates_bfloat16_in_float32():
    x = jnp.full(1 << 16, 1.0, jnp.bfloat16)
    product = trees.inner_product({"x": x, "y": x}, {"x": x, "y": x})
    assert product.dtype == jnp.float32
    assert float(product) == 2.0 * (1 << 16)


def test_strongly_typed_removes_weak_types():
    tree = trees.strongly_typed({"a": 1.0, "b": jnp.asarray(2.0)})
    assert not any(leaf.weak_type for leaf in jax.tree.leaves(tree))


def test_increment_stops_at_the_largest_count():
    assert int(trees.increment(trees.new_count())) == 1
    last = jnp.asarray(np.iinfo(np.int32).max, jnp.int32)
    assert int(trees.increment(last)) == int(last)


@pytest.mark.parametrize("period", [1, 2, 5, 7])
def test_increment_keeps_phase_after_largest_count(period):
    largest = 2**31 - 1
    counts = [jnp.int32(largest - 1)]
    for _ in range(12):
        counts.append(trees.increment(counts[-1], period))
    phases = [(largest - 1 + i) % period for i in range(13)]
    assert [int(count) % period for count in counts] == phases
    assert all(largest - period < int(count) <= largest for count in counts[1:])
