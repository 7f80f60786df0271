"""Tests that every algorithm of the register works with JAX's features.

They cover dtypes, `vmap`, donation, devices and sharding. The mathematical laws are in
`test_laws_of_all_optimizers.py`: they do not depend on the version of JAX, so `.ci/run` tests them
on one version only.
"""

import functools
import inspect
import operator
import os
import traceback

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

import minmax_jax as mm
from minmax_jax import parallel
from tests import problems
from tests.cases import CASES, Case
from tests.devices import first_devices
from tests.rows import distance, each_case, each_case_with, one_update, run


@each_case
def test_donated_update_does_not_recompile(case: Case):
    optimizer, problem = case.make(case.learning_rate), case.games.quadratic
    traces = []

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def step(z, state):
        traces.append(None)
        updates, state = one_update(optimizer, problem, z, state)
        return optax.apply_updates(z, updates), state

    z = jax.tree.map(jnp.copy, problem.start)
    state = optimizer.init(z)
    for _ in range(3):
        z, state = step(z, state)
    assert distance(z, problem.start) > 0
    _, state = step(z, jax.tree_util.tree_map_with_path(_at_largest_count, state))
    assert all(bool(jnp.all(leaf >= 0)) for leaf in jax.tree.leaves(state) if leaf.dtype == "int32")
    assert len(traces) == 1


def _at_largest_count(path, leaf):
    """Returns the largest int32 for a counter of a state, and `leaf` for other leaves."""
    is_count = leaf.dtype == "int32" and "status" not in jax.tree_util.keystr(path)
    return jnp.full_like(leaf, jnp.iinfo(jnp.int32).max) if is_count else leaf


@each_case
def test_fresh_state_shares_no_buffers(case: Case):
    players = jax.tree.map(jnp.copy, case.games.quadratic.start)
    for init in (case.make(case.learning_rate).init, jax.jit(case.make(case.learning_rate).init)):
        leaves = jax.tree.leaves((players, init(players)))
        buffers = {leaf.unsafe_buffer_pointer() for leaf in leaves}
        assert len(buffers) == len(leaves), "Such a state cannot be donated together with params."


@each_case_with("dtype", ["bfloat16", "float16", "float32", "float64"], fast=2)
def test_state_and_updates_keep_dtypes_and_shapes(case: Case, dtype):
    with jax.enable_x64(dtype == "float64"):
        problem = case.games.quadratic._replace(
            start=jax.tree.map(lambda x: x.astype(dtype), case.games.quadratic.start)
        )
        optimizer = case.make(case.learning_rate)
        updates, state = jax.eval_shape(
            lambda z: one_update(optimizer, problem, z, optimizer.init(z)), problem.start
        )
        for tree, like in ((updates, problem.start), (state, optimizer.init(problem.start))):
            described, wanted = (
                jax.tree.map(lambda x: (x.shape, x.dtype, getattr(x, "weak_type", False)), t)
                for t in (tree, like)
            )
            assert described == wanted
        if dtype == "float16":
            return  # The test above runs float16.
        moved = run(optimizer, problem, 3).players  # `lax.scan` checks types.
        assert all(leaf.dtype == dtype for leaf in jax.tree.leaves(moved))
        assert all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves(moved))


@each_case
def test_field_in_another_dtype_is_cast(case: Case):
    problem = case.games.quadratic
    optimizer = case.make(case.learning_rate)

    def last(dtype):
        def field_fn(z, draw=0):
            rounded = jax.tree.map(lambda x: x.astype(jnp.bfloat16), problem.field_fn(z, draw))
            return jax.tree.map(lambda x: x.astype(dtype), rounded)

        def whole(start):
            options = {"payoff_fn": problem.payoff_fn, "key": jax.random.key(3)}
            return mm.solve(optimizer, field_fn, start, 2, **options).players

        return jax.jit(whole)(problem.start)

    chex.assert_trees_all_equal(last(jnp.bfloat16), last(jnp.float32))


NO_REVERSE_MODE = {
    "adaptive_competitive",
    "competitive",
    "complete_newton",
    "curvature_extragradient",
    "follow_the_ridge",
    "greedy",
}
"""Algorithms with loops whose length depends on the data, except the rows of `REVERSE_MODE`."""
REVERSE_MODE = {"competitive neumann", "greedy two steps, nothing restored but x"}
"""Rows with a fixed number of iterations."""


@each_case
def test_reverse_mode_through_updates_equals_forward_mode(case: Case):
    problem, optimizer = case.games.quadratic, case.make(case.learning_rate)

    def last(start):
        players = run(optimizer, problem._replace(start=start), 2).players
        return sum(jnp.sum(leaf) for leaf in jax.tree.leaves(players))

    ones = jax.tree.map(jnp.ones_like, problem.start)
    along = jax.jvp(last, (problem.start,), (ones,))[1]
    assert jnp.isfinite(along)
    if case.algorithm in NO_REVERSE_MODE and case.name not in REVERSE_MODE:
        with pytest.raises(ValueError, match="Reverse-mode differentiation does not work"):
            jax.grad(last)(problem.start)
        return
    gradient = jax.grad(last)(problem.start)
    total = sum(jnp.sum(leaf) for leaf in jax.tree.leaves(gradient))
    np.testing.assert_allclose(total, along, rtol=1e-4, atol=1e-5)


@each_case
def test_float16_stays_where_field_is_zero(case: Case):
    if case.drift or case.float16:
        pytest.skip(case.drift or case.float16)
    zero = jax.tree.map(lambda x: x.astype(jnp.float16), case.games.quadratic.solution)
    optimizer = case.make(case.learning_rate)
    updates, _ = jax.jit(
        lambda z: one_update(optimizer, case.games.quadratic, z, optimizer.init(z))
    )(zero)
    chex.assert_trees_all_equal(updates, optax.tree.zeros_like(zero))


@each_case
def test_init_accepts_abstract_values(case: Case):
    optimizer = case.make(case.learning_rate)
    abstract = jax.eval_shape(optimizer.init, case.games.quadratic.start)
    concrete = optimizer.init(case.games.quadratic.start)
    chex.assert_trees_all_equal_shapes_and_dtypes(abstract, jax.eval_shape(lambda: concrete))


@each_case
def test_init_refuses_complex_leaves(case: Case):
    optimizer = case.make(case.learning_rate)
    start = mm.Players({"a": jnp.ones(2)}, {"b": jnp.ones(2, complex)})
    with pytest.raises(TypeError, match=r"\['b'\] has dtype complex64, but leaves must be real"):
        optimizer.init(start)
    with pytest.raises(TypeError):
        optimizer.init(start.max)


@each_case
def test_map_params_maps_what_is_shaped_like_params(case: Case):
    def state_of(start):
        return jax.eval_shape(case.make(case.learning_rate).init, start)

    def marked(leaf):
        return jax.ShapeDtypeStruct(leaf.shape, "bfloat16")

    start = case.games.quadratic.start
    longer = jax.tree.map(lambda x: jnp.zeros((5, *x.shape)), start)
    state = state_of(start)
    mapped = optax.tree.map_params(case.make(case.learning_rate), marked, state)
    for old, new, other in zip(
        *map(jax.tree.leaves, (state, mapped, state_of(longer))), strict=True
    ):
        assert (new.dtype == "bfloat16") == (other.shape != old.shape)


@each_case
def test_map_params_passes_the_leaves_of_the_same_parameter(case: Case):
    start, tx = case.games.quadratic.start, case.make(case.learning_rate)
    leaves, structure = jax.tree.flatten(start)
    # Every parameter has another size, so the size of a leaf of the state tells its parameter.
    sized = [jnp.zeros((7 + i, *leaf.shape)) for i, leaf in enumerate(leaves)]
    state = jax.eval_shape(tx.init, jax.tree.unflatten(structure, sized))
    numbers = jax.tree.unflatten(structure, range(7, 7 + len(leaves)))

    def checked(leaf, number, other):
        assert leaf.shape[0] == number == -other
        seen.append(number)
        return leaf

    seen, alone = [], []
    mapped = mm.map_params(tx, checked, state, numbers, jax.tree.map(lambda n: -n, numbers))
    assert jax.tree.structure(mapped) == jax.tree.structure(state)
    optax.tree.map_params(tx, lambda leaf: alone.append(leaf.shape[0]), state)
    assert sorted(seen) == sorted(alone)


@each_case
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_strict_promotion_fails_at_most_in_optax(case: Case, dtype, strict_promotion):
    start = jax.tree.map(lambda leaf: leaf.astype(dtype), case.games.quadratic.start)
    problem = case.games.quadratic._replace(start=start)
    optimizer = case.make(case.learning_rate)
    try:
        jax.eval_shape(lambda z: one_update(optimizer, problem, z, optimizer.init(z)), start)
    except Exception as error:
        assert type(error).__name__ == "TypePromotionError"
        places = [os.path.dirname(package.__file__) + os.sep for package in (mm, optax)]
        files = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
        inner = [name for name in files if name.startswith(tuple(places))][-1]
        assert inner.startswith(places[1]), inner


@each_case
def test_vmap_over_starts_and_learning_rates_matches_loop(case: Case):
    scales, learning_rates = jnp.array([0.5, 1.0, 2.0]), jnp.array([0.02, 0.05, 0.1])

    def final(scale, learning_rate):
        problem = case.games.quadratic
        start = jax.tree.map(lambda x: scale * x, problem.start)
        return run(case.make(learning_rate), problem._replace(start=start), 5).players

    together = jax.jit(jax.vmap(final))(scales, learning_rates)
    alone = [jax.jit(final)(*pair) for pair in zip(scales, learning_rates, strict=True)]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *alone)
    chex.assert_trees_all_close(together, stacked, atol=1e-5, rtol=1e-4)


@each_case
def test_update_ignores_unknown_extra_arguments(case: Case):
    optimizer, problem = case.make(case.learning_rate), case.games.quadratic

    @jax.jit
    def steps(z):
        state = optimizer.init(z)
        plain, _ = one_update(optimizer, problem, z, state)
        return plain, one_update(optimizer, problem, z, state, unheard_of=object())[0]

    chex.assert_trees_all_equal(*steps(problem.start))


@each_case
def test_update_raises_for_missing_arguments(case: Case):
    optimizer, problem = case.make(case.learning_rate), case.games.quadratic
    state, field = jax.jit(lambda z: (optimizer.init(z), problem.field_fn(z)))(problem.start)
    whole = {
        "params": problem.start,
        "field_fn": problem.field_fn,
        "payoff_fn": problem.payoff_fn,
        "key": jax.random.key(0),
    }
    for name in case.needs:
        less = {k: v for k, v in whole.items() if k != name}
        with pytest.raises(ValueError, match=rf"^{case.algorithm}.* needs {name}"):
            optimizer.update(field, state, **less)
    enough = {k: v for k, v in whole.items() if k in case.needs}
    jax.eval_shape(lambda: optimizer.update(field, state, **enough)[0])


def _trajectory_on_data(case, axis_name):
    """Returns a function from the local data to the players after five updates."""

    def steps(data):
        def payoff(z):
            return problems.batch_payoff(z, data)

        return mm.solve(
            case.make(case.learning_rate),
            mm.zero_sum(payoff, axis_name=axis_name),
            case.games.curved.start,
            5,
            payoff_fn=mm.payoff(payoff, axis_name=axis_name),
            key=jax.random.key(3),
        ).players

    return steps


@functools.cache
def _trajectory_on_whole_batch(name):
    case = next(case for case in CASES if case.name == name)
    return jax.jit(_trajectory_on_data(case, None))(problems.batch_data)


@each_case_with("backend", ["pmap", "shard_map"], fast=1)
def test_four_devices_match_one_device_on_whole_batch(case: Case, backend):
    data, axis = problems.batch_data, parallel.AXIS
    whole = _trajectory_on_whole_batch(case.name)
    local = _trajectory_on_data(case, axis)
    if backend == "pmap":
        parts = jax.pmap(local, axis_name=axis, devices=first_devices(4))(data.reshape(4, 2, 4))
    else:
        mesh = Mesh(np.asarray(first_devices(4)), (axis,))
        spec = PartitionSpec(axis)
        parts = jax.jit(
            jax.shard_map(
                lambda rows: jax.tree.map(lambda x: x[None], local(rows)),
                mesh=mesh,
                in_specs=spec,
                out_specs=spec,
                check_vma=False,
            )
        )(data)
    first, *others = (jax.tree.map(operator.itemgetter(i), parts) for i in range(4))
    chex.assert_trees_all_close(first, whole, atol=2e-6, rtol=2e-5)
    for other in others:
        chex.assert_trees_all_equal(first, other)


def _sharded(case, axis_type):
    """Returns a mesh of four devices, and players sharded over it along their last axes."""
    mesh = jax.make_mesh((4,), ("x",), axis_types=(axis_type,), devices=first_devices(4))

    def put(seed, *shape):
        value = case.games.feasible(jax.random.normal(jax.random.key(seed), shape))
        spec = PartitionSpec(*[None] * (len(shape) - 1), "x")
        return jax.device_put(value, NamedSharding(mesh, spec))

    return mesh, mm.Players(
        {"a": put(0, 8), "b": put(1, 3, 8)}, {"c": put(2, 8), "d": put(3, 3, 8)}
    )


def _sharded_payoff(z):
    def square(tree):
        return sum(jnp.sum(leaf**2) for leaf in tree.values())

    coupling = jnp.sum(z.min["a"] * z.max["c"]) + jnp.sum(z.min["b"] * jnp.tanh(z.max["d"]))
    return 0.5 * square(z.min) + 0.3 * coupling - 0.5 * square(z.max)


def _two_sharded_steps(case):
    def steps(start):
        return mm.solve(
            case.make(case.learning_rate),
            mm.zero_sum(_sharded_payoff),
            start,
            2,
            payoff_fn=mm.payoff(_sharded_payoff),
            key=jax.random.key(3),
        ).players

    return steps


@each_case
def test_players_keep_explicit_sharding(case: Case):
    mesh, start = _sharded(case, AxisType.Explicit)
    with jax.set_mesh(mesh):
        types = jax.eval_shape(_two_sharded_steps(case), start)
    specs, wanted = (
        [leaf.sharding.spec for leaf in jax.tree.leaves(tree)] for tree in (types, start)
    )
    assert specs == wanted


@pytest.mark.slow
@each_case
@pytest.mark.parametrize("axis_type", [AxisType.Explicit, AxisType.Auto], ids=str)
def test_sharded_players_give_unsharded_result(case: Case, axis_type):
    mesh, start = _sharded(case, axis_type)
    steps = _two_sharded_steps(case)
    alone = jax.jit(steps)(jax.tree.map(np.asarray, start))
    with jax.set_mesh(mesh):
        shared = jax.jit(steps)(start)
    chex.assert_trees_all_close(jax.device_get(shared), jax.device_get(alone), atol=1e-5, rtol=1e-5)
    for leaf, like in zip(jax.tree.leaves(shared), jax.tree.leaves(start), strict=True):
        assert leaf.sharding.is_equivalent_to(like.sharding, leaf.ndim)


@each_case
def test_state_can_be_saved_and_restored(case: Case, tmp_path):
    optimizer, problem = case.make(case.learning_rate), case.games.quadratic
    step = jax.jit(lambda z, state: one_update(optimizer, problem, z, state))
    z, state = problem.start, optimizer.init(problem.start)
    for _ in range(2):
        updates, state = step(z, state)
        z = optax.apply_updates(z, updates)
    leaves, structure = jax.tree.flatten(state)
    np.savez(tmp_path / "state.npz", *leaves)
    with np.load(tmp_path / "state.npz", allow_pickle=False) as saved:
        restored = jax.tree.unflatten(structure, [jnp.asarray(saved[k]) for k in saved.files])
    chex.assert_trees_all_equal(step(z, state), step(z, restored))


def _returns_a_transformation(export):
    if not inspect.isfunction(export):
        return False
    returned = inspect.signature(export).return_annotation
    return isinstance(returned, type) and issubclass(returned, optax.GradientTransformation)


def test_register_contains_all_exports():
    named = {case.algorithm for case in CASES}
    assert set(mm.optimizers) <= named, "Add a row to tests/cases.py for each optimizer."
    transforms = {
        name
        for name in mm.__all__
        if _returns_a_transformation(getattr(mm, name))
        and getattr(mm, name).__module__.startswith("minmax_jax.transforms")
    }
    assert transforms <= named, "Add a row to tests/cases.py for each transformation."
    assert set(mm.optimizers) <= set(mm.__all__), "Export each optimizer in minmax_jax/__init__.py."
    for name, factory in mm.optimizers.items():
        assert getattr(mm, name) is factory and factory.__name__ == name
