"""Norms of many leaves together, as accelerators compute them, on this backend."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

import minmax_jax as mm
from minmax_jax._util import batched_norms, sharding
from minmax_jax._util import norms as norms_lib
from minmax_jax.optimizers._shared import adam
from tests.devices import first_devices

SHAPES = [(), (1,), (0,), (3, 0), (65,), (33, 5), (4097,), (9001,), (90, 64), (3, 3, 64, 32)]
SHAPES += [(5, 8193), (2, 9973), (5003, 3), (4200, 40), (13, 1)]
LONG = [(1 << 24,), (2, 1 << 23), (1 << 22, 3), (1 << 18, 32), (8190,), (1000003,), (600, 8192)]


def value(norm):
    """Returns a norm in float64, where it does not overflow."""
    return float(norm.value) / float(norm.scale)


def exact(leaf):
    return math.sqrt(math.fsum(np.square(np.asarray(leaf, np.float64).ravel())))


def leaf_norms(leaves):
    return batched_norms.norms_together(leaves)


def leaf_norms_after(leaves):
    return batched_norms.norms_together(leaves, after=[jnp.ones(3), leaves[0]])


def computed_norms(leaves):
    return batched_norms.moderate_norms_together(lambda x: x, [(leaf,) for leaf in leaves])


FORMS = [leaf_norms, leaf_norms_after, computed_norms]


@pytest.fixture(params=FORMS, ids=lambda form: form.__name__)
def form(request):
    return request.param


@pytest.fixture
def on_accelerators(monkeypatch):
    """The library computes norms as on accelerators."""

    compiled: Any = adam._norms_of_ratios

    def clear():
        compiled.clear_cache()

    clear()
    monkeypatch.setattr(norms_lib, "_leaf_norms", batched_norms.norms_together)
    monkeypatch.setattr(norms_lib, "_computed_norms_on_cpu", batched_norms.moderate_norms_together)
    yield
    clear()


def leaves_of(dtypes, scales=(1.0,), seed=0):
    draw = np.random.default_rng(seed).normal
    return [
        jnp.asarray(scales[i % len(scales)] * draw(size=shape), dtypes[i % len(dtypes)])
        for i, shape in enumerate(SHAPES)
    ]


@pytest.mark.parametrize("dtypes", [["float32"], ["bfloat16", "float16", "float32"]])
def test_norms_of_many_leaves_match_exact_norms(form, dtypes):
    leaves = leaves_of(dtypes)
    norms = jax.jit(form)(leaves)
    assert {norm.value.dtype for norm in norms} == {jnp.dtype("float32")}
    np.testing.assert_allclose([*map(value, norms)], [*map(exact, leaves)], rtol=1e-5)


def test_norms_of_float64_are_accurate_to_float64(form):
    with jax.enable_x64(True):
        leaves = leaves_of(["float64", "float32"])
        norms = jax.jit(form)(leaves)
        for norm, leaf in zip(norms, leaves, strict=True):
            assert norm.value.dtype == leaf.dtype
            rtol = 1e-5 if leaf.dtype == jnp.float32 else 1e-13
            np.testing.assert_allclose(value(norm), exact(leaf), rtol=rtol)


def test_norms_of_more_leaves_than_one_kernel_takes(form):
    leaves = [leaf * (index + 1) for index in range(5) for leaf in leaves_of(["float32"])]
    assert len(leaves) > 2 * batched_norms._TOGETHER
    np.testing.assert_allclose(
        [*map(value, jax.jit(form)(leaves))], [*map(exact, leaves)], rtol=1e-5
    )


def test_norms_of_no_leaves_are_an_empty_list(form):
    assert form is leaf_norms_after or form([]) == []
    assert norms_lib.leaf_norms([]) == []


@pytest.mark.parametrize("where", range(len(SHAPES)))
def test_scale_of_one_leaf_does_not_affect_others(form, where):
    scales = (1e-34, 1e-12, 1.0, 1e12) + ((1e30, 3e37) if form is not computed_norms else ())
    leaves = leaves_of(["float32"], scales[where % len(scales) :] + scales)
    leaves[(where + 1) % len(leaves)] *= 0
    for bad in (jnp.inf, jnp.nan):
        leaves[where] = jnp.full(SHAPES[where], bad)
        norms = jax.jit(form)(leaves)
        for index, (norm, leaf) in enumerate(zip(norms, leaves, strict=True)):
            if index == where and leaf.size:
                assert not np.isfinite(value(norm)) and np.isnan(value(norm)) == np.isnan(bad)
            else:
                np.testing.assert_allclose(value(norm), exact(leaf), rtol=1e-5)
                assert (value(norm) == 0) == (exact(leaf) == 0)


@pytest.mark.parametrize("shape", LONG)
def test_norms_of_long_leaves_are_accurate(form, shape):
    leaf = jnp.asarray(np.random.default_rng(0).uniform(0.5, 1.5, shape), jnp.float32)
    norm = jax.jit(form)([leaf, jnp.full(3, 2.0)])[0]
    np.testing.assert_allclose(value(norm), np.linalg.norm(np.float64(leaf)), rtol=2e-5)


@pytest.mark.parametrize("shape", [*SHAPES, *LONG])
def test_rows_are_short_and_few(shape):
    rows = jax.eval_shape(batched_norms._split_rows, jax.ShapeDtypeStruct(shape, "float32"))
    assert all(part.shape[-1] <= 8192 for part in rows)
    assert sum(part.size for part in rows) == math.prod(shape)
    terms = jax.eval_shape(
        lambda leaf: batched_norms._terms_of_leaf(None, leaf),
        jax.ShapeDtypeStruct(shape, "bfloat16"),
    )
    assert terms.shape[0] == 3 and terms.shape[1] <= 4096 and terms.dtype == jnp.float32


@pytest.mark.parametrize("scale", [1e-38, 1e-30, 1.0, 1e15, 1e30, 1e38])
def test_gradients_of_norms_are_units(form, scale):
    if form is computed_norms and scale > 1e15:
        pytest.skip("The norm is inf.")
    leaves = [jnp.full(4, scale), jnp.zeros(3), jnp.full((80, 64), 0.5), jnp.full((90, 60), scale)]

    def norm_of(index):
        # In units of 1e30, so that the norm of elements of 1e38 is finite.
        return lambda leaves: (lambda n: n.value * 1e-2 / n.scale)(form(leaves)[index])

    for index, leaf in enumerate(leaves):
        gradients = jax.jit(jax.grad(norm_of(index)))(leaves)
        for other, gradient in enumerate(gradients):
            expected = 1e-2 / leaf.size**0.5 if other == index and leaf.any() else 0.0
            np.testing.assert_allclose(gradient, expected, rtol=1e-4)
        tangent = jax.jvp(norm_of(index), (leaves,), ([*map(jnp.ones_like, leaves)],))[1]
        expected = 1e-2 * leaf.size**0.5 if leaf.any() else 0.0
        np.testing.assert_allclose(tangent, expected, rtol=1e-4)


def test_norms_support_vmap(form):
    leaves = [jnp.stack([leaf, 2 * leaf, 0 * leaf]) for leaf in leaves_of(["float32", "float16"])]
    norms = jax.jit(jax.vmap(form))(leaves)
    for norm, leaf in zip(norms, leaves, strict=True):
        found = np.float64(norm.value) / np.float64(norm.scale)
        np.testing.assert_allclose(found, [*map(exact, leaf)], rtol=1e-5)


@pytest.mark.parametrize("check_vma", [True, False])
def test_norms_in_shard_map_vary_as_their_leaves(form, check_vma):
    mesh = Mesh(np.array(first_devices(2)), ("data",))
    leaves = [leaf for leaf in leaves_of(["float32"]) if leaf.ndim and not leaf.shape[0] % 2]
    same = [jnp.arange(5.0), jnp.ones((90, 64))]

    def of_device(leaves, same):
        norms = form([*leaves, *same])
        squares = [jax.lax.psum((n.value / n.scale) ** 2, "data") for n in norms[: len(leaves)]]
        # The norms of replicated leaves are replicated. `check_vma` verifies it.
        return squares, [n.value / n.scale for n in norms[len(leaves) :]]

    sharded = jax.shard_map(
        of_device, mesh=mesh, in_specs=(P("data"), P()), out_specs=P(), check_vma=check_vma
    )
    squares, others = jax.jit(sharded)(leaves, same)
    np.testing.assert_allclose(np.sqrt(squares), [*map(exact, leaves)], rtol=1e-5)
    np.testing.assert_allclose(others, [*map(exact, same)], rtol=1e-5)


def test_norms_of_divided_leaves_match_exact_norms(form):
    mesh = Mesh(np.array(first_devices(2)), ("data",))
    for spec in (P("data"), P(None, "data")):
        leaves = [jnp.asarray(leaf) for leaf in leaves_of(["float32"]) if leaf.ndim == 2]
        leaves = [leaf[: leaf.shape[0] // 2 * 2, : leaf.shape[1] // 2 * 2] for leaf in leaves]
        placed = jax.device_put(leaves, NamedSharding(mesh, spec))
        norms = jax.jit(form)(placed)
        np.testing.assert_allclose([*map(value, norms)], [*map(exact, leaves)], rtol=1e-5)


def test_only_leaves_of_one_device_count_as_whole():
    mesh = Mesh(np.array(first_devices(2)), ("data",))
    found = []

    def norm(leaf):
        found.append(sharding.is_whole([leaf]))
        return leaf

    jax.jit(norm)(jnp.ones(4))
    jax.jit(norm)(jax.device_put(jnp.ones(4), NamedSharding(mesh, P("data"))))
    jax.jit(jax.shard_map(norm, mesh=mesh, in_specs=P("data"), out_specs=P("data")))(jnp.ones(4))
    both = Mesh(np.array(first_devices(2)).reshape(2, 1), ("data", "model"))
    partly = jax.shard_map(
        norm, mesh=both, in_specs=P("data"), out_specs=P("data"), axis_names={"data"}
    )
    jax.jit(partly)(jnp.ones(4))
    assert found == [True, False, True, False]


OPTIMIZERS = {
    "nsgda": mm.nsgda(0.1),
    "ada_nsgda": mm.ada_nsgda(0.1),
    "ada_nsgda_global": mm.ada_nsgda(0.1, scope="global"),
    "graft": mm.graft(optax.adam(0.1), optax.sign_sgd(1.0)),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("dtypes", [["float32"], ["bfloat16", "float16", "float32"]])
def test_optimizers_take_the_steps_of_cpu(request, name, dtypes):
    tx = OPTIMIZERS[name]
    leaves = [leaf for leaf in leaves_of(dtypes) if leaf.size]
    state = tx.init(leaves)
    expected = jax.jit(lambda leaves, state: tx.update(leaves, state))(leaves, state)
    request.getfixturevalue("on_accelerators")
    found = jax.jit(lambda leaves, state: tx.update(leaves, state))(leaves, state)
    for one, other in zip(*map(jax.tree.leaves, (found, expected)), strict=True):
        assert one.dtype == other.dtype
        rtol = {"float32": 3e-5, "float16": 2e-3, "bfloat16": 1e-2}.get(one.dtype.name, 0)
        atol = 1e-6 if one.dtype == jnp.float16 else 0
        np.testing.assert_allclose(np.float64(one), np.float64(other), rtol=rtol, atol=atol)


def test_leaves_with_explicit_sharding_on_one_device():
    """Even there, JAX has no rule for a reshape of an explicit axis."""
    devices = first_devices(1)
    mesh = jax.make_mesh((1,), ("x",), axis_types=(AxisType.Explicit,), devices=devices)
    specs = {(5003, 3): P(None, "x"), (4097,): P("x"), (33, 5): P("x", None)}
    tree = [
        jax.device_put(jnp.ones(shape), NamedSharding(mesh, spec)) for shape, spec in specs.items()
    ]
    tx = mm.nsgda(1.0)
    with jax.set_mesh(mesh):
        updates, _ = jax.jit(tx.update)(tree, tx.init(tree))
    for leaf in updates:
        np.testing.assert_allclose(np.linalg.norm(leaf), 1, rtol=1e-5)
