"""Tests of norms, norm ratio and Hamiltonian."""

import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm

TREE = mm.Players(
    min={"a": jnp.array([3.0, 0.0]), "b": jnp.array(4.0)}, max=jnp.array([[6.0], [8.0]])
)


def test_norms_cover_whole_tree_of_each_player(strict_promotion):
    norms = mm.diagnostics.player_norms(TREE)
    np.testing.assert_allclose((norms.min, norms.max), (5.0, 10.0), rtol=1e-6)
    np.testing.assert_allclose(mm.diagnostics.norm_ratio(TREE), 2.0, rtol=1e-6)
    np.testing.assert_allclose(mm.diagnostics.hamiltonian(TREE), 62.5, rtol=1e-6)


def test_player_norms_neither_overflow_nor_underflow():
    tree = mm.Players(jnp.full(2, 1e-30), jnp.full(2, 1e30))
    norms = mm.diagnostics.player_norms(tree)
    np.testing.assert_allclose((norms.min, norms.max), (2**0.5 * 1e-30, 2**0.5 * 1e30), rtol=1e-5)


@pytest.mark.parametrize(
    ("x", "y", "wanted"), [(0.0, 1.0, np.inf), (0.0, 0.0, np.nan), (1.0, 0.0, 0.0)]
)
def test_norm_ratio_of_zero_updates(x, y, wanted):
    ratio = mm.diagnostics.norm_ratio(mm.Players(jnp.array(x), jnp.array(y)))
    np.testing.assert_array_equal(ratio, wanted)


def test_player_norms_accumulate_bfloat16_in_float32(strict_promotion):
    tree = mm.Players(jnp.full(1000, 0.1, jnp.bfloat16), jnp.ones((), jnp.bfloat16))
    norms = mm.diagnostics.player_norms(tree)
    assert norms.min.dtype == jnp.float32
    np.testing.assert_allclose(norms.min, 1000**0.5 * float(jnp.bfloat16(0.1)), rtol=1e-5)


def test_hamiltonian_is_zero_only_where_field_is_zero():
    game = mm.games.keswani("F3")
    assert mm.diagnostics.hamiltonian(game.field_fn(game.solution)) == 0
    assert mm.diagnostics.hamiltonian(game.field_fn(game.start)) > 0


@pytest.mark.parametrize("name", ["player_norms", "hamiltonian"])
def test_norms_raise_for_non_players(name):
    with pytest.raises(TypeError, match=f"{name}: .* must be Players"):
        getattr(mm.diagnostics, name)(jnp.ones(2))
