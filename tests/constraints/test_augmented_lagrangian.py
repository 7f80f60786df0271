"""The augmented Lagrangian: formula, method of multipliers, growing penalties."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm

E = jnp.array([[1.0, 0.5, 0.0], [0.0, -1.0, 1.0]])
D = jnp.array([1.0, -2.0])


def equality(x):
    return jnp.sum(E.astype(x.dtype) * x, 1) - D.astype(x.dtype)


min_norm = mm.constrained(lambda x: 0.5 * jnp.sum(x**2), equality=equality)


def identity_steps():
    """Returns a transformation that passes its updates on, and the payoff in its state."""

    def update(updates, state, params, *, payoff_fn, min_loss_fn, field_fn, **extra):
        return updates, (payoff_fn(params), min_loss_fn(params, 0), field_fn(params, 0))

    return optax.GradientTransformationExtraArgs(lambda params: (), update)


@pytest.mark.parametrize("c", [0.0, 0.3, 2.0])
def test_field_and_payoff_equal_the_textbook_formula(c):
    def g(x):
        return {"a": jnp.stack([x[0] * x[1], -x[2], x[0] - 4])}

    problem = mm.constrained(lambda x: jnp.sum(jnp.sin(x)), g, equality)
    x, y = jnp.array([0.5, 1.5, 2.0]), mm.Multipliers({"a": jnp.array([0.3, 0.1, 0.0])}, 0.5 * D)

    def textbook(x):
        quadratic = y.equality @ equality(x) + c / 2 * jnp.sum(equality(x) ** 2)
        if c == 0:
            return jnp.sum(jnp.sin(x)) + quadratic + y.inequality["a"] @ g(x)["a"]
        shifted = jnp.maximum(y.inequality["a"] + c * g(x)["a"], 0)
        part = jnp.sum(shifted**2 - y.inequality["a"] ** 2) / (2 * c)
        return jnp.sum(jnp.sin(x)) + quadratic + part

    tx = mm.augment_lagrangian(identity_steps(), c)
    field_fn, payoff_fn = problem.field_fn, problem.payoff_fn

    @jax.jit
    def both(x, y):
        z = mm.Players(x, y)
        updates, state = tx.update(
            field_fn(z), tx.init(z), z, field_fn=field_fn, payoff_fn=payoff_fn
        )
        expected = jax.value_and_grad(textbook)(x)
        return updates, state.inner, field_fn(z).max, expected

    with jax.enable_x64(True):
        x, y = jax.tree.map(lambda leaf: np.asarray(leaf, float), (x, y))
        updates, inner, field, (value, gradient) = jax.tree.map(np.asarray, both(x, y))
    np.testing.assert_allclose(updates.min, gradient, atol=1e-14)
    np.testing.assert_allclose(inner[:2], [value] * 2, atol=1e-14)
    chex.assert_trees_all_equal(updates.max, field)
    chex.assert_trees_all_close(inner[2], updates, atol=1e-14)


def test_method_of_multipliers_has_closed_form_error():
    c = 1.7
    with jax.enable_x64(True):
        e = jnp.asarray(E, float)
        # The augmented Lagrangian is quadratic, so one Newton step is its exact minimization.
        hessian = jnp.eye(3) + c * e.T @ e
        newton = optax.stateless(lambda u, params: -jnp.linalg.solve(hessian, u))
        inner = mm.alternate(min=newton, max=optax.sgd(c), first="min")
        tx = mm.augment_lagrangian(inner, c, growth=1.0)
        solution = -jnp.linalg.solve(e @ e.T, jnp.asarray(D, float))

        @jax.jit
        def errors():
            start = min_norm.init(jnp.ones(3, float))
            record = lambda step, z, u, s: z.max.equality - solution  # noqa: E731
            seen = mm.solve(tx, min_norm.field_fn, start, 6, record=record).records
            return jnp.concatenate([-solution[None], seen])

        seen = errors()
        expected = np.linalg.solve(np.eye(2) + c * e @ e.T, np.asarray(seen[:-1]).T).T
        np.testing.assert_allclose(seen[1:], expected, atol=1e-15)


def test_quadratic_penalty_misses_by_closed_form():
    c = 5.0
    tx = mm.augment_lagrangian(mm.sgda(mm.Players(0.05, 0.0)), c, growth=1.0)
    run = jax.jit(lambda z: mm.solve(tx, min_norm.field_fn, z, 600).players)
    x, _ = run(min_norm.init(jnp.zeros(3)))
    expected = E.T @ jnp.linalg.solve(E @ E.T + jnp.eye(2) / c, D)
    np.testing.assert_allclose(x, expected, atol=1e-5)
    # The distance from the solution is of the order 1/c.
    assert 0.1 / c < float(jnp.abs(expected - E.T @ jnp.linalg.solve(E @ E.T, D)).max()) < 2 / c


def test_violated_constraints_add_increments_to_penalties():
    problem = mm.constrained(lambda x: 0.0 * x, lambda x: x - 1, lambda x: x)

    @jax.jit
    def penalties(growth, increment):
        start = mm.Multipliers(0.0, 4.0)
        still = optax.stateless(lambda u, p: optax.tree.zeros_like(u))
        options = {"growth": growth, "increment": increment, "max_penalty": 9.0}
        tx = mm.augment_lagrangian(still, start, **options)
        z = problem.init(0.0)
        state = tx.init(z)
        seen = [state.penalty]
        for x in (2.0, 2.0, 2.0, 0.0):
            z = z._replace(min=jnp.asarray(x))
            _, state = tx.update(problem.field_fn(z), state, z, field_fn=problem.field_fn)
            seen.append(state.penalty)
        return seen

    seen = penalties(1.0, 1.5)
    # The inequality restarts at zero, and the equality x = 0 holds in the last update.
    np.testing.assert_array_equal([p.inequality for p in seen], [0, 1.5, 3, 4.5, 0])
    np.testing.assert_array_equal([p.equality for p in seen], [4, 5.5, 7, 8.5, 8.5])
    seen = penalties(2.0, 1.0)  # c ← 2c + 1
    np.testing.assert_array_equal([p.inequality for p in seen], [0, 1, 3, 7, 0])
    np.testing.assert_array_equal([p.equality for p in seen], [4, 9, 9, 9, 9])


@pytest.mark.parametrize("grow", ["after", "before"])
def test_penalty_grows_where_constraints_are_violated(grow):
    def g(x):
        return jnp.stack([x - 1, 1 - x, x - 5])

    problem = mm.constrained(lambda x: 0.0 * x, g, lambda x: x)
    moves = jnp.array([1.0, -2.0, 0.0])  # x is 2, 3, 1, 1.
    tx = mm.augment_lagrangian(
        optax.stateless(lambda u, p: optax.tree.zeros_like(u)),
        mm.Multipliers(2.0, 4.0),
        growth=3.0,
        tolerance=0.5,
        max_penalty=30.0,
        grow=grow,
    )
    field_fn = problem.field_fn

    @jax.jit
    def penalties():
        z = problem.init(2.0)
        state = tx.init(z)
        seen = [state.penalty]
        for move in (*moves, 0.0):
            _, state = tx.update(field_fn(z), state, z, field_fn=field_fn)
            seen.append(state.penalty)
            z = z._replace(min=z.min + move)
        return seen

    seen = penalties()
    # A satisfied inequality restarts.
    inequality = [[2, 2, 2], [6, 2, 2], [18, 2, 2], [2, 2, 2], [2, 2, 2]]
    equality = [4, 12, 30, 30, 30]
    if grow == "before":  # The first update uses the initial penalty.
        inequality = [[2, 2, 2], [2, 2, 2], [6, 2, 2], [2, 2, 2], [2, 2, 2]]
        equality = [4, 4, 12, 30, 30]
    np.testing.assert_array_equal([p.inequality for p in seen], inequality)
    np.testing.assert_array_equal([p.equality for p in seen], equality)


def test_penalty_of_satisfied_inequality_stays_without_restart():
    problem = mm.constrained(lambda x: x**2, lambda x: x)
    tx = mm.augment_lagrangian(mm.sgda(0.0), 1.0, growth=2.0, restart=False)

    @jax.jit
    def last():
        z = problem.init(1.0)
        state = tx.init(z)
        for x in (1.0, -1.0):
            z = z._replace(min=jnp.array(x))
            _, state = tx.update(problem.field_fn(z), state, z, field_fn=problem.field_fn)
        return state.penalty.inequality

    assert last() == 2.0


def test_penalty_of_bfloat16_multipliers_grows_slowly():
    problem = mm.constrained(lambda x: x**2, equality=lambda x: x)
    tx = mm.augment_lagrangian(mm.sgda(0.0), 1.0, growth=1.001)
    z = problem.init(jnp.bfloat16(1.0))
    state = jax.jit(lambda z: mm.solve(tx, problem.field_fn, z, 100).state)(z)
    np.testing.assert_allclose(state.penalty.equality, 1.001**100, rtol=1e-5)


def test_fixed_learning_rate_is_stable_up_to_exact_penalty():
    # With one constraint x = 0, x is multiplied by 1 − η (1 + c) per update.
    problem = mm.constrained(lambda x: 0.5 * x**2, equality=lambda x: x)
    for c, stable in ((2.9, True), (3.1, False)):
        tx = mm.augment_lagrangian(mm.sgda(mm.Players(0.5, 0.0)), c, growth=1.0)
        end = mm.solve(tx, problem.field_fn, problem.init(1.0), 200).players.min
        np.testing.assert_allclose(end, (1 - 0.5 * (1 + c)) ** 200, rtol=1e-2)
        assert (abs(end) < 1) == stable


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"penalty": -1.0}, "penalty must be at least 0"),
        ({"penalty": mm.Multipliers(1.0, -1.0)}, "penalty must be at least 0"),
        ({"growth": 0.9}, "growth must be at least 1"),
        ({"increment": -1.0}, "increment must be at least 0"),
        ({"tolerance": float("nan")}, "tolerance must be a finite number"),
        (
            {"penalty": mm.Multipliers(None, 2.0), "max_penalty": 1.0},
            "max_penalty must be at least the initial penalty 2, got 1. Pass a larger bound",
        ),
        ({"grow": "now"}, "grow must be 'after' or 'before'"),
        ({"restart": 1.0}, "restart must be True or False"),
    ],
)
def test_augment_lagrangian_names_invalid_arguments(options, message):
    with pytest.raises(ValueError, match=f"^augment_lagrangian: {message}"):
        mm.augment_lagrangian(mm.sgda(0.1), **options)
