"""Constrained problems: exact solutions, stability limits, surrogates and devices."""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.flatten_util import ravel_pytree

import minmax_jax as mm
from benchmarks.constrained_problems import PROBLEMS
from tests.devices import first_devices


def made(exact):
    """Returns a problem with an exact solution as a `ConstrainedProblem`."""
    bound = [
        None if function is None else functools.partial(function, jnp)
        for function in (exact.objective, exact.inequality, exact.equality)
    ]
    return mm.constrained(*bound)


@pytest.mark.parametrize("name", PROBLEMS)
def test_constrained_reaches_exact_solutions(name):
    exact = PROBLEMS[name]()
    problem = made(exact)
    rates = mm.Players(*exact.learning_rates)
    optimizer = mm.extragradient(rates, projection=problem.projection)
    with jax.enable_x64(True):
        start = problem.init(jnp.asarray(exact.start))
        run = jax.jit(lambda z: mm.solve(optimizer, problem.field_fn, z, 4000).players)
        x, multipliers = run(start)
        amounts = jax.tree.map(np.asarray, problem.violation(x))
        field = jax.tree.map(np.asarray, problem.field_fn(start))
        gradient = jax.grad(lambda x: exact.objective(jnp, x))(start.min)
    np.testing.assert_allclose(x, exact.solution, atol=1e-9)
    expected = (exact.inequality_multipliers, exact.equality_multipliers)
    for side, solution in zip(multipliers, expected, strict=True):
        assert (side is None) == (solution is None)
        if side is not None:
            np.testing.assert_allclose(side, solution, atol=1e-8)
    assert max(v.max() for v in jax.tree.leaves(amounts)) < 1e-9
    # All multipliers start at zero, so the field is the gradient and minus the constraints.
    np.testing.assert_array_equal(field.min, gradient)


E = jnp.array([[1.0, 2.0, 0.0], [0.5, -1.0, 1.0]])
min_norm = mm.constrained(
    lambda x: 0.5 * jnp.sum(x**2), equality=lambda x: jnp.sum(E.astype(x.dtype) * x, 1) - 1
)
SIGMA = float(np.linalg.svd(np.asarray(E, float), compute_uv=False)[0])


def radius(optimizer):
    """Returns the spectral radius of the linear map of one update of `min_norm`."""
    with jax.enable_x64(True):
        flat, restore = ravel_pytree(min_norm.init(jnp.zeros(3)))

        def update(flat):
            z = restore(flat)
            field_fn = min_norm.field_fn
            steps, _ = optimizer.update(field_fn(z), optimizer.init(z), z, field_fn=field_fn)
            return ravel_pytree(optax.apply_updates(z, steps))[0]

        jacobian = np.asarray(jax.jit(jax.jacfwd(update))(flat))
    # The third coordinate of x outside of the constraints has the factor 1 − η < 1.
    return np.abs(np.linalg.eigvals(jacobian)).max()


def test_simultaneous_updates_are_stable_up_to_exact_limit():
    radii = [radius(mm.sgda(mm.Players(0.9, b / SIGMA**2))) for b in (0.99, 1.01)]
    assert radii[0] < 1 < radii[1]


@pytest.mark.parametrize("first", ["min", "max"])
def test_alternating_updates_are_stable_up_to_exact_limit(first):
    def alternating(dual):
        return mm.alternate(min=optax.sgd(1.2), max=optax.sgd(dual / SIGMA**2), first=first)

    limit = 2 * (2 / 1.2 - 1)  # η_x (1 + η_μ σ² / 2) < 2; simultaneous updates need η_μ σ² < 1.
    assert limit > 1.3
    assert radius(alternating(0.99 * limit)) < 1 < radius(alternating(1.01 * limit))


def test_projection_changes_only_multipliers_of_inequalities():
    problem = mm.constrained(lambda x: x**2, lambda x: {"a": x - 1}, lambda x: x + 1)
    values = mm.Multipliers({"a": jnp.array(-2.0)}, jnp.array(-3.0))
    players = mm.Players(jnp.array(-1.0), values)
    kept = mm.Multipliers({"a": jnp.array(0.0)}, jnp.array(-3.0))
    chex.assert_trees_all_equal(problem.projection(players), mm.Players(players.min, kept))
    chex.assert_trees_all_equal(problem.projection(values), kept)
    assert problem.projection(players.min) is players.min
    # Parameters without a constraint take the same steps as without a projection.
    z = problem.init(0.1)
    optimizers = mm.sgda(0.3), mm.sgda(0.3, projection=problem.projection)
    steps = [tx.update(mm.Players(0.7, z.max), tx.init(z), z)[0].min for tx in optimizers]
    assert steps[0] == steps[1]
    raw = problem.constraints(3.0)
    assert (float(raw.inequality["a"]), float(raw.equality)) == (2.0, 4.0)
    amount = problem.violation(-3.0)
    assert (float(amount.inequality["a"]), float(amount.equality)) == (0.0, 2.0)


def test_proxy_gives_true_values_and_surrogate_derivatives():
    proxy = mm.Proxy(true=lambda x: jnp.sum(x > 0), surrogate=lambda x: jnp.sum(x**3))
    problem = mm.constrained(lambda x: jnp.sum(x), inequality=proxy)
    assert problem.field_fn.general_sum and not min_norm.field_fn.general_sum
    x = jnp.array([1.0, -2.0, 3.0])
    z = problem.init(x)._replace(max=mm.Multipliers(jnp.array(0.5)))
    field = problem.field_fn(z)
    np.testing.assert_allclose(field.min, 1 + 0.5 * 3 * x**2)
    assert field.max.inequality == -2.0  # The number of positive elements.
    assert problem.payoff_fn(z) == 2.0 + 0.5 * 2.0
    assert problem.violation(x).inequality == 2.0
    # The Jacobian of the field uses the surrogate in both directions.
    tangent = mm.Players(jnp.ones(3), mm.Multipliers(jnp.array(1.0)))
    _, jvp = jax.jvp(problem.field_fn, (z,), (tangent,))
    np.testing.assert_allclose(jvp.min, 0.5 * 6 * x + 3 * x**2)
    np.testing.assert_allclose(jvp.max.inequality, -3 * jnp.sum(x**2))


def test_stochastic_problem_with_aux_receives_draws():
    def objective(x, draw):
        return x**2 + draw, {"draw": draw}

    problem = mm.constrained(objective, lambda x, draw: x - draw, stochastic=True, has_aux=True)
    z = problem.init(2.0, 1.0)
    field, aux = problem.field_fn(z, 3.0)
    assert (float(field.min), float(field.max.inequality), aux["draw"]) == (4.0, 1.0, 3.0)
    value, aux = problem.payoff_fn(z, 3.0)
    assert (float(value), aux["draw"]) == (7.0, 3.0)
    assert float(problem.violation(2.0, 0.5).inequality) == 1.5


def test_constrained_runs_under_vmap_with_adam():
    optimizer = mm.alternate(
        min=optax.adam(0.03, b1=0.0),
        max=optax.chain(mm.scale_by_pi(1.0), optax.sgd(0.1)),
        first="min",
    )

    def final(x):
        return mm.solve(optimizer, min_norm.field_fn, min_norm.init(x), 600).players.min

    ends = jax.jit(jax.vmap(final))(jnp.array([[1.0, 0.0, -1.0], [0.0, 2.0, 1.0]]))
    solution = E.T @ jnp.linalg.solve(E @ E.T, jnp.ones(2))
    np.testing.assert_allclose(ends, jnp.stack([solution] * 2), atol=1e-3)


def test_constrained_averages_over_devices():
    data = jax.random.normal(jax.random.key(0), (4, 3))
    z = mm.Players(
        jnp.array([0.3, -0.2, 0.5]), mm.Multipliers(jnp.array(0.4), jnp.array([0.2, 0.1, -0.3]))
    )
    tx = mm.augment_lagrangian(mm.extragradient(0.1), 0.7)

    def step(rows, axis_name=None):
        problem = mm.constrained(
            lambda x: jnp.mean(jnp.sum((x - rows) ** 2, -1)),
            lambda x: jnp.mean(jnp.sum(jnp.sin(x * rows), -1)),
            lambda x: jnp.mean(jnp.tanh(x + rows), 0),
            axis_name=axis_name,
        )
        field_fn = problem.field_fn
        updates, _ = tx.update(field_fn(z), tx.init(z), z, field_fn=field_fn)
        _, pullback = jax.vjp(lambda z: field_fn(z), z)
        return updates, pullback(updates)[0], problem.violation(z.min)

    whole = jax.jit(step)(data)
    mapped = jax.pmap(lambda rows: step(rows, "i"), "i", devices=first_devices(4))(data[:, None])
    for replica in (0, 3):
        found = jax.tree.map(lambda x, i=replica: x[i], mapped)
        chex.assert_trees_all_close(found, whole, atol=1e-6)


@pytest.mark.parametrize("backend", mm.parallel.BACKENDS)
def test_stochastic_run_on_devices_equals_one_device(backend):
    # Two samples of a batch, one per sample index, whose rows are split over four devices.
    data = jax.random.normal(jax.random.key(0), (2, 8, 3))

    def run(rows, axis_name=None):
        missed = mm.Proxy(
            true=lambda x, draw: jnp.mean(rows[draw] @ x > 0.5) - 0.3,
            surrogate=lambda x, draw: jnp.mean(jax.nn.relu(rows[draw] @ x + 0.5)) - 0.3,
        )
        problem = mm.constrained(
            lambda x, draw: jnp.mean(jnp.sum((x - rows[draw]) ** 2, -1)),
            lambda x, draw: jnp.mean(jnp.sin(rows[draw] @ x)),
            missed,
            stochastic=True,
            axis_name=axis_name,
        )
        controller = optax.chain(
            mm.scale_by_pi(1.0), optax.sgd(0.1), mm.project(problem.projection)
        )
        base = mm.extrapolate(mm.per_player(min=optax.sgd(0.1), max=controller))
        tx = mm.augment_lagrangian(base, 0.5, growth=1.1)
        start = problem.init(jnp.array([0.3, -0.2, 0.5]))
        end = mm.solve(tx, problem.field_fn, start, 3)
        return end.players, end.state.penalty, problem.violation(end.players.min, 1)

    whole = jax.jit(run)(data)
    axis = mm.parallel.AXIS
    step = mm.parallel.map_step(lambda r: run(r, axis), first_devices(4), backend=backend)
    mapped = step(jnp.stack(jnp.split(data, 4, axis=1)))
    for replica in range(4):
        found = jax.tree.map(lambda x, i=replica: x[i], mapped)
        chex.assert_trees_all_close(found, whole, atol=1e-6)
    assert float(whole[1].equality) > 0.5  # The penalty of the violated equality has grown.


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: mm.constrained(abs), ValueError, "inequality or equality must be a function"),
        (lambda: mm.constrained(1.0, abs), TypeError, "objective must be callable, got 1.0"),
        (
            lambda: mm.constrained(abs, abs, stochastic=True),
            TypeError,
            r"objective must take \(x, draw\).* Pass stochastic=False",
        ),
        (
            lambda: mm.constrained(abs, mm.Proxy(abs, None)),
            TypeError,
            "inequality.surrogate must be callable",
        ),
        (
            lambda: mm.constrained(abs, equality=lambda x: x > 0).init(0.0),
            TypeError,
            r"equality\(x\) is a comparison .* such as x - 1 for x = 1. Return the difference",
        ),
        (
            lambda: mm.constrained(abs, abs).field_fn(mm.Players(1.0, 1.0)),
            ValueError,
            r"players.max and the constraints .* Call problem.init\(x\)",
        ),
        (
            lambda: mm.constrained(abs, abs).field_fn(
                mm.Players(1.0, mm.Multipliers(None, jnp.array(1.0)))
            ),
            ValueError,
            r"players.max and the constraints .* players.max.inequality is None and the "
            r"constraints.inequality is not. Call problem.init\(x\)",
        ),
        (
            lambda: mm.constrained(abs, equality=lambda x: None).init(0.0),
            ValueError,
            r"equality\(x\) must be a pytree of float arrays, got None. Return the constraint",
        ),
        (
            lambda: mm.constrained(abs, lambda x: {}, lambda x: ()).init(0.0),
            ValueError,
            "the constraints must have at least one value",
        ),
        (lambda: mm.constrained(abs, abs).init(1), TypeError, "x has dtype int32"),
        (
            lambda: mm.constrained(lambda x: (x, 1.0), abs).payoff_fn(
                mm.Players(1.0, mm.Multipliers(1.0))
            ),
            TypeError,
            "objective must return a scalar, got a tuple. Pass has_aux=True",
        ),
    ],
)
def test_constrained_names_invalid_arguments(call, error, message):
    with pytest.raises(error, match=f"^constrained: {message}"):
        call()


def test_constrained_accepts_empty_tree_beside_constraints():
    problem = mm.constrained(lambda x: x**2, lambda x: {}, lambda x: (x - 1, {}))
    inner = mm.extragradient(0.1, projection=problem.projection)
    optimizer = mm.augment_lagrangian(inner, growth=1.0)
    options = {"tolerance": 1e-4, "residual": mm.diagnostics.kkt_residual}
    result = mm.solve(optimizer, problem.field_fn, problem.init(0.0), 500, **options)
    assert result.converged and result.players.max.inequality == {}
    np.testing.assert_allclose(result.players.max.equality[0], -2.0, atol=1e-3)


def test_stochastic_constraint_without_key_is_explained():
    problem = mm.constrained(
        lambda x, key: x**2, equality=lambda x, key: x * jax.random.normal(key), stochastic=True
    )
    with pytest.raises(TypeError, match=r"^constrained: equality needs a PRNG key"):
        problem.init(0.0)
    problem.init(0.0, jax.random.key(0))
