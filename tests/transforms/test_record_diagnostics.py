"""Recording diagnostics: unchanged updates and correct records."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from tests import problems
from tests.cases import CASES

DIAGNOSTICS = {
    "norms": lambda inputs: mm.diagnostics.player_norms(inputs.updates),
    "ratio": lambda inputs: mm.diagnostics.norm_ratio(inputs.field),
    "energy": lambda inputs: mm.diagnostics.hamiltonian(inputs.field),
    "angle": lambda inputs: mm.diagnostics.path_angle(
        inputs.field_fn, inputs.params, problems.curved.solution, jnp.linspace(0, 2, 5)
    ),
    "spectrum": lambda inputs: mm.diagnostics.jacobian_spectrum(
        inputs.field_fn, inputs.params, max_iterations=3
    ),
    "gap": lambda inputs: mm.diagnostics.duality_gap(
        inputs.payoff_fn, inputs.params, field_fn=inputs.field_fn, tx=mm.sgda(0.1), num_steps=2
    ),
    "noise": lambda inputs: jax.random.normal(inputs.key, (2,)),
}
RECORDED = [case for case in CASES if case.name in ("sgda", "adam_gda", "alternate", "nsgda layer")]


def run(tx, num_steps=20, record=None):
    def whole(start):
        return mm.solve(
            tx,
            problems.curved.field_fn,
            start,
            num_steps,
            payoff_fn=problems.curved.payoff_fn,
            key=jax.random.key(3),
            record=record or (lambda step, z, u, state: z),
        )

    return jax.jit(whole)(problems.curved.start)


def steps(tx, num_steps=8):
    """Returns a trajectory of single compiled updates, and the last state."""
    problem = problems.curved
    payoff_fn, field_fn = problem.payoff_fn, problem.field_fn

    @jax.jit
    def update(field, state, z, step):
        key = jax.random.fold_in(jax.random.key(3), step)
        return tx.update(field, state, z, field_fn=field_fn, payoff_fn=payoff_fn, key=key)

    field_at, apply = jax.jit(field_fn), jax.jit(optax.apply_updates)
    z, state, trajectory = problem.start, tx.init(problem.start), []
    for step in range(num_steps):
        updates, state = update(field_at(z), state, z, step)
        z = apply(z, updates)
        trajectory.append(z)
    return trajectory, state


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: case.name)
@pytest.mark.parametrize("every", [1, 3])
def test_record_diagnostics_keeps_updates_bitwise_identical(case, every):
    plain, plain_state = steps(case.make(case.learning_rate))
    recorded, state = steps(
        mm.record_diagnostics(case.make(case.learning_rate), DIAGNOSTICS, every=every)
    )
    chex.assert_trees_all_equal(plain, recorded)
    chex.assert_trees_all_equal(plain_state, state.inner)
    assert bool(jnp.all(state.records["spectrum"].leading.value != 0))  # The diagnostic ran.


@pytest.mark.parametrize("every", [1, 3])
def test_record_diagnostics_in_scan_differs_by_rounding(every):
    plain, recorded = (
        run(tx) for tx in (mm.sgda(0.1), mm.record_diagnostics(mm.sgda(0.1), DIAGNOSTICS))
    )
    chex.assert_trees_all_equal(plain.records, recorded.records)
    plain = run(mm.adam_gda(0.1))
    recorded = run(mm.record_diagnostics(mm.adam_gda(0.1), DIAGNOSTICS, every=every))
    chex.assert_trees_all_close(plain.records, recorded.records, atol=1e-6)


def test_record_diagnostics_init_allocates_records():
    records = mm.record_diagnostics(mm.sgda(0.1), DIAGNOSTICS).init(problems.curved.start).records
    assert set(records) == set(DIAGNOSTICS)
    assert records["norms"] == mm.Players(0.0, 0.0)
    assert records["angle"].shape == (5,)
    assert records["spectrum"].leading.value.dtype == jnp.complex64
    assert all(bool(jnp.all(leaf == 0)) for leaf in jax.tree.leaves(records))


def test_record_diagnostics_records_the_update():
    diagnostics = {
        "field": lambda inputs: mm.diagnostics.player_norms(inputs.field),
        "step": lambda inputs: mm.diagnostics.player_norms(inputs.updates),
        "point": lambda inputs: mm.diagnostics.player_norms(inputs.params),
    }
    game = mm.games.bilinear()
    tx, z = (
        mm.record_diagnostics(mm.sgda(0.5), diagnostics),
        mm.Players(jnp.array(3.0), jnp.array(4.0)),
    )
    _, state = tx.update(game.field_fn(z), tx.init(z), z)
    wanted = {
        "field": mm.Players(4.0, 3.0),
        "step": mm.Players(2.0, 1.5),
        "point": mm.Players(3.0, 4.0),
    }
    chex.assert_trees_all_close(state.records, jax.tree.map(jnp.asarray, wanted), rtol=1e-6, atol=0)


def test_record_diagnostics_every_keeps_last_record():
    tx = mm.record_diagnostics(
        mm.sgda(0.1), {"count": lambda inputs: inputs.params.min["b"]}, every=3
    )
    seen = run(tx, 7, record=lambda step, z, u, state: (state.records["count"], z.min["b"])).records
    records, after = (np.asarray(x) for x in seen)
    np.testing.assert_array_equal(records[[0, 1, 2]], problems.curved.start.min["b"])
    np.testing.assert_array_equal(records[[3, 4, 5]], after[2])
    assert records[6] == after[5]


def test_record_diagnostics_keys_are_independent():
    def noise(inputs):
        return jax.random.normal(inputs.key)

    tx = mm.record_diagnostics(mm.sgda(0.1), {"one": noise, "other": noise})
    records = run(tx, 4, record=lambda step, z, u, state: state.records).records
    assert len({*records["one"].tolist(), *records["other"].tolist()}) == 8


def test_record_diagnostics_works_in_chains_and_on_any_tree():
    tx = optax.chain(
        mm.record_diagnostics(optax.sgd(0.1), {"max": lambda inputs: inputs.field["a"].max()}),
        optax.clip(1),
    )
    tree = {"a": jnp.arange(3.0)}
    _, state = tx.update(tree, tx.init(tree), tree)
    assert state[0].records["max"] == 2.0


def test_record_diagnostics_casts_to_the_dtype_of_init():
    tx = mm.record_diagnostics(
        mm.sgda(0.1), {"payoff": lambda inputs: inputs.payoff_fn(inputs.params)}
    )
    z = mm.Players(jnp.ones((), jnp.bfloat16), jnp.ones((), jnp.bfloat16))
    state = tx.update(z, tx.init(z), z, payoff_fn=lambda z, draw=0: jnp.float32(0.1))[1]
    assert state.records["payoff"].dtype == jnp.bfloat16


@pytest.mark.parametrize("name", ["field_fn", "payoff_fn", "key", "params"])
def test_record_diagnostics_names_missing_inputs(name):
    tx = mm.record_diagnostics(
        mm.sgda(0.1), {"mine": lambda inputs: (getattr(inputs, name), inputs.field)[1]}
    )
    z = mm.Players(jnp.ones(()), jnp.ones(()))
    with pytest.raises(
        ValueError,
        match=f"record_diagnostics: update needs {name}, which the diagnostic 'mine' uses",
    ):
        tx.update(z, tx.init(z))


def test_record_diagnostics_names_invalid_arguments():
    z = mm.Players(jnp.ones(()), jnp.ones(()))
    with pytest.raises(
        AttributeError, match="cannot access 'gradient'; available: field, updates, params"
    ):
        mm.record_diagnostics(mm.sgda(0.1), {"mine": lambda inputs: inputs.gradient}).init(z)
    with pytest.raises(TypeError, match="record_diagnostics: diagnostics must be a mapping"):
        mm.record_diagnostics(mm.sgda(0.1), [mm.diagnostics.norm_ratio])
    with pytest.raises(ValueError, match="record_diagnostics: every must be at least 1"):
        mm.record_diagnostics(mm.sgda(0.1), {}, every=0)
