"""Grafting: derived facts, and the numbers of the reference code."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm

G = {"w": jnp.array([[3.0, -4.0], [0.5, 2.0]]), "b": jnp.array([1e-3, 2e-3, -5e-3])}


def step(tx, tree=G):
    return jax.jit(lambda g: tx.update(g, tx.init(g), g)[0])(tree)


def test_graft_matches_reference_code():
    """Code of arXiv 2002.11803: M = SGD 0.3, D = Adam(0.5, b1 0.5, b2 0.6), factor 0.9."""
    tx = optax.chain(
        mm.graft(magnitude=optax.sgd(0.3), direction=optax.adam(0.5, b1=0.5, b2=0.6)),
        optax.scale(0.9),
    )
    params = {"x": jnp.array(2.0), "y": jnp.array(3.0)}  # Each scalar is a leaf.
    state = tx.init(params)
    seen = []
    for _ in range(2):
        gradient = jax.grad(lambda p: (p["x"] - 1) ** 2 + (p["y"] - 1) ** 2)(params)
        updates, state = tx.update(gradient, state, params)
        params = optax.apply_updates(params, updates)
        seen.append([float(params["x"]), float(params["y"])])
    np.testing.assert_allclose(seen, [[1.46, 1.92], [1.2116001, 1.4232]], rtol=1e-6)


@pytest.mark.parametrize("scope", ["layer", "global"])
def test_graft_of_an_optimizer_on_itself_is_identity(scope):
    tx = mm.graft(magnitude=optax.adam(0.1), direction=optax.adam(0.1), scope=scope)
    chex.assert_trees_all_close(step(tx), step(optax.adam(0.1)), rtol=1e-5)


@pytest.mark.parametrize("learning_rate", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("scope", ["layer", "global"])
def test_graft_has_norm_of_magnitude_and_given_direction(learning_rate, scope):
    out = step(mm.graft(magnitude=optax.adam(0.1), direction=optax.sgd(learning_rate), scope=scope))
    adam = step(optax.adam(0.1))
    for part, to, g in zip(
        *([t] if scope == "global" else jax.tree.leaves(t) for t in (out, adam, G)), strict=True
    ):
        flat, length, along = (
            np.concatenate([np.ravel(x) for x in jax.tree.leaves(t)]) for t in (part, to, g)
        )
        np.testing.assert_allclose(np.linalg.norm(flat), np.linalg.norm(length), rtol=1e-5)
        np.testing.assert_allclose(
            flat / np.linalg.norm(flat), -along / np.linalg.norm(along), rtol=1e-5, atol=1e-7
        )


def test_graft_adds_eps_to_norm_of_direction():
    g = jnp.array([3.0, 4.0])
    out = step(mm.graft(magnitude=optax.sgd(1.0), direction=optax.sgd(1.0), eps=5.0), g)
    np.testing.assert_allclose(out, -g / 2, rtol=1e-6)


def test_graft_maps_zero_to_zero_and_keeps_nan():
    tx = mm.graft(magnitude=optax.scale(0.0), direction=optax.identity())
    chex.assert_trees_all_equal(step(tx), jax.tree.map(jnp.zeros_like, G))
    tx = mm.graft(magnitude=optax.identity(), direction=optax.scale(0.0))
    chex.assert_trees_all_equal(step(tx), jax.tree.map(jnp.zeros_like, G))
    bad = {**G, "b": G["b"].at[0].set(jnp.nan)}
    tx = mm.graft(magnitude=optax.sgd(1.0), direction=optax.sgd(1.0))
    out = step(tx, bad)
    assert bool(jnp.all(jnp.isnan(out["b"]))) and bool(jnp.all(jnp.isfinite(out["w"])))


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_graft_neither_overflows_nor_underflows(scale):
    tree = jax.tree.map(lambda x: x * scale, {"w": G["w"]})
    tx = mm.graft(magnitude=optax.sign_sgd(1.0), direction=optax.sgd(1.0))
    expected = -2.0 * np.asarray(G["w"]) / np.linalg.norm(G["w"])
    np.testing.assert_allclose(step(tx, tree)["w"], expected, rtol=1e-5)


def test_graft_takes_norms_per_player():
    z = mm.Players(jnp.array([3.0, 4.0]), jnp.array([0.0, 1e-3]))
    out = step(
        mm.graft(magnitude=optax.scale(1.0), direction=optax.sign_sgd(1.0), scope="global"), z
    )
    np.testing.assert_allclose(out.min, np.full(2, -5.0 / 2**0.5), rtol=1e-5)
    np.testing.assert_allclose(out.max, [0.0, -1e-3], rtol=1e-5)


def test_graft_accepts_two_player_methods():
    field_fn = mm.zero_sum(lambda z: jnp.vdot(z.min, z.max))
    z = mm.Players(jnp.array([1.0, 2.0]), jnp.array([3.0, -1.0]))
    turns = mm.alternate(min=optax.sgd(0.1), max=optax.sgd(0.1))
    tx = mm.graft(magnitude=optax.sgd(1.0), direction=turns, scope="global")
    updates, _ = tx.update(field_fn(z), tx.init(z), z, field_fn=field_fn)
    alone, _ = turns.update(field_fn(z), turns.init(z), z, field_fn=field_fn)
    for side in range(2):
        np.testing.assert_allclose(
            updates[side] / np.linalg.norm(updates[side]),
            alone[side] / np.linalg.norm(alone[side]),
            rtol=1e-5,
        )
        np.testing.assert_allclose(
            np.linalg.norm(updates[side]), np.linalg.norm(field_fn(z)[side]), rtol=1e-5
        )


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"magnitude": 0.1}, TypeError, "^graft: magnitude must be an Optax .*, got 0.1"),
        ({"scope": "leaf"}, ValueError, "^graft: scope must be 'layer' or 'global', got 'leaf'"),
        ({"eps": -1.0}, ValueError, "^graft: eps must be at least 0, got -1.0"),
    ],
)
def test_graft_names_invalid_arguments(options, error, message):
    whole = {"magnitude": optax.sgd(1.0), "direction": optax.sgd(1.0), **options}
    with pytest.raises(error, match=message):
        mm.graft(**whole)


@pytest.mark.parametrize("scope", ["layer", "global"])
def test_graft_accepts_a_player_without_leaves(scope):
    tx = mm.graft(optax.sgd(0.5), optax.identity(), scope=scope)
    z = mm.Players({"frozen": None}, {"w": jnp.array([3.0, 4.0])})
    step = tx.update(z, tx.init(z))[0]
    assert step.min == {"frozen": None}
    np.testing.assert_allclose(step.max["w"], [1.5, 2.0], rtol=1e-6)
