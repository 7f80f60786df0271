"""Unrolling: closed forms of the derivative, and the special case k = 0."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from tests import dense, problems
from tests.devices import first_devices

pytestmark = pytest.mark.usefixtures("strict_promotion")
ETA, RHO = 0.1, 0.2
OPTIMIZERS = {"min": optax.sgd(ETA), "max": optax.sgd(RHO)}


def trajectory(tx, problem=problems.curved, num_steps=10):
    def run(start):
        return mm.solve(
            tx, problem.field_fn, start, num_steps, record=lambda step, z, u, s: z
        ).records

    return jax.jit(run)(problem.start)


def test_unrolled_zero_steps_is_simultaneous():
    chex.assert_trees_all_equal(
        trajectory(mm.unrolled(num_steps=0, **OPTIMIZERS)), trajectory(mm.per_player(**OPTIMIZERS))
    )


def test_unrolled_zero_steps_max_first_is_alternating():
    chex.assert_trees_all_equal(
        trajectory(mm.unrolled(num_steps=0, first="max", **OPTIMIZERS)),
        trajectory(mm.alternate(**OPTIMIZERS)),
    )


@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("first", [None, "max"])
def test_unrolled_derivative_has_closed_form(steps, first):
    """For f = ½ a x² + b x y − ½ c y², y_k = qᵏ y_0 + b x (1 − qᵏ) / c with q = 1 − ρ c."""
    a, b, c, x, y = 0.7, 1.3, 0.9, 2.0, -1.5
    field_fn = mm.zero_sum(lambda z: 0.5 * a * z.min**2 + b * z.min * z.max - 0.5 * c * z.max**2)
    y_step = RHO * (b * x - c * y)
    start = y if first is None else y + y_step
    slope = b * (1 - (1 - RHO * c) ** steps) / c
    end = (1 - RHO * c) ** steps * start + slope * x
    gradient = a * x + b * end + slope * (b * x - c * end)
    tx = mm.unrolled(num_steps=steps, first=first, **OPTIMIZERS)
    z = mm.Players(jnp.array(x), jnp.array(y))
    updates, _ = dense.one_update(tx, field_fn, z)
    np.testing.assert_allclose(updates, [-ETA * gradient, y_step], rtol=1e-5)


def after(steps, field_fn, players):
    """Returns y_k by plain steps, for automatic differentiation."""
    y = players.max
    for _ in range(steps):
        field = field_fn(mm.Players(players.min, y)).max
        y = jax.tree.map(lambda p, g: p - RHO * g, y, field)
    return y


def test_unrolled_zero_sum_step_is_gradient_of_payoff():
    field_fn, z = problems.curved.field_fn, problems.curved.start

    def surrogate(x):
        y = after(3, field_fn, mm.Players(x, z.max))
        return problems.curved.payoff(mm.Players(x, y))

    wanted = -ETA * dense.flat(jax.grad(surrogate)(z.min))
    updates, _ = dense.one_update(mm.unrolled(num_steps=3, **OPTIMIZERS), field_fn, z)
    np.testing.assert_allclose(updates[:4], wanted, rtol=1e-4, atol=1e-5)
    payoff_fn = problems.curved.payoff_fn
    same, _ = dense.one_update(
        mm.unrolled(num_steps=3, **OPTIMIZERS), field_fn, z, min_loss_fn=payoff_fn
    )
    np.testing.assert_allclose(same, updates, rtol=1e-5, atol=1e-6)


def test_unrolled_general_sum_step_is_gradient_of_min_loss():
    game = dense.game(3, zero_sum=False)
    z = dense.START

    def surrogate(x):
        return game.min_loss(mm.Players(x, after(3, game.field_fn, mm.Players(x, z.max))))

    wanted = -ETA * dense.flat(jax.grad(surrogate)(z.min))
    tx = mm.unrolled(num_steps=3, **OPTIMIZERS)
    updates, _ = dense.one_update(tx, game.field_fn, min_loss_fn=mm.payoff(game.min_loss))
    np.testing.assert_allclose(updates[:3], wanted, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        updates[3:], -RHO * (game.matrix @ dense.flat(z))[dense.MAX], rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("key", [None, 0])
def test_unrolled_general_sum_requires_min_loss(key):
    game, tx = dense.game(3, zero_sum=False), mm.unrolled(num_steps=2, **OPTIMIZERS)
    key = None if key is None else jax.random.key(key)
    with pytest.raises(ValueError, match=r"^unrolled: update needs min_loss_fn= in a general-sum"):
        mm.solve(tx, game.field_fn, dense.START, 1, key=key)
    end = mm.solve(
        tx, game.field_fn, dense.START, 1, key=key, min_loss_fn=mm.payoff(game.min_loss)
    ).players
    updates, _ = dense.one_update(tx, game.field_fn, min_loss_fn=mm.payoff(game.min_loss))
    np.testing.assert_allclose(dense.flat(end) - dense.flat(dense.START), updates, atol=1e-5)
    with pytest.raises(TypeError, match=r"^unrolled: min_loss_fn must be callable"):
        dense.one_update(tx, game.field_fn, min_loss_fn=3.0)


def test_unrolled_zero_steps_does_not_require_min_loss():
    game = dense.game(3, zero_sum=False)
    updates, _ = dense.one_update(mm.unrolled(num_steps=0, **OPTIMIZERS), game.field_fn)
    learning_rates = np.concatenate([np.full(3, ETA), np.full(4, RHO)])
    np.testing.assert_allclose(
        updates, -learning_rates * (game.matrix @ dense.flat(dense.START)), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(("first", "draws"), [(None, [0, 0, 1, 2]), ("max", [0, 1, 2, 3])])
def test_unrolled_numbers_field_evaluations(first, draws):
    """With first=None, the first lookahead step evaluates sample index 0 again."""
    seen = []

    def payoff(z, draw):
        seen.append(draw)
        return z.min * z.max

    field_fn = mm.zero_sum(payoff, stochastic=True)
    z = mm.Players(jnp.array(1.0), jnp.array(1.0))
    tx = mm.unrolled(num_steps=2, first=first, **OPTIMIZERS)
    tx.update(field_fn(z), tx.init(z), z, field_fn=field_fn)
    assert seen == draws


@pytest.mark.parametrize("first", [None, "max"])
@pytest.mark.parametrize("steps", [0, 3])
def test_unrolled_discards_states_of_lookahead_steps(first, steps):
    tx = mm.unrolled(
        min=optax.trace(0.9),
        max=optax.chain(optax.trace(0.9), optax.scale(-RHO)),
        num_steps=steps,
        first=first,
    )
    z = problems.curved.start
    updates, state = dense.one_update(tx, problems.curved.field_fn, z)
    field = problems.curved.field_fn(z).max
    np.testing.assert_allclose(dense.flat(state.max), dense.flat(field), rtol=1e-6)
    np.testing.assert_allclose(updates[4:], -RHO * dense.flat(field), rtol=1e-6)


def test_unrolled_general_sum_on_four_devices_matches_one():
    def step(rows, axis_name=None):
        def min_loss(z):
            return 0.5 * problems.batch_payoff(z, rows) + jnp.mean(rows) * jnp.sum(z.max["d"] ** 2)

        field_fn = mm.general_sum(
            min_loss, lambda z: -problems.batch_payoff(z, rows), axis_name=axis_name
        )
        tx, z = mm.unrolled(num_steps=2, **OPTIMIZERS), problems.curved.start
        loss_fn = mm.payoff(min_loss, axis_name=axis_name)
        return tx.update(field_fn(z), tx.init(z), z, field_fn=field_fn, min_loss_fn=loss_fn)[0]

    data = problems.batch_data
    parts = jax.pmap(lambda rows: step(rows, "d"), axis_name="d", devices=first_devices(4))(
        data.reshape(4, 2, 4)
    )
    whole = jax.jit(step)(data)
    for device in range(4):
        mine = jax.tree.map(lambda x: x[device], parts)  # noqa: B023
        chex.assert_trees_all_close(mine, whole, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: mm.unrolled(num_steps=-1, **OPTIMIZERS),
            r"^unrolled: num_steps must be at least 0",
        ),
        (
            lambda: mm.unrolled(num_steps=1.5, **OPTIMIZERS),
            r"^unrolled: num_steps must be a Python int",
        ),
        (
            lambda: mm.unrolled(num_steps=1, first="min", **OPTIMIZERS),
            r"^unrolled: first must be None",
        ),
        (
            lambda: mm.unrolled(num_steps=1, min=3, max=OPTIMIZERS["max"]),
            r"^unrolled: min must be an O",
        ),
    ],
)
def test_unrolled_names_invalid_arguments(build, message):
    with pytest.raises((TypeError, ValueError), match=message):
        build()
