"""Tests a bound on the min player's gradient for any moves of the max player.

Consider deterministic extragradient in x, with g_t = ∇_x f(x_t, y_t) and
ĝ_t = ∇_x f(x_{t+½}, y_{t+½}):

    x_{t+½} = x_t − η g_t,    x_{t+1} = x_t − η ĝ_t,    y_t, y_{t+½} any sequences.

If ⟨∇_x f(x, y), x − x*⟩ ≥ 0 for all (x, y), then ⟨ĝ, x_t − x*⟩ ≥ η⟨ĝ, g⟩, and therefore

    ‖x_{t+1} − x*‖² ≤ ‖x_t − x*‖² − 2η²⟨ĝ, g⟩ + η²‖ĝ‖² = ‖x_t − x*‖² − η²‖g‖² + η²‖ĝ − g‖².

If ∇_x f is L-Lipschitz in x and in y separately, then ‖ĝ − g‖² ≤ 2L²η²‖g‖² + 2L²‖y_{t+½} − y_t‖²,
and η ≤ 1/(2L) leaves a factor of at least ½ for ‖g‖². Summing over t < T gives

    (1/T) Σ ‖g_t‖² ≤ 2‖x_0 − x*‖²/(η²T) + (4L²/T) Σ ‖y_{t+½} − y_t‖².               (apart)

If ∇_x f is M-Lipschitz in (x, y) jointly, the factor 2 is not needed. For any η < 1/M,

    (1/T) Σ ‖g_t‖² ≤ (‖x_0 − x*‖²/η² + M² Σ ‖y_{t+½} − y_t‖²) / ((1 − η²M²) T).    (together)

The bounds do not depend on the step from y_{t+½} to y_{t+1}.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from experiments.one_sided.theory import games

NUM_STEPS = 3000
GAME = games.drift()
APART, TOGETHER = games.DRIFT_LIPSCHITZ_X, games.DRIFT_LIPSCHITZ_XY


class MotionState(NamedTuple):
    count: jax.Array


def extragradient_in_x(eta, motion):
    """Returns extragradient whose max player moves by `motion(half_step, key, players)`."""

    def update(updates, state, params=None, *, key, **extra):
        move = motion(state.count, key, params)
        step = mm.Players(jax.tree.map(lambda g: -eta * g, updates.min), move)
        return step, MotionState(state.count + 1)

    rule = optax.GradientTransformationExtraArgs(lambda p: MotionState(jnp.zeros((), int)), update)
    return mm.extrapolate(rule)  # The shared state counts half-steps.


def random(half_step, key, players):
    """Returns a uniform sample from a box, for both half-steps."""
    return jax.random.uniform(key, players.max.shape, minval=-1.0, maxval=1.0)


def adversarial(half_step, key, players):
    """Returns the one of 16 moves that changes the min player's gradient most."""
    moves = 2 * jax.random.normal(key, (16, *players.max.shape))
    here = GAME.field_fn(players).min

    def harm(move):
        return jnp.sum((GAME.field_fn(mm.Players(players.min, players.max + move)).min - here) ** 2)

    return moves[jnp.argmax(jax.vmap(harm)(moves))]


def decaying(half_step, key, players):
    """Returns ascent steps of length α/√(t + 1) in each coordinate."""
    ascent = -GAME.field_fn(players).max
    return 0.5 * jnp.sign(ascent) / jnp.sqrt(half_step // 2 + 1.0)


def leaping(half_step, key, players):
    """Returns zero for the extrapolation step and a large update step."""
    return jnp.where(half_step % 2 == 0, 0.0, 100 * jax.random.normal(key, players.max.shape))


MOTIONS = {f.__name__: f for f in (random, adversarial, decaying, leaping)}


def run(field_fn, start, eta, motion, num_steps=NUM_STEPS):
    """Returns ‖g_t‖² and ‖y_{t+½} − y_t‖² for t < T."""
    optimizer = extragradient_in_x(eta, motion)

    def step_fn(carry, key):
        z, state = carry
        field, half = field_fn(z), []

        def recording_field(lookahead, draw=0):
            half.append(lookahead)
            return field_fn(lookahead)

        updates, state = optimizer.update(field, state, z, field_fn=recording_field, key=key)
        moved = jnp.sum((half[0].max - z.max) ** 2)
        after = mm.Players(*map(optax.apply_updates, z, updates))
        return (after, state), (jnp.sum(field.min**2), moved, jnp.sum((after.max - z.max) ** 2))

    keys = jax.random.split(jax.random.key(0), num_steps)
    records = jax.lax.scan(step_fn, (start, optimizer.init(start)), keys)[1]
    return [np.asarray(part, float) for part in records]


@pytest.mark.parametrize("motion", MOTIONS)
@pytest.mark.parametrize(
    ("constant", "eta"),
    [("apart", 1 / (2 * APART)), ("together", 1 / (2 * TOGETHER)), ("together", 0.9 / TOGETHER)],
)
def test_mean_squared_gradient_is_below_bound_at_every_horizon(motion, constant, eta):
    squared, moved, _ = run(GAME.field_fn, GAME.start, eta, MOTIONS[motion])
    distance = float(jnp.sum(GAME.start.min**2))
    if constant == "apart":
        bound = 2 * distance / eta**2 + 4 * APART**2 * np.cumsum(moved)
    else:
        slack = 1 - (eta * TOGETHER) ** 2
        bound = (distance / eta**2 + TOGETHER**2 * np.cumsum(moved)) / slack
    assert np.all(np.cumsum(squared) <= bound * (1 + 1e-5))
    assert np.all(np.isfinite(squared)) and squared[0] > 0.1


def test_gradient_vanishes_with_decaying_steps_of_max_player():
    eta = 1 / (2 * APART)
    squared, moved, steps = run(GAME.field_fn, GAME.start, eta, decaying)
    dimension = GAME.start.max.size
    np.testing.assert_allclose(
        moved.cumsum()[-1], 0.25 * dimension * np.sum(1 / np.arange(1.0, NUM_STEPS + 1)), rtol=1e-3
    )  # The sum grows like α² d log T, so the last term of the bound is O(log T / T).
    assert squared.mean() < 0.02 * squared[0]
    assert squared[-1] < 1e-6 and np.sqrt(steps.sum()) > 1


def test_bound_fails_without_one_sided_mvi():
    # On f = xy with y fixed at 1, the gradient is always 1; the bound tends to 0 for every x*.
    field_fn = mm.zero_sum(lambda z: jnp.sum(z.min * z.max))
    start = mm.Players(jnp.ones(1), jnp.ones(1))
    squared, moved, _ = run(field_fn, start, 0.5, lambda i, k, z: jnp.zeros_like(z.max))
    horizons = np.arange(1, NUM_STEPS + 1)
    for solution in (-10.0, 0.0, 10.0):
        bound = 2 * (1 - solution) ** 2 / (0.5**2 * horizons) + 4 * moved.cumsum() / horizons
        assert squared.mean() > 1.3 * bound[-1]
    np.testing.assert_allclose(squared, 1.0)


def test_bound_needs_term_for_moves_of_max_player():
    # On f = (1 + sin y) φ(x) with y_{t+½} = 3π/2, the gradient of x is zero, so x never moves.
    field_fn = mm.zero_sum(lambda z: jnp.sum((1 + jnp.sin(z.max)) * games.bump(z.min)))
    start = mm.Players(jnp.ones(1), jnp.full(1, jnp.pi / 2))
    squared, moved, _ = run(
        field_fn, start, 0.1, lambda i, k, z: jnp.where(i % 2 == 0, jnp.pi, 0.0) * jnp.ones(1)
    )
    np.testing.assert_allclose(squared, squared[0], rtol=1e-3)
    np.testing.assert_allclose(moved, jnp.pi**2, rtol=1e-5)
