"""Golden ratio algorithms: formulas, stability, and adaptive step sizes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from tests import matrix_game, problems
from tests.matrix_game import field, project

PHI = (1 + np.sqrt(5)) / 2


@pytest.mark.parametrize("phi", [PHI, 1e9])
def test_graal_follows_its_formulas_on_simplices(phi):
    eta = PHI / (2 * matrix_game.LIPSCHITZ)
    seen = matrix_game.iterates(
        lambda projection: mm.golden_ratio(eta, phi=phi, projection=projection), 600
    )
    z = average = seen[0]
    for step in seen[1:40]:
        average = ((phi - 1) * z + average) / phi
        z = project(average - eta * field(z))
        np.testing.assert_allclose(step, z, atol=1e-12 if phi == PHI else 1e-6)
    assert (matrix_game.gap(seen[-1]) < 1e-6) == (phi == PHI)  # Large φ: descent–ascent cycles.


def test_graal_is_stable_below_its_closed_form_limit():
    limit = np.sqrt((5 - np.sqrt(5)) / 2)
    a = 1 / PHI
    for eta, is_stable in ((limit * 0.999, True), (limit * 1.001, False)):
        # The iteration of (z, c) on f = xy, where the field is −i z.
        matrix = np.array([[1 - a + 1j * eta, a], [1 - a, a]])
        radius = np.max(np.abs(np.linalg.eigvals(matrix)))
        assert (radius < 1) == is_stable
        with jax.enable_x64(True):
            seen = np.abs(problems.orbit(mm.golden_ratio(eta), 3000))
        np.testing.assert_allclose((seen[-1] / seen[-2001]) ** (1 / 2000), radius, rtol=1e-6)


def adaptive(z, size, num_steps, field, project, phi=1.5):
    """Returns the iterates of Malitsky's Algorithm 2, and its step sizes."""
    average, theta, seen, sizes = z, 1.0, [z], [size]
    for _ in range(num_steps):
        new = project(average - size * field(z))
        ratio = np.linalg.norm(new - z) / np.linalg.norm(field(new) - field(z))
        old, size = size, min((1 / phi + 1 / phi**2) * size, phi * theta / (4 * size) * ratio**2)
        average = ((phi - 1) * new + average) / phi
        theta, z = phi * size / old, new
        seen.append(z)
        sizes.append(size)
    return np.array(seen), np.array(sizes)


def test_adaptive_graal_follows_its_formulas_on_simplices():
    seen = matrix_game.iterates(
        lambda projection: mm.adaptive_golden_ratio(initial_step_size=0.05, projection=projection),
        400,
    )
    expected, _ = adaptive(seen[0], 0.05, 60, field, project)
    np.testing.assert_allclose(seen[:61], expected, atol=1e-11)
    assert matrix_game.gap(seen[-1]) < 1e-6 < matrix_game.gap(seen[0])


def test_adaptive_graal_starts_after_its_probing_step():
    seen = matrix_game.iterates(
        lambda projection: mm.adaptive_golden_ratio(projection=projection), 30
    )
    start, first = seen[:2]
    probe = start - 0.01 * field(start) / np.linalg.norm(field(start))
    np.testing.assert_allclose(first, project(probe), atol=1e-14)
    size = 0.75 * np.linalg.norm(first - start) / np.linalg.norm(field(first) - field(start))
    expected, _ = adaptive(first, size, 29, field, project)
    np.testing.assert_allclose(seen[1:], expected, atol=1e-11)


def run(scale, initial, num_steps=60):
    """Returns the iterates on f = scale · xy, and the step sizes."""
    field_fn = mm.zero_sum(lambda z: scale * z.min * z.max)
    z = mm.Players(jnp.array(1.0), jnp.array(0.5))
    optimizer = mm.adaptive_golden_ratio(initial_step_size=initial)

    def record(step, z, updates, state):
        return z.min + 1j * z.max, state[1].step_size

    return jax.jit(lambda z: mm.solve(optimizer, field_fn, z, num_steps, record=record).records)(z)


def test_adaptive_graal_step_sizes_grow_by_ten_ninths_at_most():
    _, sizes = run(1.0, 0.3, 400)
    np.testing.assert_allclose(sizes[:3], [0.3, 1 / 3, 1 / 2.7], rtol=1e-6)
    assert np.all(sizes[1:] <= sizes[:-1] * (10 / 9) * (1 + 1e-6))
    assert 0.7 < np.mean(sizes[-100:]) < 0.8


@pytest.mark.parametrize("initial", [None, 0.3])
def test_adaptive_graal_does_not_depend_on_the_payoffs_scale(initial):
    points, sizes = run(1.0, initial)
    scale = 2.0**40
    scaled, scaled_sizes = run(scale, None if initial is None else initial / scale)
    np.testing.assert_allclose(scaled_sizes * scale, sizes, rtol=1e-4)
    np.testing.assert_allclose(scaled, points, atol=1e-5)


def test_adaptive_graal_keeps_its_size_where_nothing_changes():
    tx = mm.adaptive_golden_ratio(initial_step_size=0.5, max_step_size=0.6)
    z = zero = mm.Players(jnp.zeros(()), jnp.zeros(()))
    update, state, sizes = jax.jit(tx.update), tx.init(z), []
    for _ in range(3):
        updates, state = update(zero, state, z)
        sizes.append(float(state[1].step_size))
        assert updates == zero
    np.testing.assert_allclose(sizes, [0.5, 0.5 * 10 / 9, 0.6], rtol=1e-6)


def test_adaptive_graal_lengthens_probes_that_rounding_undoes():
    # A tenth of the probing step is below the resolution of bfloat16 at this point.
    tx = mm.adaptive_golden_ratio(0.1)
    start = mm.Players(jnp.bfloat16(1.0), jnp.bfloat16(1.0))
    field_fn = mm.zero_sum(lambda z: z.min * z.max)
    end = mm.solve(tx, field_fn, start, 20)
    assert end.state[1].theta > 0 and 0.5 < end.state[1].step_size < 1 and end.players.min < 0.7
    # Probes grow to ten times their length at most, for example while a warmup's scale is zero.
    still = mm.solve(mm.adaptive_golden_ratio(0.0), field_fn, mm.Players(1.0, 1.0), 100)
    np.testing.assert_allclose(still.state[1].step_size, 0.1, rtol=1e-6)
