"""Complex momentum: powers of its matrix, and its real special cases."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from tests import problems

pytestmark = pytest.mark.usefixtures("strict_promotion")


def matrix(eta, beta):
    """Returns the matrix of the iteration on f = xy, where the field of w = x + iy is −iw.

    Taking the real part acts on each player by itself. The step is therefore half the sum of the
    momenta m and n with the decay rates β and conj(β): (w, m, n) is mapped linearly.
    """
    conjugate = np.conj(beta)
    return np.array(
        [
            [1 + 1j * eta, -eta * beta / 2, -eta * conjugate / 2],
            [-1j, beta, 0],
            [-1j, 0, conjugate],
        ]
    )


@pytest.mark.parametrize(
    ("decay", "angle", "radius"),
    [(0.7, np.pi / 2, 0.997), (0.3, 0.0, 1.06), (0.8, np.pi / 8, 1.16)],
)
def test_complex_trace_on_bilinear_game_has_closed_form(decay, angle, radius):
    step = matrix(0.2, decay * np.exp(1j * angle))
    assert np.abs(np.linalg.eigvals(step)).max() == pytest.approx(radius, abs=5e-3)
    with jax.enable_x64(True):
        tx = mm.sgda(0.2, transform=mm.complex_trace(decay, angle))
        seen = problems.orbit(tx, 30)
    z = np.array([seen[0], 0, 0])
    wanted = [(np.linalg.matrix_power(step, k) @ z)[0] for k in range(31)]
    np.testing.assert_allclose(seen, wanted, rtol=1e-12)


def test_complex_trace_sums_real_parts_of_powers():
    tx, gs = mm.complex_trace(0.9, 2.0), jnp.array([1.0, -2.0, 0.5, 3.0])
    _, updates = jax.lax.scan(lambda s, g: tx.update(g, s)[::-1], tx.init(gs[0]), gs)
    powers = (0.9 * np.exp(2j)) ** np.arange(4)
    wanted = [np.dot(powers[: k + 1].real, np.asarray(gs)[k::-1]) for k in range(4)]
    np.testing.assert_allclose(updates, wanted, rtol=1e-5)


@pytest.mark.parametrize(("angle", "momentum"), [(0.0, 0.6), (np.pi, -0.6)])
def test_complex_trace_with_real_rate_is_momentum(angle, momentum):
    rules = (
        mm.sgda(0.05, transform=mm.complex_trace(0.6, angle)),
        mm.sgda(0.05, momentum=momentum),
    )

    @jax.jit
    def ends(z):
        return [mm.solve(tx, problems.curved.field_fn, z, 10).players for tx in rules]

    chex.assert_trees_all_close(*ends(problems.curved.start), rtol=1e-5, atol=1e-6)


def test_complex_trace_accepts_traced_rates():
    def step(decay, angle):
        tx = mm.complex_trace(decay, angle)
        _, state = tx.update(jnp.ones(2), tx.init(jnp.ones(2)))
        return tx.update(jnp.ones(2), state)[0]

    np.testing.assert_allclose(jax.jit(step)(0.5, jnp.pi), 0.5, rtol=1e-5)
    assert isinstance(mm.complex_trace(0.5, 0.1), optax.GradientTransformationExtraArgs)
