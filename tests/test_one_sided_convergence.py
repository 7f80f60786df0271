"""The min player's gradient vanishes whatever the max player does: a bound at every horizon.

Deterministic extragradient in x, g_t = ∇_x f(x_t, y_t), ĝ_t = ∇_x f(x_{t+½}, y_{t+½}):

    x_{t+½} = x_t − η g_t,    x_{t+1} = x_t − η ĝ_t,    y_t, y_{t+½} any sequences.

If ⟨∇_x f(x, y), x − x*⟩ ≥ 0 for all (x, y), then ⟨ĝ, x_t − x*⟩ ≥ η⟨ĝ, g⟩, and so

    ‖x_{t+1} − x*‖² ≤ ‖x_t − x*‖² − 2η²⟨ĝ, g⟩ + η²‖ĝ‖² = ‖x_t − x*‖² − η²‖g‖² + η²‖ĝ − g‖².

With ∇_x f L-Lipschitz in x and in y, each by itself, ‖ĝ − g‖² ≤ 2L²η²‖g‖² + 2L²‖y_{t+½} − y_t‖²,
and η ≤ 1/(2L) leaves ‖g‖² a factor ½ at least. Summed over t < T:

    (1/T) Σ ‖g_t‖² ≤ 2‖x_0 − x*‖²/(η²T) + (4L²/T) Σ ‖y_{t+½} − y_t‖².               (apart)

With ∇_x f M-Lipschitz in (x, y) together there is no 2 to pay, for any η < 1/M:

    (1/T) Σ ‖g_t‖² ≤ (‖x_0 − x*‖²/η² + M² Σ ‖y_{t+½} − y_t‖²) / ((1 − η²M²) T).    (together)

How y gets from y_{t+½} to y_{t+1} appears nowhere.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from experiments.one_sided import games

NUM_STEPS = 3000
GAME = games.drift()
APART, TOGETHER = games.DRIFT_LIPSCHITZ_APART, games.DRIFT_LIPSCHITZ_TOGETHER


class MotionState(NamedTuple):
    count: jax.Array


def extragradient_in_x(eta, motion):
    """Library's extragradient, the max player moved by `motion(half_step, key, players)`."""

    def update(updates, state, params=None, *, key, **extra):
        move = motion(state.count, key, params)
        step = mm.Players(jax.tree.map(lambda g: -eta * g, updates.min), move)
        return step, MotionState(state.count + 1)

    rule = optax.GradientTransformationExtraArgs(lambda p: MotionState(jnp.zeros((), int)), update)
    return mm.extrapolate(rule)  # the shared state counts half-steps


def random(half_step, key, players):
    """Both half-steps are uniform in a box, for ever."""
    return jax.random.uniform(key, players.max.shape, minval=-1.0, maxval=1.0)


def adversarial(half_step, key, players):
    """Of 16 moves the one after which the gradient is furthest from that at y_t."""
    moves = 2 * jax.random.normal(key, (16, *players.max.shape))
    here = GAME.field_fn(players).min

    def harm(move):
        return jnp.sum((GAME.field_fn(mm.Players(players.min, players.max + move)).min - here) ** 2)

    return moves[jnp.argmax(jax.vmap(harm)(moves))]


def decaying(half_step, key, players):
    """Steps of α/√(t + 1) in each coordinate, up the payoff."""
    ascent = -GAME.field_fn(players).max
    return 0.5 * jnp.sign(ascent) / jnp.sqrt(half_step // 2 + 1.0)


def leaping(half_step, key, players):
    """Stands still at the trial point and leaps at the real step: costs the bound nothing."""
    return jnp.where(half_step % 2 == 0, 0.0, 100 * jax.random.normal(key, players.max.shape))


MOTIONS = {f.__name__: f for f in (random, adversarial, decaying, leaping)}


def run(field_fn, start, eta, motion, num_steps=NUM_STEPS):
    """Returns ‖g_t‖² and ‖y_{t+½} − y_t‖² for t < T."""
    optimizer = extragradient_in_x(eta, motion)

    def step_fn(carry, key):
        z, state = carry
        field, half = field_fn(z), []

        def seen_field(there, draw=0):
            half.append(there)  # the trial point, where extragradient asks
            return field_fn(there)

        updates, state = optimizer.update(field, state, z, field_fn=seen_field, key=key)
        moved = jnp.sum((half[0].max - z.max) ** 2)
        after = mm.Players(*map(optax.apply_updates, z, updates))
        return (after, state), (jnp.sum(field.min**2), moved, jnp.sum((after.max - z.max) ** 2))

    keys = jax.random.split(jax.random.key(0), num_steps)
    seen = jax.lax.scan(step_fn, (start, optimizer.init(start)), keys)[1]
    return [np.asarray(part, float) for part in seen]


@pytest.mark.parametrize("motion", MOTIONS)
@pytest.mark.parametrize(
    ("constant", "eta"),
    [("apart", 1 / (2 * APART)), ("together", 1 / (2 * TOGETHER)), ("together", 0.9 / TOGETHER)],
)
def test_the_average_squared_gradient_is_below_the_bound_at_every_horizon(motion, constant, eta):
    squared, moved, _ = run(GAME.field_fn, GAME.start, eta, MOTIONS[motion])
    distance = float(jnp.sum(GAME.start.min**2))
    if constant == "apart":
        bound = 2 * distance / eta**2 + 4 * APART**2 * np.cumsum(moved)
    else:
        slack = 1 - (eta * TOGETHER) ** 2
        bound = (distance / eta**2 + TOGETHER**2 * np.cumsum(moved)) / slack
    assert np.all(np.cumsum(squared) <= bound * (1 + 1e-5))
    assert np.all(np.isfinite(squared)) and squared[0] > 0.1


def test_with_decaying_dual_steps_the_gradient_vanishes_while_the_max_player_s_stays():
    eta = 1 / (2 * APART)
    squared, moved, steps = run(GAME.field_fn, GAME.start, eta, decaying)
    dimension = GAME.start.max.size
    np.testing.assert_allclose(
        moved.cumsum()[-1], 0.25 * dimension * np.sum(1 / np.arange(1.0, NUM_STEPS + 1)), rtol=1e-3
    )  # α² d log T: the last term is O(log T / T)
    assert squared.mean() < 0.02 * squared[0]
    assert squared[-1] < 1e-6 and np.sqrt(steps.sum()) > 1


def test_a_game_without_the_condition_breaks_the_conclusion():
    # On f = xy with y held at 1 the gradient is 1 for ever; the bound tends to 0 for every x*.
    field_fn = mm.zero_sum(lambda z: jnp.sum(z.min * z.max))
    start = mm.Players(jnp.ones(1), jnp.ones(1))
    squared, moved, _ = run(field_fn, start, 0.5, lambda i, k, z: jnp.zeros_like(z.max))
    horizons = np.arange(1, NUM_STEPS + 1)
    for solution in (-10.0, 0.0, 10.0):
        bound = 2 * (1 - solution) ** 2 / (0.5**2 * horizons) + 4 * moved.cumsum() / horizons
        assert squared.mean() > 1.3 * bound[-1]
    np.testing.assert_allclose(squared, 1.0)


def test_the_term_of_the_motion_is_needed():
    # f = (1 + sin y) φ(x), y_t = π/2 and y_{t+½} = 3π/2, where nobody sees x: it never moves.
    field_fn = mm.zero_sum(lambda z: jnp.sum((1 + jnp.sin(z.max)) * games.bump(z.min)))
    start = mm.Players(jnp.ones(1), jnp.full(1, jnp.pi / 2))
    squared, moved, _ = run(
        field_fn, start, 0.1, lambda i, k, z: jnp.where(i % 2 == 0, jnp.pi, 0.0) * jnp.ones(1)
    )
    np.testing.assert_allclose(squared, squared[0], rtol=1e-3)
    np.testing.assert_allclose(moved, jnp.pi**2, rtol=1e-5)
