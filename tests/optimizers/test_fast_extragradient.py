"""Fast extragradient: exact iterates, its bound, and a composition."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

import minmax_jax as mm
from tests import problems


def test_feg_is_exactly_zero_at_every_fourth_iterate_on_xy():
    with jax.enable_x64(True):
        seen = problems.orbit(mm.fast_extragradient(1.0), 24)
    start, field = seen[0], -1j * seen[0]
    np.testing.assert_allclose(seen[1:4], [start - field, -field, -(start + field) / 3], rtol=1e-14)
    np.testing.assert_allclose(seen[4::4], 0, atol=1e-15)
    # ‖F(z_k)‖ ≤ 2 ‖z_0‖ / k is attained at k = 2.
    bounds = np.abs(seen[1:]) * np.arange(1, 25) / (2 * np.abs(start))
    assert np.max(bounds) <= 1 + 1e-14 and abs(bounds[1] - 1) < 1e-14


def test_feg_attains_its_bound_on_a_nonmonotone_game():
    rho = -0.1
    a, b = np.sqrt(1 - rho**2), rho  # The field is 1-Lipschitz and ρ-comonotone.
    field_fn = mm.zero_sum(lambda z: a * z.min * z.max + b * (z.min**2 - z.max**2) / 2)

    def lengths(rho):
        tx = mm.fast_extragradient(1.0, comonotonicity=rho)

        def record(step, z, updates, state):
            return jnp.hypot(*field_fn(z))

        z = mm.Players(jnp.array(1.0), jnp.array(0.5))
        return mm.solve(tx, field_fn, z, 3000, record=record).records

    with jax.enable_x64(True):
        right, wrong = np.asarray(jax.jit(jax.vmap(lengths))(jnp.array([rho, 0.0])))
    constants = right * np.arange(1, 3001) * (1 + 2 * rho) / np.hypot(1.0, 0.5)
    assert 1.999 < np.max(constants) <= 2 + 1e-12
    assert wrong[-1] > 1e3


def test_feg_equals_extrapolate_with_two_steps_and_anchors():
    def weight(count):
        return 1 / (jnp.asarray(count).astype(float) + 1)

    first = optax.chain(mm.sgda(lambda count: 0.5 * (1 - weight(count))), mm.anchor(weight))
    second = optax.chain(mm.sgda(0.5), mm.anchor(weight))
    with jax.enable_x64(True):
        composed = problems.orbit(mm.extrapolate(second, first), 20)
        ours = problems.orbit(mm.fast_extragradient(0.5), 20)
    np.testing.assert_allclose(ours, composed, rtol=1e-13)
