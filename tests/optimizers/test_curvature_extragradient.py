"""CurvatureEG+: formulas in NumPy, closed forms, escapes from limit cycles."""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from tests import problems

pytestmark = pytest.mark.usefixtures("strict_promotion")


def run(optimizer, field_fn, start, num_steps):
    """Returns the points x, y and the numbers of backtracks of a run in float64."""

    def record(step, z, updates, state):
        return (*z, state[0].backtracks)

    with jax.enable_x64(True):
        z = mm.Players(*(jnp.asarray(float(x)) for x in start))
        solve = jax.jit(lambda z: mm.solve(optimizer, field_fn, z, num_steps, record=record))
        return [np.asarray(part) for part in solve(z).records]


def slope(t, order):
    """Returns the first or second derivative of φ(t) = t²/4 − t⁴/2 + t⁶/6."""
    return t / 2 - 2 * t**3 + t**5 if order == 1 else 0.5 - 6 * t**2 + 5 * t**4


def forsaken_field(z):
    return np.array([z[1] - 0.45 + slope(z[0], 1), -(z[0] - slope(z[1], 1))])


def forsaken_jacobian(z):
    return np.array([[slope(z[0], 2), 1], [-1, slope(z[1], 2)]])


def reference(z, bound, num_steps, rounds):
    """Iterates the formulas on Forsaken in the box |x|, |y| ≤ `bound`.

    ‖J‖ is computed by `rounds` power iterations from the last direction, or exactly if None.
    """
    field, points, reductions = forsaken_field, [], []
    direction = field(z)
    for _ in range(num_steps):
        jacobian = forsaken_jacobian(z)
        norm = np.linalg.norm(jacobian, 2)
        for _ in range(rounds or 0):
            direction = direction / np.linalg.norm(direction)
            norm = np.linalg.norm(jacobian @ direction)
            direction = jacobian.T @ jacobian @ direction
        gamma, count = 0.99 / norm, 0
        while True:
            w = np.clip(z - gamma * field(z), -bound, bound)
            change = field(w) - field(z)
            if gamma * np.linalg.norm(change) <= 0.99 * np.linalg.norm(w - z):
                break
            gamma, count = 0.5 * gamma, count + 1
        d = w - z - gamma * change
        z = z + 0.8 * (np.dot(w - z, d) / np.dot(d, d) - 0.495) * d
        points.append(z)
        reductions.append(count)
    return np.array(points), np.array(reductions)


@pytest.mark.parametrize(
    ("bound", "rounds", "num_steps"), [(np.inf, 1, 60), (1.2, 2, 60), (1.2, None, 5)]
)
def test_curvature_follows_its_formulas(bound, rounds, num_steps):
    def projection(tree):
        return jax.tree.map(lambda leaf: leaf.clip(-bound, bound), tree)

    tx = mm.curvature_extragradient(0.8, power_iterations=rounds or 400, projection=projection)
    start = np.array([1.0, -0.8])
    *points, backtracks = run(tx, mm.games.forsaken().field_fn, start, num_steps)
    wanted, reductions = reference(start, bound, num_steps, rounds)
    np.testing.assert_allclose(np.stack(points, 1), wanted, atol=1e-9)
    np.testing.assert_array_equal(backtracks, reductions)
    assert reductions.max() >= 1


@pytest.mark.parametrize("angle", [np.pi / 2, np.arccos(-0.1), 0.4])
def test_curvature_on_quadratic_games_has_closed_form(angle):
    """Payoffs with J = 3λ, |λ| = 1, in complex notation, where one factor maps each iterate."""
    eigenvalue = np.exp(-1j * angle)

    def payoff(z):
        square = 0.5 * (z.min * z.min - z.max * z.max)
        return 3 * (-eigenvalue.imag * z.min * z.max + eigenvalue.real * square)

    x, y, backtracks = run(mm.curvature_extragradient(), mm.zero_sum(payoff), (1, 0.5), 20)
    gamma = 0.99
    rest = 1 - gamma * eigenvalue
    alpha = rest.real / abs(rest) ** 2 - 0.495
    factor = 1 - alpha * gamma * eigenvalue * rest
    np.testing.assert_allclose(x + 1j * y, (1 + 0.5j) * factor ** np.arange(1, 21), rtol=1e-11)
    assert not backtracks.any() and abs(factor) < 1


def test_curvature_escapes_limit_cycles_of_other_methods():
    methods = (
        mm.curvature_extragradient(),
        mm.sgda(0.05),
        mm.extragradient(0.2),
        mm.extragradient(0.2, relaxation=0.5),
        mm.past_extragradient(0.1),
    )

    @functools.partial(jax.jit, static_argnums=1)
    def distances(start, which):
        game = (mm.games.forsaken(), mm.games.polar())[which]
        ends = [mm.solve(tx, game.field_fn, start, 1500).players for tx in methods]
        return [jnp.hypot(z.min - game.solution.min, z.max - game.solution.max) for z in ends]

    curvature, *others = distances(mm.games.forsaken().start, 0)
    assert curvature < 1e-5 and min(others) > 1
    curvature, sgda, *others = distances(mm.games.polar().start, 1)
    assert max(curvature, *others) < 1e-5 and 0.9 < sgda < 1.2


def test_curvature_iterates_do_not_depend_on_payoff_scale():
    game = mm.games.forsaken()

    def end(scale):
        field_fn = mm.zero_sum(lambda z: scale * game.payoff_fn(z))
        return mm.solve(mm.curvature_extragradient(), field_fn, game.start, 10).players

    first, scaled = jnp.stack(jax.jit(jax.vmap(end))(jnp.array([1.0, 2.0**10])), 1)
    np.testing.assert_allclose(first, scaled, rtol=1e-5)


def test_curvature_is_safe_in_constant_fields():
    tx, z = mm.curvature_extragradient(max_step_size=2.0), problems.bilinear.start
    field = mm.Players(jnp.asarray(1.0), jnp.asarray(-3.0))

    def field_fn(z, draw=0):
        return jax.tree.map(lambda x, f: 0 * x + f, z, field)

    updates, state = tx.update(field, tx.init(z), z, field_fn=field_fn)
    # γ = 2 and F(w) = F(z), so d = −2F and α = 1 − 0.495.
    chex.assert_trees_all_close(updates, mm.Players(-2 * 0.505, 6 * 0.505), rtol=1e-6)
    assert int(state[0].backtracks) == 0 and float(state[0].step_size) == 2.0


def test_curvature_applies_transform_to_both_fields():
    decay = optax.add_decayed_weights(0.5)
    with_decay = mm.zero_sum(lambda z: z.min * z.max + 0.25 * (z.min * z.min - z.max * z.max))
    size = {"max_step_size": 0.2}  # The norm of the Jacobian does not contain the weight decay.
    ends = [
        run(tx, field_fn, (1, 0.5), 1)[:2]
        for tx, field_fn in (
            (mm.curvature_extragradient(transform=decay, **size), problems.bilinear.field_fn),
            (mm.curvature_extragradient(**size), with_decay),
        )
    ]
    np.testing.assert_allclose(*ends, rtol=1e-12)
