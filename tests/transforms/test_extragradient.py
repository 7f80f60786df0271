"""Extragradient: exact convergence rates, special cases and constraints."""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy.optimize import linprog

import minmax_jax as mm
from tests import problems

simplex = optax.projections.projection_simplex


def trajectory(optimizer, problem, num_steps):
    def run(start):
        return mm.solve(
            optimizer, problem.field_fn, start, num_steps, record=lambda step, z, u, s: z
        ).records

    return jax.jit(run)(problem.start)


@pytest.mark.parametrize("learning_rate", [0.1, 0.5, 1 / np.sqrt(2), 0.9])
def test_extragradient_squared_norm_shrinks_at_closed_form_rate(learning_rate, strict_promotion):
    with jax.enable_x64(True):
        squares = np.abs(problems.orbit(mm.extragradient(learning_rate), 30)) ** 2
        grown = np.abs(problems.orbit(mm.sgda(learning_rate), 30)) ** 2
    np.testing.assert_allclose(
        squares[1:] / squares[:-1], 1 - learning_rate**2 + learning_rate**4, rtol=1e-12
    )
    np.testing.assert_allclose(grown[1:] / grown[:-1], 1 + learning_rate**2, rtol=1e-12)


def test_extragradient_two_step_sizes_have_closed_form(strict_promotion):
    with jax.enable_x64(True):
        seen = problems.orbit(mm.extragradient(0.2, extrapolation_learning_rate=0.7), 30)
    factor = 1 + 1j * 0.2 * (1 + 1j * 0.7)
    np.testing.assert_allclose(seen, seen[0] * factor ** np.arange(31), rtol=1e-12)


def test_extragradient_without_extrapolation_is_sgda(strict_promotion):
    seen = trajectory(mm.extragradient(0.1, extrapolation_learning_rate=0.0), problems.curved, 20)
    chex.assert_trees_all_equal(seen, trajectory(mm.sgda(0.1), problems.curved, 20))
    still = optax.set_to_zero()
    seen = trajectory(mm.extrapolate(optax.sgd(0.1, 0.9), still), problems.curved, 20)
    base = trajectory(mm.sgda(0.1, momentum=0.9), problems.curved, 20)
    chex.assert_trees_all_close(seen, base, rtol=1e-6)


def test_extragradient_equals_extrapolate_of_sgd():
    named = trajectory(mm.extragradient(0.1), problems.curved, 20)
    composed = trajectory(mm.extrapolate(optax.sgd(0.1)), problems.curved, 20)
    chex.assert_trees_all_close(named, composed, rtol=1e-6)


def published_adam(fields, b1, b2, eps, correction, amsgrad):
    """Returns Adam's step after the given gradients."""
    m = v = largest = 0.0
    steps = []
    for t, g in enumerate(fields, start=1):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        c = 1 - b2**t
        if correction == "last":
            largest = max(largest, v) if amsgrad else v
            root = (np.sqrt(largest) + eps) / np.sqrt(c)
        else:
            largest = max(largest, v / c) if amsgrad else v / c
            root = np.sqrt(largest) + eps
        steps.append(m / (1 - b1**t) / root)
    return steps


@pytest.mark.parametrize("moments", ["twice", "once"])
@pytest.mark.parametrize("correction", ["first", "last"])
@pytest.mark.parametrize("factory", [mm.extra_adam, mm.extra_amsgrad])
def test_extra_adam_three_updates_by_hand(factory, moments, correction):
    options = {"b1": 0.5, "b2": 0.9, "eps": 0.05}
    amsgrad = factory is mm.extra_amsgrad
    z, past = 1.0 + 0.5j, []

    def step(past):  # Both players are symmetric, and each uses its own half of the field.
        hand = functools.partial(published_adam, correction=correction, amsgrad=amsgrad, **options)
        return hand([f.real for f in past])[-1] + 1j * hand([f.imag for f in past])[-1]

    expected = [z]
    for _ in range(3):
        trial = [*past, -1j * z]
        there = z - 0.1 * step(trial)
        past = [*(trial if moments == "twice" else past), -1j * there]
        z = z - 0.1 * step(past)
        expected.append(z)
    optimizer = factory(0.1, moments=moments, correction=correction, **options)
    with jax.enable_x64(True):
        seen = problems.orbit(optimizer, 3)
    np.testing.assert_allclose(seen, expected, rtol=1e-6)  # Optax corrects the bias in float32.


def test_extrapolate_transform_receives_point_of_each_field():
    def decayed(z):
        return (
            problems.curved.payoff(z)
            + 0.1 * problems._square(z.min) / 2
            - (0.1 * problems._square(z.max) / 2)
        )

    inside = problems.curved._replace(payoff=decayed)
    decay = optax.add_decayed_weights(0.1)
    for make in (mm.extragradient, mm.past_extragradient, mm.extra_anchored_gradient):
        chex.assert_trees_all_close(
            trajectory(make(0.1, transform=decay), problems.curved, 20),
            trajectory(make(0.1), inside, 20),
            rtol=1e-5,
            atol=1e-6,
        )


MATRIX = np.random.default_rng(3).normal(size=(4, 5))


def matrix_game():
    """Returns the game x'Ay on two simplices, and its value by linear programming."""
    # Minimize v such that A'x ≤ v and x is in the simplex.
    m, n = MATRIX.shape
    found = linprog(
        np.append(np.zeros(m), 1.0),
        A_ub=np.hstack([MATRIX.T, -np.ones((n, 1))]),
        b_ub=np.zeros(n),
        A_eq=np.append(np.ones(m), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0, None)] * m + [(None, None)],
    )
    problem = problems.Problem(
        lambda z: z.min @ jnp.asarray(MATRIX, z.min.dtype) @ z.max,
        mm.Players(jnp.ones(m) / m, jnp.ones(n) / n),
        None,
    )
    return problem, found.fun


def gap(z):
    return np.max(np.asarray(z.min) @ MATRIX) - np.min(MATRIX @ np.asarray(z.max))


@pytest.mark.parametrize("make", [mm.extragradient, mm.past_extragradient, mm.optimistic_gda])
def test_projected_extragradient_finds_value_of_matrix_game(make):
    with jax.enable_x64(True):
        problem, value = matrix_game()
        tx = make(0.4 / np.linalg.norm(MATRIX, 2), projection=simplex)
        z = jax.jit(lambda start: mm.solve(tx, problem.field_fn, start, 6000).players)(
            problem.start
        )
        assert gap(z) < 1e-9
        np.testing.assert_allclose(np.asarray(z.min) @ MATRIX @ np.asarray(z.max), value, atol=1e-9)


@pytest.mark.parametrize(
    "make",
    [
        lambda: mm.extragradient(2.0, projection=simplex),
        lambda: mm.extrapolate(optax.chain(optax.sgd(2.0), mm.project(simplex))),
        lambda: mm.past_extragradient(2.0, projection=simplex),
    ],
)
def test_projected_extragradient_lookahead_is_feasible(make):
    problem, _ = matrix_game()
    tx, z = make(), problem.start

    @jax.jit
    def step(z, state):
        asked = {}

        def field_fn(z, draw=0):
            assert draw not in asked
            asked[draw] = z
            return problem.field_fn(z, draw)

        updates, state = tx.update(field_fn(z), state, z, field_fn=field_fn)
        return optax.apply_updates(z, updates), state, asked

    state = tx.init(z)
    for _ in range(5):
        z, state, asked = step(z, state)
        assert set(asked) == {0, 1}
        for player in (*asked[0], *asked[1]):
            np.testing.assert_allclose(np.sum(player), 1.0, rtol=1e-6)
            assert np.all(np.asarray(player) >= 0)


def test_average_of_lookahead_points_satisfies_its_bound():
    # For η ≤ 1/L, the duality gap of the mean is at most max ‖z − z_0‖² / (2ηT).
    with jax.enable_x64(True):
        problem, _ = matrix_game()
        learning_rate = 1 / np.linalg.norm(MATRIX, 2)
        rule = mm.sgda(learning_rate, projection=simplex)
        tx = mm.extrapolate(rule, extrapolation_tx=mm.average(rule))

        def run(start):
            return mm.solve(
                tx,
                problem.field_fn,
                start,
                200,
                record=lambda step, z, u, state: mm.averaged_players(state),
            ).records

        means = jax.jit(run)(problem.start)
    farthest = (1 - 1 / 4) + (1 - 1 / 5)  # Squared distance from center to corner, both players.
    for t in (1, 10, 50, 200):
        mean = jax.tree.map(lambda x, t=t: np.asarray(x[t - 1]), means)
        assert gap(mean) <= farthest / (2 * learning_rate * t)


def test_extrapolate_schedule_counts_updates():
    learning_rates = lambda count: jnp.where(count == 0, 0.1, 0.2)  # noqa: E731
    seen = problems.orbit(
        mm.extragradient(learning_rates, extrapolation_learning_rate=learning_rates), 2
    )
    factors = [1 + 1j * r * (1 + 1j * r) for r in (0.1, 0.2)]
    np.testing.assert_allclose(seen[1:] / seen[:-1], factors, rtol=1e-6)
    np.testing.assert_allclose(seen, problems.orbit(mm.extragradient(learning_rates), 2))


def test_extrapolate_names_invalid_arguments():
    with pytest.raises(ValueError, match="extra_adam: moments must be 'twice' or 'once'"):
        mm.extra_adam(0.1, moments="thrice")
    with pytest.raises(ValueError, match="extra_amsgrad: correction must be 'first' or 'last'"):
        mm.extra_amsgrad(0.1, correction="never")
    with pytest.raises(TypeError, match="extrapolate: tx must be an Optax"):
        mm.extrapolate(0.1)
    rule = mm.alternate(min=optax.sgd(0.1), max=optax.sgd(0.1))
    tx, z = mm.extrapolate(rule), problems.bilinear.start
    field_fn = problems.bilinear.field_fn
    with pytest.raises(ValueError, match="alternate: update needs field_fn"):
        tx.update(field_fn(z), tx.init(z), z, field_fn=field_fn)
