"""Tests of nSGDA, Ada-nSGDA, AdaDir and Adam against their formulas."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from tests.devices import first_devices

Z = mm.Players(
    {"w": jnp.array([[3.0, -4.0, 1.0], [0.5, 2.0, -1.0]]), "b": jnp.array([1e-3, 2e-3])},
    {"v": jnp.array([0.1, -0.2, 0.3, 7.0])},
)


def steps(optimizer, num=3, scale=(1.0, 1.0)):
    """Returns the updates for a fixed sequence of slowly rotating fields."""
    state, out = optimizer.init(Z), []
    update = jax.jit(lambda g, state: optimizer.update(g, state, Z))
    for t in range(num):
        turned = jax.tree.map(lambda x, t=t: jnp.cos(x + t), Z)
        field = mm.Players(*(optax.tree.scale(c, p) for p, c in zip(turned, scale, strict=True)))
        updates, state = update(field, state)
        out.append(updates)
    return out


def norm(tree):
    return float(jnp.sqrt(sum(jnp.sum(jnp.square(x)) for x in jax.tree.leaves(tree))))


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9}])
def test_nsgda_moves_by_learning_rate_per_layer_or_player(options):
    for update in steps(mm.nsgda(0.1, scope="global", **options)):
        np.testing.assert_allclose([norm(update.min), norm(update.max)], 0.1, rtol=1e-5)
    for update in steps(mm.nsgda(0.1, scope="layer", **options)):
        np.testing.assert_allclose(norm(update.min), 0.1 * 2**0.5, rtol=1e-5)
        np.testing.assert_allclose(norm(update.max), 0.1, rtol=1e-5)


def test_nsgda_momentum_averages_before_normalizing():
    first, second = (jnp.cos(Z.max["v"]), jnp.cos(Z.max["v"] + 1))
    mean = 0.9 * (0.1 * first) + 0.1 * second
    update = steps(mm.nsgda(0.1, scope="global", momentum=0.9), 2)[1]
    np.testing.assert_allclose(update.max["v"], -0.1 * mean / jnp.linalg.norm(mean), rtol=1e-5)


@pytest.mark.parametrize("scope", ["layer", "global"])
@pytest.mark.parametrize("bias_correction", [True, False])
def test_ada_nsgda_moves_as_far_as_adam(scope, bias_correction):
    ours = steps(mm.ada_nsgda(0.1, scope=scope, bias_correction=bias_correction, eps=0.0), 2)
    adam = steps(mm.adam_gda(0.1, eps=0.0), 2)
    # Without correction, the step differs by the factor (1 − b1^t) / √(1 − b2^t).
    for t, (mine, its) in enumerate(zip(ours, adam, strict=True), start=1):
        factor = 1.0 if bias_correction else (1 - 0.9**t) / (1 - 0.999**t) ** 0.5
        for side in range(2):
            np.testing.assert_allclose(norm(mine[side]), factor * norm(its[side]), rtol=1e-4)


@pytest.mark.parametrize("scale", [1.0, 1e-12, 1e12])
@pytest.mark.parametrize("size", [3, 5000])  # Large leaves try the plain sum of squares first.
@pytest.mark.parametrize("scope", ["layer", "global"])
def test_ada_nsgda_equals_graft_of_adam_and_identity(scope, size, scale):
    """Ada-nSGDA computes only the norms of Adam's steps; the graft computes the steps."""
    rule = mm.graft(optax.scale_by_adam(eps=1e-3 * scale), optax.identity(), scope=scope)
    pair = mm.ada_nsgda(1.0, scope=scope, eps=1e-3 * scale), optax.chain(rule, optax.scale(-1.0))
    z = mm.Players(jnp.ones(size), {"a": jnp.ones((size, 2)), "b": jnp.zeros(())})
    states = [tx.init(z) for tx in pair]
    for t in range(4):
        waves = jax.tree.map(lambda x, t=t: scale * jnp.sin(t + jnp.arange(x.size) + 1.0), z)
        field = jax.tree.map(lambda wave, x: wave.reshape(x.shape), waves, z)
        found = [tx.update(field, state, z) for tx, state in zip(pair, states, strict=True)]
        states = [state for _, state in found]
        chex.assert_trees_all_close(found[0][0], found[1][0], rtol=2e-5)


@pytest.mark.parametrize("size", [32, 1 << 14])
@pytest.mark.parametrize("make", [mm.nsgda, mm.ada_nsgda, mm.ada_dir])
def test_normalized_optimizers_run_in_checked_shard_map(make, size):
    # There, both branches of a conditional must vary over the same mesh axes.
    auto = (jax.sharding.AxisType.Auto,)
    mesh = jax.make_mesh((2,), ("d",), axis_types=auto, devices=first_devices(2))
    tx, halves = make(0.1), jax.sharding.PartitionSpec("d")
    step = jax.jit(lambda g: tx.update({"w": g}, tx.init({"w": g}))[0]["w"])
    g = jnp.cos(jnp.arange(2.0 * size))
    found = jax.jit(jax.shard_map(step, mesh=mesh, in_specs=halves, out_specs=halves))(g)
    expected = jnp.concatenate([step(half) for half in jnp.split(g, 2)])
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_ada_nsgda_keeps_eps_in_float16():
    g = {"w": jnp.full(3, 0.005, jnp.float16)}
    tx = mm.ada_nsgda(1.0, eps=5e-7)
    step = tx.update(g, tx.init(g))[0]["w"]
    assert step.dtype == jnp.float16 and bool(jnp.isfinite(step).all())


@pytest.mark.parametrize("scope", ["layer", "global"])
def test_ada_nsgda_has_direction_of_field(scope):
    for t, update in enumerate(steps(mm.ada_nsgda(0.1, scope=scope))):
        field = jnp.cos(Z.max["v"] + t)
        np.testing.assert_allclose(
            update.max["v"] / norm(update.max), -field / jnp.linalg.norm(field), rtol=1e-4
        )


@pytest.mark.parametrize("betas", [{}, {"b1": 0.0, "b2": 0.0}])
def test_first_ada_nsgda_step_is_nsgda_step_times_root_n(betas):
    """At the first step A = sign(g), which has norm √n in a leaf of n elements."""
    num = 1 if not betas else 3
    for ada, plain in zip(
        steps(mm.ada_nsgda(0.1, eps=0.0, **betas), num), steps(mm.nsgda(0.1), num), strict=True
    ):
        chex.assert_trees_all_close(ada, jax.tree.map(lambda u: u * u.size**0.5, plain), rtol=1e-4)


@pytest.mark.parametrize("scope", ["layer", "global"])
def test_ada_dir_has_norm_of_field_and_direction_of_adam(scope):
    ours, adam = steps(mm.ada_dir(0.1, scope=scope)), steps(mm.adam_gda(1.0))
    for t, (mine, its) in enumerate(zip(ours, adam, strict=True)):
        field = jnp.cos(Z.max["v"] + t)
        np.testing.assert_allclose(norm(mine.max), 0.1 * jnp.linalg.norm(field), rtol=1e-5)
        np.testing.assert_allclose(
            mine.max["v"] / norm(mine.max), its.max["v"] / norm(its.max), rtol=1e-4
        )


@pytest.mark.parametrize(
    ("make", "power"),
    [
        (mm.sgda, 1),
        (mm.ada_dir, 1),
        (mm.nsgda, 0),
        (lambda rate: mm.nsgda(rate, scope="global", momentum=0.5), 0),
        (lambda rate: mm.ada_nsgda(rate, eps=0.0), 0),
        (lambda rate: mm.ada_nsgda(rate, eps=0.0, scope="global"), 0),
    ],
)
def test_scaling_a_loss_scales_step_by_documented_power(make, power):
    c = mm.Players(100.0, 0.01)
    # AdaDir's direction is Adam's, which depends on the scale only through eps.
    scaled, plain = steps(make(0.1), scale=c), steps(make(0.1))
    for mine, its in zip(scaled, plain, strict=True):
        expected = mm.Players(
            *(jax.tree.map(lambda u, k=k: u * k**power, p) for p, k in zip(its, c, strict=True))
        )
        chex.assert_trees_all_close(mine, expected, rtol=1e-3)


def test_uncorrected_adam_matches_hand_computation():
    g = jnp.array([2.0])
    rule = mm.ada_nsgda(1.0, b1=0.5, b2=0.5, eps=1.0, bias_correction=False)
    state = rule.init(g)
    update, state = rule.update(g, state)
    np.testing.assert_allclose(update, -(0.5 * 2) / (np.sqrt(0.5 * 4) + 1), rtol=1e-6)
    update, state = rule.update(g, state)
    np.testing.assert_allclose(update, -(0.75 * 2) / (np.sqrt(0.75 * 4) + 1), rtol=1e-6)


def test_amsgrad_keeps_largest_second_moment():
    optimizer = mm.amsgrad_gda(1.0, b1=0.0, b2=0.0, eps=0.0)
    z = mm.Players(jnp.array([1.0]), jnp.array([1.0]))
    state = optimizer.init(z)
    large, small = (jax.tree.map(lambda x, c=c: c * x, z) for c in (10.0, 1.0))
    _, state = optimizer.update(large, state, z)
    update, _ = optimizer.update(small, state, z)
    np.testing.assert_allclose(update.min, [-0.1], rtol=1e-5)


def test_adam_gda_equals_optax_adam_per_player():
    ours, theirs = steps(mm.adam_gda(0.1, b1=0.5)), steps(optax.adam(0.1, b1=0.5))
    chex.assert_trees_all_close(ours, theirs, rtol=1e-5)
