"""Competitive gradient descent: dense solves, closed forms and solvers."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from tests import dense, problems

pytestmark = pytest.mark.usefixtures("strict_promotion")
START = dense.flat(dense.START)


def step_by_hand(matrix, field, learning_rates):
    """Returns d = −(1 + R J°)⁻¹ R F in float64, for one or several learning rates."""
    r = np.broadcast_to(np.asarray(learning_rates, float), field.shape)
    return -np.linalg.solve(np.eye(len(field)) + r[:, None] * dense.off_diagonal(matrix), r * field)


def inner_state(state):
    """Returns the `CompetitiveState` in the state of an optimizer."""
    return next(
        part
        for part in jax.tree.leaves(state, is_leaf=lambda s: isinstance(s, mm.CompetitiveState))
        if isinstance(part, mm.CompetitiveState)
    )


@pytest.mark.parametrize(("zero_sum", "solver"), [(True, "cg"), (True, "gmres"), (False, "gmres")])
@pytest.mark.parametrize("learning_rate", [0.3, mm.Players(min=0.2, max=1.5)])
def test_competitive_step_equals_dense_solve(zero_sum, solver, learning_rate):
    game = dense.game(5, zero_sum=zero_sum)
    per_side = (
        learning_rate
        if isinstance(learning_rate, mm.Players)
        else mm.Players(learning_rate, learning_rate)
    )
    learning_rates = np.concatenate([np.full(3, per_side.min), np.full(4, per_side.max)])
    wanted = step_by_hand(game.matrix, game.matrix @ START, learning_rates)
    step, state = dense.one_update(mm.competitive(learning_rate, solver=solver), game.field_fn)
    np.testing.assert_allclose(step, wanted, rtol=1e-4, atol=1e-5)
    assert float(inner_state(state).residual) <= 1e-6
    assert 1 <= int(inner_state(state).iterations) <= 4


def test_competitive_zero_sum_step_is_formula_of_paper():
    game, eta = dense.game(6, zero_sum=True), 0.4
    field = game.matrix @ START
    grad_x, grad_y = field[dense.MIN], -field[dense.MAX]
    d_xy = game.matrix[dense.MIN, dense.MAX]
    x = -eta * np.linalg.solve(np.eye(3) + eta**2 * d_xy @ d_xy.T, grad_x + eta * d_xy @ grad_y)
    y = eta * np.linalg.solve(np.eye(4) + eta**2 * d_xy.T @ d_xy, grad_y - eta * d_xy.T @ grad_x)
    step, _ = dense.one_update(mm.competitive(eta), game.field_fn)
    np.testing.assert_allclose(step, np.concatenate([x, y]), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("learning_rate", [0.01, 1.0, 100.0])
def test_competitive_on_bilinear_game_has_closed_form(learning_rate):
    """z⁺ = z / (1 − iη), so the squared distance is divided by 1 + η²."""
    with jax.enable_x64(True):
        seen = problems.orbit(mm.competitive(learning_rate), 10)
    np.testing.assert_allclose(seen, seen[0] / (1 - 1j * learning_rate) ** np.arange(11), rtol=1e-9)


def test_competitive_neumann_orders_are_sgda_and_lcgd():
    game, eta = dense.game(7, zero_sum=True), 0.2
    field = game.matrix @ START
    off = dense.off_diagonal(game.matrix)
    for order, wanted in [(0, -eta * field), (1, -eta * (field - eta * off @ field))]:
        optimizer = mm.competitive(eta, solver="neumann", max_iterations=order)
        step, state = dense.one_update(optimizer, game.field_fn)
        np.testing.assert_allclose(step, wanted, rtol=1e-5, atol=1e-5)
        assert int(inner_state(state).iterations) == order
    plain, _ = dense.one_update(mm.sgda(eta), game.field_fn)
    zeroth, _ = dense.one_update(
        mm.competitive(eta, solver="neumann", max_iterations=0), game.field_fn
    )
    np.testing.assert_array_equal(zeroth, plain)


def test_competitive_neumann_converges_to_exact_solve():
    game, eta = dense.game(7, zero_sum=True), 0.1
    exact, _ = dense.one_update(mm.competitive(eta), game.field_fn)
    series, state = dense.one_update(
        mm.competitive(eta, solver="neumann", max_iterations=30), game.field_fn
    )
    np.testing.assert_allclose(series, exact, rtol=1e-4, atol=1e-5)
    assert float(inner_state(state).residual) < 1e-5


def test_competitive_with_small_learning_rate_is_near_gda():
    """The step is −η F + η² J° F + O(η³)."""
    game = dense.game(8, zero_sum=True)
    with jax.enable_x64(True):
        start = jax.tree.map(lambda x: x.astype(float), dense.START)
        step, _ = dense.one_update(mm.competitive(1e-4, tolerance=1e-12), game.field_fn, start)
        field = game.matrix @ dense.flat(start)
        leading = dense.off_diagonal(game.matrix) @ field
    np.testing.assert_allclose((step + 1e-4 * field) / 1e-8, leading, rtol=1e-2, atol=1e-3)


def test_competitive_cg_residual_is_large_when_it_fails():
    game = dense.game(9, zero_sum=False)
    _, state = dense.one_update(mm.competitive(2.0, max_iterations=20), game.field_fn)
    assert float(inner_state(state).residual) > 1e-3


def test_competitive_warm_start_needs_no_iterations():
    game, optimizer = dense.game(5, zero_sum=True), mm.competitive(0.3, tolerance=1e-5)
    first, state = dense.one_update(optimizer, game.field_fn)
    assert int(inner_state(state).iterations) > 0
    second, state = dense.one_update(optimizer, game.field_fn, state=state)
    assert int(inner_state(state).iterations) == 0
    np.testing.assert_allclose(second, first, rtol=1e-4, atol=1e-5)
    cold = mm.competitive(0.3, tolerance=1e-5, warm_start=False)
    _, state = dense.one_update(cold, game.field_fn)
    assert inner_state(state).solution is None
    _, state = dense.one_update(cold, game.field_fn, state=state)
    assert int(inner_state(state).iterations) > 0


def test_competitive_solves_bfloat16_in_float32():
    game = dense.game(5, zero_sum=True)
    start = jax.tree.map(lambda x: x.astype(jnp.bfloat16), dense.START)
    optimizer = mm.competitive(0.3, max_iterations=10)
    assert all(
        leaf.dtype in (jnp.float32, jnp.int32) for leaf in jax.tree.leaves(optimizer.init(start))
    )
    step, _ = dense.one_update(optimizer, game.field_fn, start)
    wanted = step_by_hand(game.matrix, game.matrix @ dense.flat(start), 0.3)
    np.testing.assert_allclose(step, wanted, atol=0.03 * np.max(np.abs(wanted)))


@pytest.mark.parametrize("solver", ["cg", "gmres"])
def test_competitive_solves_with_tiny_gradients(solver):
    """For f = c (x + 2y + xy) with c = 1e-25, squares underflow in float32."""
    c = 1e-25
    field_fn = mm.zero_sum(lambda z: c * (z.min + 2 * z.max + z.min * z.max))
    z = mm.Players(jnp.array(1.0), jnp.array(1.0))
    step, _ = dense.one_update(mm.competitive(0.5, solver=solver), field_fn, z)
    np.testing.assert_allclose(step, [-1.0 * c, 1.5 * c], rtol=1e-5)


@pytest.mark.parametrize("solver", ["cg", "gmres", "neumann"])
def test_competitive_keeps_nan_visible(solver):
    field_fn = mm.zero_sum(lambda z: jnp.log(z.min) * z.max)
    optimizer = mm.competitive(0.1, solver=solver, max_iterations=5)
    good = mm.Players(jnp.array(1.5), jnp.array(1.0))
    _, state = dense.one_update(optimizer, field_fn, good)
    bad = mm.Players(jnp.array(jnp.nan), jnp.array(1.0))
    step, state = dense.one_update(optimizer, field_fn, bad, state)
    assert np.isnan(step).all()
    step, _ = dense.one_update(optimizer, field_fn, good, state)  # The method recovers.
    assert np.isfinite(step).all()


def test_competitive_weight_decay_equals_decay_in_game():
    game, decay = dense.game(5, zero_sum=True), 0.3
    inside = mm.competitive(0.2, transform=optax.add_decayed_weights(decay))
    step, _ = dense.one_update(inside, game.field_fn)
    wanted = step_by_hand(game.matrix, game.matrix @ START + decay * START, 0.2)
    np.testing.assert_allclose(step, wanted, rtol=1e-4, atol=1e-5)


def test_competitive_projects_steps_not_fields():
    game = dense.game(5, zero_sum=True)

    def box(tree):
        return jax.tree.map(lambda x: jnp.clip(x, -1.0, 1.0), tree)

    start = jax.tree.map(lambda x: jnp.clip(x, -1.0, 1.0), dense.START)
    free, _ = dense.one_update(mm.competitive(2.0), game.field_fn, start)
    step, _ = dense.one_update(mm.competitive(2.0, projection=box), game.field_fn, start)
    z = dense.flat(start)
    assert np.max(np.abs(z + free)) > 1
    np.testing.assert_allclose(z + step, np.clip(z + free, -1, 1), atol=1e-6)


@pytest.mark.parametrize("correction", ["first", "last"])
@pytest.mark.parametrize(("zero_sum", "solver"), [(True, "cg"), (False, "gmres")])
def test_adaptive_competitive_two_steps_by_hand(correction, zero_sum, solver):
    game, eta, b2, eps = dense.game(10, zero_sum=zero_sum), 0.3, 0.9, 1e-2
    optimizer = mm.adaptive_competitive(
        eta, b2=b2, eps=eps, correction=correction, solver=solver, tolerance=1e-7
    )
    z, v, players, state = START.copy(), np.zeros(7), dense.START, None
    for t in (1, 2):
        field, missing = game.matrix @ z, 1 - b2**t
        v = b2 * v + (1 - b2) * field**2
        if correction == "first":
            learning_rates = eta / (np.sqrt(v / missing) + eps)
        else:
            learning_rates = eta * np.sqrt(missing) / (np.sqrt(v) + eps)
        wanted = step_by_hand(game.matrix, field, learning_rates)
        step, state = dense.one_update(optimizer, game.field_fn, players, state)
        np.testing.assert_allclose(step, wanted, rtol=1e-3, atol=1e-5)
        z = z + wanted
        players = optax.apply_updates(players, _like(players, wanted))


def _like(players, vector):
    return jax.flatten_util.ravel_pytree(players)[1](jnp.asarray(vector, jnp.float32))


def test_adaptive_competitive_first_step_by_hand():
    """At (1, 2), the learning rates are η/2 and η: d_x = −(η/2)(2 + d_y), d_y = η(1 + d_x)."""
    eta = 0.5
    x = -(eta / 2) * (2 + eta) / (1 + eta**2 / 2)
    z = mm.Players(jnp.array(1.0), jnp.array(2.0))
    optimizer = mm.adaptive_competitive(eta, eps=0.0)
    step, _ = dense.one_update(optimizer, problems.bilinear.field_fn, z)
    np.testing.assert_allclose(step, [x, eta * (1 + x)], rtol=1e-5)


def test_adaptive_competitive_with_large_eps_is_plain():
    game = dense.game(5, zero_sum=True)
    plain, _ = dense.one_update(mm.competitive(0.3), game.field_fn)
    adaptive, _ = dense.one_update(mm.adaptive_competitive(0.3e8, eps=1e8), game.field_fn)
    np.testing.assert_allclose(adaptive, plain, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: mm.competitive(0.1, solver="lu"), r"^competitive: solver must be 'cg' or 'gmres"),
        (lambda: mm.competitive(0.1, tolerance=-1.0), r"^competitive: tolerance must be at least"),
        (lambda: mm.competitive(0.1, max_iterations=0), r"^competitive: max_iterations must be at"),
        (lambda: mm.competitive(-0.1), r"^competitive: learning_rate must be at least 0"),
        (lambda: mm.competitive(0.1, warm_start="x"), r"^competitive: warm_start must be"),
        (lambda: mm.adaptive_competitive(0.1, b2=2.0), r"^adaptive_competitive: b2 must be at "),
        (lambda: mm.adaptive_competitive(0.1, correction="no"), r"correction must be 'first' or"),
    ],
)
def test_competitive_names_invalid_arguments(build, message):
    with pytest.raises((TypeError, ValueError), match=message):
        build()
