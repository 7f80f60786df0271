"""Watching changes nothing, and records what it says."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from tests import problems
from tests.cases import CASES

EVERYTHING = {
    "norms": lambda seen: mm.diagnostics.player_norms(seen.updates),
    "pace": lambda seen: mm.diagnostics.norm_ratio(seen.field),
    "energy": lambda seen: mm.diagnostics.hamiltonian(seen.field),
    "angle": lambda seen: mm.diagnostics.path_angle(
        seen.field_fn, seen.params, problems.curved.solution, jnp.linspace(0, 2, 5)
    ),
    "spectrum": lambda seen: mm.diagnostics.jacobian_spectrum(
        seen.field_fn, seen.params, max_iterations=3
    ),
    "gap": lambda seen: mm.diagnostics.duality_gap(
        seen.payoff_fn, seen.params, field_fn=seen.field_fn, tx=mm.sgda(0.1), num_steps=2
    ),
    "noise": lambda seen: jax.random.normal(seen.key, (2,)),
}
WATCHED = [case for case in CASES if case.name in ("sgda", "adam_gda", "alternate", "nsgda layer")]


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
    """A trajectory by one compiled update after another."""
    problem = problems.curved
    payoff_fn, field_fn = problem.payoff_fn, problem.field_fn

    @jax.jit
    def update(field, state, z, step):
        key = jax.random.fold_in(jax.random.key(3), step)
        return tx.update(field, state, z, field_fn=field_fn, payoff_fn=payoff_fn, key=key)

    field_at, apply = jax.jit(field_fn), jax.jit(optax.apply_updates)
    z, state, seen = problem.start, tx.init(problem.start), []
    for step in range(num_steps):
        updates, state = update(field_at(z), state, z, step)
        z = apply(z, updates)
        seen.append(z)
    return seen, state


@pytest.mark.parametrize("case", WATCHED, ids=lambda case: case.name)
@pytest.mark.parametrize("every", [1, 3])
def test_trajectory_is_the_same_to_the_bit(case, every):
    plain, plain_state = steps(case.make(case.learning_rate))
    watched, state = steps(
        mm.record_diagnostics(case.make(case.learning_rate), EVERYTHING, every=every)
    )
    chex.assert_trees_all_equal(plain, watched)
    chex.assert_trees_all_equal(plain_state, state.inner)
    assert bool(jnp.all(state.records["spectrum"].leading.value != 0))  # it did watch


@pytest.mark.parametrize("every", [1, 3])
def test_trajectory_in_one_scan_is_the_same_but_for_multiply_adds(every):
    plain, watched = (
        run(tx) for tx in (mm.sgda(0.1), mm.record_diagnostics(mm.sgda(0.1), EVERYTHING))
    )
    chex.assert_trees_all_equal(plain.records, watched.records)
    plain = run(mm.adam_gda(0.1))
    watched = run(mm.record_diagnostics(mm.adam_gda(0.1), EVERYTHING, every=every))
    chex.assert_trees_all_close(plain.records, watched.records, atol=1e-6)


def test_slots_have_the_diagnostics_own_shapes_before_anything_is_run():
    records = mm.record_diagnostics(mm.sgda(0.1), EVERYTHING).init(problems.curved.start).records
    assert set(records) == set(EVERYTHING)
    assert records["norms"] == mm.Players(0.0, 0.0)
    assert records["angle"].shape == (5,)
    assert records["spectrum"].leading.value.dtype == jnp.complex64
    assert all(bool(jnp.all(leaf == 0)) for leaf in jax.tree.leaves(records))


def test_records_are_those_of_the_update():
    diagnostics = {
        "field": lambda seen: mm.diagnostics.player_norms(seen.field),
        "step": lambda seen: mm.diagnostics.player_norms(seen.updates),
        "point": lambda seen: mm.diagnostics.player_norms(seen.params),
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


def test_every_keeps_the_last_record_until_the_next():
    tx = mm.record_diagnostics(mm.sgda(0.1), {"count": lambda seen: seen.params.min["b"]}, every=3)
    seen = run(tx, 7, record=lambda step, z, u, state: (state.records["count"], z.min["b"])).records
    records, after = (np.asarray(x) for x in seen)
    np.testing.assert_array_equal(records[[0, 1, 2]], problems.curved.start.min["b"])
    np.testing.assert_array_equal(records[[3, 4, 5]], after[2])
    assert records[6] == after[5]


def test_each_diagnostic_has_randomness_of_its_own_every_time():
    def noise(seen):
        return jax.random.normal(seen.key)

    tx = mm.record_diagnostics(mm.sgda(0.1), {"one": noise, "other": noise})
    records = run(tx, 4, record=lambda step, z, u, state: state.records).records
    assert len({*records["one"].tolist(), *records["other"].tolist()}) == 8


def test_it_stands_inside_a_chain_and_around_any_tree():
    tx = optax.chain(
        mm.record_diagnostics(optax.sgd(0.1), {"max": lambda s: s.field["a"].max()}), optax.clip(1)
    )
    tree = {"a": jnp.arange(3.0)}
    _, state = tx.update(tree, tx.init(tree), tree)
    assert state[0].records["max"] == 2.0


def test_records_are_cast_to_their_slots():
    tx = mm.record_diagnostics(mm.sgda(0.1), {"payoff": lambda seen: seen.payoff_fn(seen.params)})
    z = mm.Players(jnp.ones((), jnp.bfloat16), jnp.ones((), jnp.bfloat16))
    state = tx.update(z, tx.init(z), z, payoff_fn=lambda z, draw=0: jnp.float32(0.1))[1]
    assert state.records["payoff"].dtype == jnp.bfloat16


@pytest.mark.parametrize("name", ["field_fn", "payoff_fn", "key", "params"])
def test_what_a_diagnostic_misses_is_named_with_it(name):
    tx = mm.record_diagnostics(
        mm.sgda(0.1), {"mine": lambda seen: (getattr(seen, name), seen.field)[1]}
    )
    z = mm.Players(jnp.ones(()), jnp.ones(()))
    with pytest.raises(
        ValueError,
        match=f"record_diagnostics: update needs {name}, which the diagnostic 'mine' uses",
    ):
        tx.update(z, tx.init(z))


def test_misspelt_sights_and_bad_arguments_are_refused():
    z = mm.Players(jnp.ones(()), jnp.ones(()))
    with pytest.raises(
        AttributeError, match="cannot access 'gradient'; available: field, updates, params"
    ):
        mm.record_diagnostics(mm.sgda(0.1), {"mine": lambda seen: seen.gradient}).init(z)
    with pytest.raises(TypeError, match="record_diagnostics: diagnostics must be a mapping"):
        mm.record_diagnostics(mm.sgda(0.1), [mm.diagnostics.norm_ratio])
    with pytest.raises(ValueError, match="record_diagnostics: every must be at least 1"):
        mm.record_diagnostics(mm.sgda(0.1), {}, every=0)
