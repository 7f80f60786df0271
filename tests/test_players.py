"""Separate optimizers and learning rates for the two players."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from minmax_jax.players import each_player, scale_by_learning_rate

Z = mm.Players({"a": jnp.array([3.0, 4.0])}, jnp.array([6.0, 8.0]))


def step(tx, z=Z, **extra):
    return tx.update(z, tx.init(z), z, **extra)[0]


def test_per_player_applies_separate_optimizers():
    out = step(mm.per_player(min=optax.sgd(0.1), max=optax.sgd(1.0)))
    np.testing.assert_allclose(out.min["a"], [-0.3, -0.4], rtol=1e-6)
    np.testing.assert_allclose(out.max, [-6.0, -8.0], rtol=1e-6)


def test_per_player_equals_two_independent_optimizers():
    tx = mm.per_player(min=optax.adam(0.1), max=optax.rmsprop(0.2))
    state, alone = tx.init(Z), [optax.adam(0.1), optax.rmsprop(0.2)]
    states = [t.init(p) for t, p in zip(alone, Z, strict=True)]
    for _ in range(3):
        out, state = tx.update(Z, state, Z)
        pairs = [t.update(p, s, p) for t, p, s in zip(alone, Z, states, strict=True)]
        states = [s for _, s in pairs]
        chex.assert_trees_all_equal(tuple(out), tuple(u for u, _ in pairs))


def test_each_player_clips_by_norm_of_each_player():
    out = step(each_player("clip", optax.clip_by_global_norm(1.0)))
    np.testing.assert_allclose(out.min["a"], [0.6, 0.8], rtol=1e-6)
    np.testing.assert_allclose(out.max, [0.6, 0.8], rtol=1e-6)


def test_optimizers_treat_other_trees_as_one_player():
    g = {"a": jnp.array([3.0, 4.0])}
    np.testing.assert_allclose(step(mm.nsgda(1.0, scope="global"), g)["a"], [-0.6, -0.8], rtol=1e-6)
    turns = mm.alternate(min=mm.nsgda(0.1), max=mm.ada_nsgda(0.1))
    field_fn = mm.zero_sum(lambda z: jnp.vdot(z.min["a"], z.max))
    out, _ = turns.update(field_fn(Z), turns.init(Z), Z, field_fn=field_fn)
    np.testing.assert_allclose(np.linalg.norm(out.min["a"]), 0.1, rtol=1e-5)


def test_per_player_supports_inject_hyperparams():
    tx = mm.per_player(
        min=optax.inject_hyperparams(optax.sgd)(learning_rate=0.1), max=optax.sgd(0.1)
    )
    state = tx.init(Z)
    state.min.hyperparams["learning_rate"] = jnp.asarray(0.5)
    out, _ = tx.update(Z, state, Z)
    np.testing.assert_allclose(out.min["a"], [-1.5, -2.0], rtol=1e-6)


@pytest.mark.parametrize("name", ["sgda", "nsgda", "adam_gda"])
def test_optimizers_support_inject_hyperparams(name):
    tx = optax.inject_hyperparams(mm.optimizers[name])(learning_rate=0.1)
    chex.assert_trees_all_close(step(tx), step(mm.optimizers[name](0.1)), rtol=1e-5)


def test_per_player_keys_are_independent():
    def noisy():
        def update(updates, state, params=None, *, key, **extra):
            return jax.tree.map(lambda u: jax.random.normal(key, u.shape), updates), state

        return optax.GradientTransformationExtraArgs(lambda params: (), update)

    out = step(mm.per_player(min=noisy(), max=noisy()), key=jax.random.key(0))
    assert bool(jnp.all(out.min["a"] != out.max))


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float32])
@pytest.mark.parametrize("learning_rate", [0.1, jnp.float32(0.1), lambda count: 0.1 * jnp.ones(())])
def test_scale_by_learning_rate_keeps_the_dtype(dtype, learning_rate):
    g = jnp.ones(3, dtype)
    out = step(scale_by_learning_rate(learning_rate), g)
    assert out.dtype == dtype
    np.testing.assert_allclose(np.asarray(out, np.float32), -0.1, rtol=1e-2)


def test_scale_by_learning_rate_prefers_update_count():
    tx = scale_by_learning_rate(lambda count: jnp.where(count == 7, 1.0, 0.0))
    state = tx.init(jnp.ones(2))
    out, state = tx.update(jnp.ones(2), state, update_count=jnp.int32(7))
    np.testing.assert_array_equal(out, [-1.0, -1.0])
    assert int(state.count) == 1


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (
            lambda: mm.sgda(-0.1),
            ValueError,
            r"^sgda: learning_rate must be at least 0, got -0.1\. "
            r"Both players descend",
        ),
        (
            lambda: mm.nsgda(mm.Players(0.1, -1.0)),
            ValueError,
            r"^nsgda: learning_rate.max must be at least 0, got -1.0",
        ),
        (lambda: mm.adam_gda(float("nan")), ValueError, r"^adam_gda: learning_rate .* got nan"),
        (
            lambda: mm.adam_gda("0.1"),
            TypeError,
            r"^adam_gda: learning_rate must be a number, .*'0.1'",
        ),
        (lambda: mm.adam_gda(None), TypeError, r"^adam_gda: learning_rate must be .*, got None"),
        (
            lambda: mm.adam_gda(0.1, b1=1.5),
            ValueError,
            r"^adam_gda: b1 must be at least 0 and less than 1, got 1.5",
        ),
        (lambda: mm.ada_nsgda(0.1, scope="leaf"), ValueError, r"scope must be 'layer' or 'global'"),
        (lambda: mm.sgda(0.1, transform=0.5), TypeError, r"^sgda: transform must be .*, got 0.5"),
        (
            lambda: mm.sgda(0.1, transform=[0.5]),
            TypeError,
            r"^sgda: transform must be .*, got \[0.5",
        ),
        (
            lambda: mm.sgda(mm.Players(0.1, 0.1)).init({"a": 1.0}),
            TypeError,
            r"^sgda: params must be Players\(min=..., max=...\), got dict",
        ),
        (
            lambda: mm.per_player(min=optax.sgd(0.1), max=0.1),
            TypeError,
            r"^per_player: max must be an Optax gradient transformation, got 0.1",
        ),
        (
            lambda: mm.alternate(min=mm.extragradient(0.1), max=optax.sgd(0.1)).init(Z),
            TypeError,
            r"^extragradient: params must be Players.*, got dict\. .* put extragradient around",
        ),
        (
            lambda: step(mm.sgda(0.1, projection=lambda x: jnp.zeros(3))),
            ValueError,
            r"^sgda: projection\(params\) and params must have the same tree structure",
        ),
        (lambda: mm.sgda(0.1).init(mm.Players({}, 1.0)), ValueError, r"params.min has no leaves"),
        (
            lambda: step(mm.sgda(0.1), mm.Players(jnp.ones(2), jnp.arange(2))),
            TypeError,
            r"params.max has dtype int32",
        ),
        (
            lambda: mm.sgda(0.1).update(mm.Players(1.0, {"b": 1.0}), mm.sgda(0.1).init(Z), Z),
            ValueError,
            r"updates and params must have the same tree structure",
        ),
    ],
)
def test_optimizers_name_invalid_arguments(build, error, message):
    with pytest.raises(error, match=message):
        build()


def test_transform_applies_to_field_of_its_player():
    decay = mm.Players(min=optax.add_decayed_weights(0.5), max=None)
    out = step(mm.sgda(1.0, transform=decay))
    np.testing.assert_allclose(
        out.min["a"], [-4.5, -6.0], rtol=1e-6
    )  # The field plus 0.5 times the params.
    np.testing.assert_allclose(out.max, [-6.0, -8.0], rtol=1e-6)
    clip = mm.sgda(1.0, transform=optax.clip_by_global_norm(1.0))
    np.testing.assert_allclose(step(clip).max, [-0.6, -0.8], rtol=1e-6)
