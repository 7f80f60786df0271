"""Norms that neither overflow nor underflow."""

import functools
import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from jax import lax
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as P

import minmax_jax as mm
from benchmarks import counts
from minmax_jax._util import norms as norms_lib
from tests.devices import first_devices

pytestmark = pytest.mark.usefixtures("strict_promotion", "form")


@pytest.fixture(scope="module", params=["cpu", "accelerator", "together"], autouse=True)
def form(request):
    """Tests the algorithms for CPU and for accelerators, all on this backend.

    With "together", the norms of several leaves are computed together.
    """
    mine = pytest.MonkeyPatch()
    if request.param != "cpu":  # A second copy of the module, with no compiled functions.
        spec = importlib.util.spec_from_file_location("norms_of_accelerators", norms_lib.__file__)
        copy = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(copy)
        mine.setattr(copy, "_norm_on_cpu", copy.norm_in_one_pass)
        in_one_pass = jax.jit(copy.norm_in_one_pass)
        copy._norms_on_cpu = lambda leaves, after: [*map(in_one_pass, leaves)]
        copy._computed_norms_on_cpu = lambda compute, leaves: [
            copy.moderate_norm_in_one_pass(compute(*leaf)) for leaf in leaves
        ]
        if request.param == "together":
            copy._norms_on_cpu = copy.norms_together
            copy._computed_norms_on_cpu = copy.moderate_norms_together
            copy.tree_norm = copy._tree_norm_together
        mine.setattr(request.module, "norms_lib", copy)
    yield request.param
    mine.undo()


# Subnormal numbers are excluded, because XLA flushes them to zero on CPU.
normal_floats = st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False)
lengths = st.sampled_from([1, 2, 3, 8, 33])  # Each length compiles a program.
vectors = hnp.arrays(np.float32, lengths, elements=normal_floats)


@given(vectors)
def test_leaf_norm_of_float32_matches_float64(x):
    scaled = jax.jit(norms_lib.leaf_norm)(x)
    exact = np.linalg.norm(x.astype(np.float64))
    np.testing.assert_allclose(float(scaled.value) / float(scaled.scale), exact, rtol=1e-6)


@given(vectors, vectors)
def test_tree_norm_equals_norm_of_concatenation(x, y):
    scaled = jax.jit(norms_lib.tree_norm)({"x": x, "y": (y,)})
    exact = np.linalg.norm(np.concatenate([x, y]).astype(np.float64))
    np.testing.assert_allclose(float(scaled.value) / float(scaled.scale), exact, rtol=1e-6)


@given(vectors)
def test_unit_has_norm_one_or_is_zero(x):
    u = np.asarray(compiled_unit(norms_lib)(x), np.float64)
    np.testing.assert_allclose(np.linalg.norm(u), 1.0 if x.any() else 0.0, atol=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("other", [0.0, 1e-30, 1.0, 1e30])
def test_norm_and_unit_keep_nonfinite_values_visible(bad, other):
    x = jnp.array([other, bad, other], jnp.float32)
    assert not bool(jnp.isfinite(norms_lib.norm(x)))
    assert not bool(jnp.all(jnp.isfinite(norms_lib.unit(x, norms_lib.leaf_norm(x)))))


def test_unit_is_accurate_when_norm_overflows():
    x = jnp.full(1000, 3e38, jnp.float32)
    assert not bool(jnp.isfinite(norms_lib.norm(x)))
    np.testing.assert_allclose(norms_lib.unit(x, norms_lib.leaf_norm(x)), 1000**-0.5, rtol=1e-5)


@pytest.mark.parametrize("shape", [(), (1,), (1000, 1000), (1 << 24,), (1 << 22, 3), (5, 1025)])
def test_norm_of_long_vectors_is_accurate(shape):
    # A single float32 accumulator loses 5 % of 2^24 ones.
    x = jnp.full(shape, 1.1)
    np.testing.assert_allclose(jax.jit(norms_lib.norm)(x), 1.1 * x.size**0.5, rtol=1e-5)


@pytest.mark.parametrize("shape", [(1 << 20,), (1000, 999), (3, 3, 256, 512), (1 << 16, 3)])
def test_leaf_norm_reads_the_data_once(shape):
    x = jax.ShapeDtypeStruct(shape, jnp.float32)
    with counts.usual_branch():
        cost = counts.count(counts.compiled(norms_lib.leaf_norm, x))
    # In addition to the data, the three partial sums of each row are written and read.
    assert cost.bytes < 1.2 * 4 * x.size


@pytest.mark.parametrize("scale", [1e-34, 1e-30, 1e-19, 1e-12, 1.0, 1e12, 1e30, 1e38])
@pytest.mark.parametrize("length", [300, 70_001])  # The longer leaf is folded on CPU.
def test_computed_norms_match_float64(scale, length, form):
    if form != "cpu" and scale > 1e24:
        pytest.skip("On accelerators, norms of computed leaves are inf from 1e25 on.")
    if form == "accelerator" and length > 300:
        pytest.skip("The CPU backend adds one number after another; a GPU adds in groups.")
    x = np.random.default_rng(0).normal(size=(4, length)).astype(np.float32)
    x *= np.float32(scale / np.abs(x).max())
    tree = {"x": x, "y": x[0]}
    norms = jax.jit(lambda tree: norms_lib.computed_norms(lambda x: 0.5 * x, tree))(tree)
    exact = [0.5 * np.linalg.norm(leaf.astype(np.float64)) for leaf in (x, x[0])]
    found = [float(norm.value) / float(norm.scale) for norm in norms]
    np.testing.assert_allclose(found, exact, rtol=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("shape", [(3, 3, 256, 128), (1 << 18,), (1001, 263)])
def test_computed_norm_keeps_nonfinite_values_visible(bad, shape):
    x = jnp.ones(shape).reshape(-1).at[-1].set(bad).reshape(shape)
    (norm,) = jax.jit(lambda x: norms_lib.computed_norms(lambda x: x, x))(x)
    assert not np.isfinite(norm.value / norm.scale)


def test_computed_norm_supports_grad_at_any_scale():
    norm = lambda x: norms_lib.computed_norms(lambda x: x, x)[0]  # noqa: E731
    for x in (jnp.zeros(4), jnp.full(4, 1e-30), jnp.full(4, 1.0), jnp.full(4, 1e20)):
        gradient = jax.grad(lambda x: (lambda n: n.value / n.scale)(norm(x)))(x)
        np.testing.assert_allclose(gradient, 0.5 if x.any() else 0.0, rtol=1e-5)


def test_leaf_norms_traces_each_shape_once():
    tree = [jnp.ones((8, 33))] * 40
    text = str(jax.make_jaxpr(norms_lib.leaf_norms)(tree))
    few = str(jax.make_jaxpr(norms_lib.leaf_norms)(tree[:2]))
    # The traces of a shape, of some 60 lines, are printed once. Each further leaf adds its calls,
    # and on accelerators the selection of its norm from the norms of all leaves.
    assert text.count("\n") - few.count("\n") < 12 * 38


@pytest.mark.parametrize("scale", [1e-35, 1e-30, 1e-12, 1.0, 1e12, 1e30, 1e36])
@pytest.mark.parametrize("large", ["leaf", "other leaf"])
def test_norm_of_large_leaves_matches_float64_at_any_scale(scale, large):
    big = np.random.default_rng(0).normal(size=norms_lib._PLAIN_FROM).astype(np.float32)
    tree = {"x": big * np.float32(scale), "y": np.float32([3.0, 4.0])}
    if large == "other leaf":
        tree = {"x": big, "y": np.float32([3.0, 4.0]) * np.float32(scale)}
    exact = [np.linalg.norm(leaf.astype(np.float64)) for leaf in tree.values()]
    apart = jax.jit(norms_lib.leaf_norms)(tree)
    together = jax.jit(norms_lib.tree_norm)(tree)
    found = [float(norm.value) / float(norm.scale) for norm in (*apart, together)]
    np.testing.assert_allclose(found, [*exact, np.linalg.norm(exact)], rtol=1e-5)


@pytest.mark.parametrize("shape", [(4096,), (5000,), (64, 64), (3, 3, 64, 128), (1 << 16,)])
@pytest.mark.parametrize("where", [0, 7, -1])
@pytest.mark.parametrize("base", [1e-30, 1.0, 1e30, np.inf])
def test_norm_of_large_leaf_with_nan_is_nan(shape, where, base):
    x = np.full(shape, base, np.float32)
    x.flat[where] = np.nan
    assert np.isnan(jax.jit(norms_lib.norm)(x))
    assert np.isnan(compiled_unit(norms_lib)(x)).all()


@functools.cache
def compiled_unit(lib):
    return jax.jit(lambda x: lib.unit(x, lib.leaf_norm(x)))


def test_norm_of_large_leaf_with_inf_is_inf():
    x = jnp.ones(norms_lib._PLAIN_FROM).at[7].set(np.inf)
    assert np.isinf(jax.jit(norms_lib.norm)(x))


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 64)])
def test_norm_of_empty_leaf_is_zero(shape):
    norms = norms_lib.leaf_norms([jnp.zeros(shape), jnp.full(4, 2.0)])
    assert [float(norm.value / norm.scale) for norm in norms] == [0.0, 4.0]
    np.testing.assert_allclose(norms_lib.norm([jnp.zeros(shape), jnp.full(4, 2.0)]), 4.0)


def test_norm_of_large_leaves_supports_grad_and_vmap():
    x = jnp.stack([jnp.ones(2**16), jnp.full(2**16, 1e-30)])
    np.testing.assert_allclose(jax.vmap(norms_lib.norm)(x), [256.0, 2.56e-28], rtol=1e-5)
    gradients = jax.vmap(jax.grad(norms_lib.norm))(x)
    np.testing.assert_allclose(gradients, np.full(x.shape, 1 / 256), rtol=1e-5)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_norm_supports_grad_and_jvp_at_any_scale(scale):
    x = jnp.array([3.0, 4.0]) * scale
    np.testing.assert_allclose(jax.grad(norms_lib.norm)(x), [0.6, 0.8], rtol=1e-5)
    tangent = jax.jvp(norms_lib.norm, (x,), (jnp.array([1.0, 0.0]),))[1]
    np.testing.assert_allclose(tangent, 0.6, rtol=1e-5)


@pytest.mark.parametrize("value", [1e-30, 1e-19, 1.0, 1e30])
def test_norm_of_compiled_constants_is_correct(value):
    leaves = [jnp.float32(value), jnp.full(3, value, jnp.float32)]
    norms = jax.jit(lambda: [norms_lib.norm(leaf) for leaf in leaves])()
    np.testing.assert_allclose(norms, np.float32(value) * np.sqrt([1, 3]), rtol=1e-6)


def test_nsgda_moves_players_when_field_is_tiny_constant():
    field_fn = mm.zero_sum(lambda z: 1e-30 * (z.min - z.max))
    players = mm.solve(mm.nsgda(0.1), field_fn, mm.Players(1.0, 1.0), 3).players
    np.testing.assert_allclose(players, (0.7, 0.7), rtol=1e-5)


def test_norm_has_zero_gradient_at_zero():
    np.testing.assert_array_equal(jax.grad(norms_lib.norm)(jnp.zeros(3)), np.zeros(3))


def test_norm_supports_vmap_over_scales():
    x = jnp.array([[3.0, 4.0], [3e-30, 4e-30], [3e30, 4e30], [0.0, 0.0]])
    np.testing.assert_allclose(
        jax.vmap(norms_lib.norm)(x), np.array([5.0, 5e-30, 5e30, 0.0]), rtol=1e-6
    )


def test_norm_of_bfloat16_is_accumulated_in_float32():
    x = jnp.full(10_000, 0.1, jnp.bfloat16)
    norm = norms_lib.norm(x)
    assert norm.dtype == jnp.float32
    np.testing.assert_allclose(norm, 100 * float(x[0]), rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-35, 1e-12, 1.0, 1e30])
def test_tree_norm_of_several_dtypes_matches_float64(scale):
    draw = np.random.default_rng(0).normal
    large = np.float32(scale * draw(size=(1024, 257)))
    tree = [large, jnp.asarray(scale * draw(size=300), jnp.bfloat16), np.float32(scale * draw())]
    exact = np.linalg.norm(np.concatenate([np.ravel(np.float64(leaf)) for leaf in tree]))
    np.testing.assert_allclose(jax.jit(norms_lib.norm)(tree), exact, rtol=1e-5)


@pytest.mark.parametrize("transformed", ["value", "grad", "vmap"])
def test_tree_norm_together_works_in_shard_map(transformed, form, monkeypatch):
    """The same program as on a GPU, with the branch for accelerators on this backend."""
    if form == "cpu":
        pytest.skip("Small leaves are summed together on accelerators only.")
    monkeypatch.setattr(norms_lib.lax, "platform_dependent", lambda *args, default, **_: default())
    mesh = Mesh(np.array(first_devices(1)), ("data",))
    scales = jnp.array([1.0, 2.0, 3.0])
    x, same = jnp.arange(1.0, 13.0).reshape(4, 3), jnp.array([2.0, 3.0])

    def norm(x):
        return norms_lib.norm([x, same, jnp.zeros((0, 2)) * x[0, 0]])

    def of_device(x):
        scaled = jax.vmap(lambda scale: norm(scale * x))
        found = {"value": norm, "grad": jax.grad(norm), "vmap": lambda x: scaled(scales)}
        return lax.pmean(found[transformed](x), "data")

    def exact(x):
        return np.linalg.norm(np.append(np.ravel(x), same))

    expected = {
        "value": exact(x),
        "grad": x / exact(x),
        "vmap": [exact(scale * x) for scale in scales],
    }
    sharded = jax.shard_map(of_device, mesh=mesh, in_specs=P("data"), out_specs=P())
    np.testing.assert_allclose(jax.jit(sharded)(x), expected[transformed], rtol=1e-6)


def test_tree_norm_of_one_device_sums_small_leaves_together():
    """Lowered for a GPU: few sums of all leaves, with a mesh or without one."""
    tree = [jnp.ones(30 + index) for index in range(20)]
    mesh = Mesh(np.array(first_devices(1)), ("data",))
    of_device = jax.shard_map(mm.diagnostics.player_norms, mesh=mesh, in_specs=P(), out_specs=P())

    def count_sums(function):
        traced = jax.jit(function).trace(mm.Players(tree, jnp.ones(3)))
        return traced.lower(lowering_platforms=("cuda",)).as_text().count("stablehlo.reduce(")

    assert count_sums(of_device) <= 2 * 5 < 20
    assert count_sums(mm.diagnostics.player_norms) <= 2 * 5
