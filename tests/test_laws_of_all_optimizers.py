"""Mathematical laws that every algorithm of the register must satisfy."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.custom_derivatives import linear_call

import minmax_jax as mm
from tests.cases import CASES, Case
from tests.rows import distance, each_case, one_update, row, run


@pytest.mark.parametrize(
    ("case", "claim"),
    [row(case, claim, suffix=f"-{i}") for case in CASES for i, claim in enumerate(case.solves)],
)
def test_optimizer_reaches_claimed_solutions(case: Case, claim):
    players = run(claim.make(), claim.problem, claim.steps).players
    assert distance(players, claim.problem.solution) < claim.tolerance


@each_case
def test_optimizer_stays_where_field_is_zero(case: Case):
    if case.drift is not None:
        pytest.skip(case.drift)
    problem = case.games.quadratic._replace(start=case.games.quadratic.solution)
    chex.assert_trees_all_equal(
        run(case.make(case.learning_rate), problem, 5).players, case.games.quadratic.solution
    )


@each_case
def test_mirrored_game_gives_mirrored_trajectory(case: Case):
    if isinstance(case.mirror, str):
        pytest.skip(case.mirror)

    def trajectory(optimizer, problem):
        return run(optimizer, problem, 20, record=lambda step, z, u, s: z).records

    points = trajectory(case.make(case.learning_rate), case.games.curved)
    mirrored = trajectory(case.mirror(case.learning_rate), case.games.curved.mirrored())
    chex.assert_trees_all_close(
        points, mm.Players(mirrored.max, mirrored.min), atol=1e-5, rtol=1e-5
    )
    start = jax.tree.map(lambda x: jnp.broadcast_to(x, (20, *x.shape)), case.games.curved.start)
    assert distance(points, start) > 1e-3


@each_case
def test_schedule_counts_updates(case: Case):
    if case.schedule is not None:
        pytest.skip(case.schedule)

    def only_third(count):
        return jnp.where(count == 2, 0.1, 0.0)

    optimizer = case.make(only_third)
    steps = run(optimizer, case.games.quadratic, 5, record=lambda step, z, u, s: u).records
    moved = [any(bool(jnp.any(leaf[i] != 0)) for leaf in jax.tree.leaves(steps)) for i in range(5)]
    assert moved == [False, False, True, False, False]


@each_case
def test_players_of_learning_rates_apply_per_player(case: Case):
    def first_step(learning_rate):
        optimizer, problem = case.make(learning_rate), case.games.quadratic
        return jax.jit(lambda z: one_update(optimizer, problem, z, optimizer.init(z))[0])(
            problem.start
        )

    slow, mixed = first_step(0.0), first_step(mm.Players(min=lambda count: 0.1, max=0.0))
    resting = slow if case.couples else (slow, mixed.max)
    assert all(bool(jnp.all(leaf == 0)) for leaf in jax.tree.leaves(resting))
    assert any(bool(jnp.any(leaf != 0)) for leaf in jax.tree.leaves(mixed.min))


def counting(field_fn, counts):
    """Wraps a field so that `counts` counts the executed calls.

    `pure_callback` has no side effects, so XLA removes it together with dead code.
    """

    def counted(kind, x):
        def add(value):
            counts[kind] += 1
            return np.asarray(value)

        return jax.pure_callback(add, jax.ShapeDtypeStruct(x.shape, x.dtype), x)

    @jax.custom_jvp
    def mark(x):
        return counted("field", x)

    @mark.defjvp
    def _(primals, tangents):
        (x,), (t,) = primals, tangents
        return mark(x), linear_call(
            lambda _, u: counted("jvp", u), lambda _, c: counted("vjp", c), (), t
        )

    def at(players, draw=0):
        flat, restore = jax.flatten_util.ravel_pytree(players)
        return field_fn(restore(mark(flat)), draw)

    return at


@each_case
def test_cost_matches_row(case: Case):
    counts = {"field": 0, "jvp": 0, "vjp": 0}
    optimizer, problem = case.make(case.learning_rate), case.games.curved
    field_fn = counting(problem.field_fn, counts)

    @jax.jit
    def step(z, state):
        extra = {"payoff_fn": problem.payoff_fn, "key": jax.random.key(3)}
        return optimizer.update(field_fn(z), state, z, field_fn=field_fn, **extra)

    z, state = problem.start, optimizer.init(problem.start)
    updates, state = jax.block_until_ready(step(z, state))
    z = optax.apply_updates(z, updates)
    for kind in counts:
        counts[kind] = 0  # Count the second update, because the first may be special.
    jax.block_until_ready(step(z, state))
    for kind, count in counts.items():
        cost = getattr(case.cost, kind)
        low, high = cost if isinstance(cost, tuple) else (cost, cost)
        assert low <= count <= high, f"{kind}: {count} calls executed, the row says {cost}"
