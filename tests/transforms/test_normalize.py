"""Normalized steps: the numerical promises."""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minmax_jax as mm

pytestmark = pytest.mark.usefixtures("strict_promotion")
SCOPES = ["layer", "global"]


def normalized(tree, scope="layer"):
    return compiled(scope)(tree)


@functools.cache  # Each tree of another shape compiles once.
def compiled(scope):
    tx = mm.normalize(scope)
    return jax.jit(lambda g: tx.update(g, tx.init(g))[0])


def norm(tree):
    leaves = [np.ravel(np.asarray(leaf, np.float64)) for leaf in jax.tree.leaves(tree)]
    return np.linalg.norm(np.concatenate(leaves))


@pytest.mark.parametrize(
    ("dtype", "smallest"), [("float32", 1.2e-38), ("bfloat16", 1.2e-38), ("float16", 6e-8)]
)
def test_normalize_range_is_as_documented(dtype, smallest):
    u = normalized(jnp.full(4, smallest, dtype))
    np.testing.assert_allclose(u.astype(jnp.float32), 0.5, rtol=1e-2)
    if dtype != "float16" and jax.default_backend() == "cpu":
        np.testing.assert_array_equal(normalized(jnp.full(4, smallest / 10, dtype)), 0)


@pytest.mark.parametrize("scale", [1e-30, 1e-20, 1.0, 1e20, 1e30])
@pytest.mark.parametrize("scope", SCOPES)
def test_normalize_norm_is_one_at_every_scale(scale, scope):
    tree = {"a": jnp.linspace(-1, 2, 700) * scale, "b": jnp.ones((3, 5)) * scale}
    out = normalized(tree, scope)
    for part in out.values() if scope == "layer" else [out]:
        np.testing.assert_allclose(norm(part), 1.0, atol=1e-5)


@given(st.floats(-30, 30), st.floats(-30, 30))
def test_normalize_players_of_any_scales_have_norm_one(low, high):
    z = mm.Players({"a": jnp.ones(7), "b": jnp.ones(3)}, jnp.ones((2, 2)))
    z = mm.Players(
        *(jax.tree.map(lambda x, s=s: x * 10.0**s, p) for p, s in zip(z, (low, high), strict=True))
    )
    out = normalized(z, "global")
    np.testing.assert_allclose([norm(out.min), norm(out.max)], 1.0, atol=1e-5)


@given(st.floats(1e-25, 1e25))
def test_normalize_ignores_a_positive_factor(factor):
    g = jnp.array([0.3, -2.0, 5.0])
    np.testing.assert_allclose(normalized(g * factor), normalized(g), rtol=1e-5)


def test_normalize_is_exact_for_powers_of_two():
    g = jnp.array([0.3, -2.0, 5.0])
    np.testing.assert_array_equal(normalized(g * 2.0**40), normalized(g))


@pytest.mark.parametrize("scope", SCOPES)
def test_normalize_maps_zero_to_zero(scope):
    tree = mm.Players({"a": jnp.zeros(3), "b": jnp.zeros(())}, jnp.zeros(2))
    chex.assert_trees_all_equal(normalized(tree, scope), tree)


def test_normalize_scopes_are_leaves_or_single_players():
    z = mm.Players({"a": jnp.array([3.0, 4.0]), "zero": jnp.zeros(2)}, jnp.array([0.0, 1e-3]))
    layer, whole = normalized(z, "layer"), normalized(z, "global")
    for out in (layer, whole):
        np.testing.assert_allclose(out.min["a"], [0.6, 0.8], rtol=1e-6)
        np.testing.assert_allclose(out.max, [0.0, 1.0], rtol=1e-6)
        np.testing.assert_array_equal(out.min["zero"], np.zeros(2))


@pytest.mark.parametrize("bad", [jnp.nan, jnp.inf])
@pytest.mark.parametrize("scope", SCOPES)
def test_normalize_keeps_nonfinite_values_visible(bad, scope):
    out = normalized({"a": jnp.array([1.0, bad]), "b": jnp.ones(2)}, scope)
    assert not bool(jnp.all(jnp.isfinite(out["a"])))
    if scope == "layer":
        np.testing.assert_allclose(out["b"], 2**-0.5, rtol=1e-6)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16, jnp.float32])
def test_normalize_keeps_dtypes_with_float32_norms(dtype):
    out = normalized(jnp.full(10_000, 200.0, dtype))  # The squares overflow float16.
    assert out.dtype == dtype
    np.testing.assert_allclose(np.asarray(out, np.float32), 0.01, rtol=1e-2)


def test_normalize_keeps_none_and_masked_leaves():
    out = normalized({"a": jnp.array([3.0, 4.0]), "b": None})
    assert out["b"] is None
    tx = optax.masked(mm.normalize("global"), {"a": True, "b": False})
    g = {"a": jnp.array([3.0, 4.0]), "b": jnp.array([7.0])}
    u, _ = tx.update(g, tx.init(g))
    np.testing.assert_allclose(u["a"], [0.6, 0.8], rtol=1e-6)
    np.testing.assert_array_equal(u["b"], g["b"])


def test_normalize_composes_with_optax():
    tx = optax.chain(optax.clip(1.0), mm.normalize("global"), optax.scale(-0.5))
    g = {"w": jnp.array([10.0, 1.0])}
    u, _ = tx.update(g, tx.init(g), g)
    np.testing.assert_allclose(u["w"], np.full(2, -0.5 / 2**0.5), rtol=1e-6)


def test_normalize_is_differentiable_at_zero():
    # Unrolled and second-order methods differentiate through the steps of a player.
    derivative = jax.jacobian(lambda g: normalized(g))(jnp.zeros(2))
    assert bool(jnp.all(jnp.isfinite(derivative)))
    g = jnp.array([3.0, 4.0])
    expected = (jnp.eye(2) - jnp.outer(g, g) / 25.0) / 5.0
    np.testing.assert_allclose(jax.jacobian(lambda g: normalized(g))(g), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: mm.normalize("tensor"),
            ValueError,
            "^normalize: scope must be 'layer' or 'global', got 'tensor'",
        ),
        (lambda: mm.normalize().init({}), ValueError, "^normalize: params has no leaves"),
        (
            lambda: mm.normalize().init({"n": jnp.arange(3)}),
            TypeError,
            r"^normalize: params\['n'\] has dtype int32",
        ),
        (
            lambda: mm.normalize().update(
                {"a": jnp.ones(2)}, optax.EmptyState(), {"b": jnp.ones(2)}
            ),
            ValueError,
            "^normalize: updates and params must have the same tree structure",
        ),
    ],
)
def test_normalize_names_invalid_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
