"""Anchoring: bounds and step sizes of EAG, and Halpern's iteration."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import minmax_jax as mm
from tests import problems


def monotone_game(seed, bilinear):
    """Returns ½x'Px + x'Ay − ½y'Qy with singular P and Q, its Jacobian and Lipschitz constant."""
    rng = np.random.default_rng(seed)
    a, p, q = rng.normal(size=(4, 4)), rng.normal(size=(4, 2)), rng.normal(size=(4, 2))
    p, q = (np.zeros((4, 4)),) * 2 if bilinear else (p @ p.T, q @ q.T)
    jacobian = np.block([[p, a], [-a.T, q]])
    matrix = jnp.asarray(jacobian)

    def field_fn(z, draw=0):
        out = matrix @ jnp.concatenate(z)
        return mm.Players(out[:4], out[4:])

    return field_fn, jacobian, np.linalg.norm(jacobian, 2)


def square_fields(make, seed, bilinear, num_steps):
    """Returns L, and ‖F(z_k)‖² / ‖z_0 − z*‖² for k = 0 … num_steps, with z* = 0."""
    field_fn, jacobian, lipschitz = monotone_game(seed, bilinear)
    start = np.random.default_rng(seed + 100).normal(size=8)
    z = mm.Players(jnp.asarray(start[:4]), jnp.asarray(start[4:]))

    def run(z):
        return mm.solve(
            make(lipschitz), field_fn, z, num_steps, record=lambda step, z, u, s: z
        ).records

    seen = np.hstack(jax.jit(run)(z))
    fields = np.vstack([start, seen]) @ jacobian.T
    return lipschitz, np.sum(fields**2, axis=1) / np.sum(start**2)


@pytest.mark.parametrize("bilinear", [True, False])
@pytest.mark.parametrize("seed", [0, 1])
def test_eag_c_satisfies_its_bound_at_every_step(seed, bilinear, strict_promotion):
    with jax.enable_x64(True):
        lipschitz, squares = square_fields(
            lambda lip: mm.extra_anchored_gradient(1 / (8 * lip)), seed, bilinear, 2000
        )
    a = 1 / 8
    constant = 4 * (1 + a + a**2) / (a**2 * (1 + a))
    assert 259 < constant < 260
    assert np.all(squares <= constant * lipschitz**2 / (1 + np.arange(2001)) ** 2)


@pytest.mark.parametrize("bilinear", [True, False])
@pytest.mark.parametrize("seed", [0, 1])
def test_eag_v_satisfies_its_bound_at_every_step(seed, bilinear, strict_promotion):
    with jax.enable_x64(True):
        lipschitz, squares = square_fields(
            lambda lip: mm.extra_anchored_gradient(0.618 / lip, lipschitz=lip),
            seed,
            bilinear,
            2000,
        )
    k = np.arange(2001)
    assert np.all(squares <= 27 * lipschitz**2 / ((k + 1) * (k + 2)))


def test_extragradient_violates_the_bound_of_eag():
    # L = 1 is a valid Lipschitz constant of f = 0.02 xy too. The bound matters for slow games.
    field_fn = mm.zero_sum(lambda z: 0.02 * z.min * z.max)

    def squared_field(optimizer):
        end = jax.jit(lambda z: mm.solve(optimizer, field_fn, z, 5000).players)
        z = end(mm.Players(1.0, 0.0))
        return 0.02**2 * float(z.min**2 + z.max**2)

    plain = squared_field(mm.extragradient(0.618))
    anchored = squared_field(mm.extra_anchored_gradient(0.618, lipschitz=1.0))
    assert anchored < 27 / 5001**2 < plain / 100


def test_eag_v_step_sizes_by_hand_and_limit(strict_promotion):
    with jax.enable_x64(True):
        tx = mm.extra_anchored_gradient(0.618, lipschitz=1.0)
        seen = problems.orbit(tx, 2, start=1.0 + 0.0j)
        a0 = 0.618
        a1 = a0 * (1 - a0**2 / (1 - a0**2) / (1 * 3))
        # The published form of the same recurrence.
        other = a0 / (1 - a0**2) * (1 - 4 / 3 * a0**2)
        assert np.isclose(a1, other)
        first = 1 + 1j * a0 * (1 + 1j * a0)  # At z_0 the anchor has no effect.
        drawn = first + (1 - first) / 3
        np.testing.assert_allclose(
            seen, [1, first, drawn + 1j * a1 * (drawn + 1j * a1 * first)], rtol=1e-12
        )
        z = mm.Players(jnp.ones(()), jnp.ones(()))
        state = mm.solve(tx, problems.bilinear.field_fn, z, 3000).state
        ratio = optax.tree.get(state.tx[0].min, "ratio")
        np.testing.assert_allclose(0.618 * ratio, 0.437, atol=1e-3)


def test_eag_c_equals_extrapolate_with_anchor(strict_promotion):
    named = problems.orbit(mm.extra_anchored_gradient(0.2), 20)
    for moments in ("once", "twice"):  # extrapolate passes the update count on.
        rule = optax.chain(optax.sgd(0.2), mm.anchor())
        composed = problems.orbit(mm.extrapolate(rule, moments=moments), 20)
        np.testing.assert_allclose(composed, named, rtol=1e-6)


def test_eag_projects_after_the_anchor():
    def box(tree):
        return jax.tree.map(lambda x: jnp.clip(x, -0.5, 0.5), tree)

    seen = problems.orbit(mm.extra_anchored_gradient(0.9, projection=box), 50, start=0.5 + 0.5j)
    assert np.all(np.abs(seen.real) <= 0.5) and np.all(np.abs(seen.imag) <= 0.5)


def test_anchor_weight_defaults_to_halpern():
    tx = optax.chain(optax.sgd(1.0), mm.anchor())
    z = jnp.array(1.0)
    state, seen = tx.init(z), []
    for _ in range(3):
        u, state = tx.update(jnp.array(1.0), state, z)
        z = optax.apply_updates(z, u)
        seen.append(float(z))
    # 1 − 1 = 0; 0 + (1 − 0)/3 − 1; and then z + (1 − z)/4 − 1
    np.testing.assert_allclose(seen, [0.0, -2 / 3, -2 / 3 + 5 / 12 - 1], rtol=1e-6)
    half = mm.anchor(0.5)
    u, _ = half.update(jnp.array(0.0), half.init(jnp.array(1.0)), jnp.array(3.0))
    assert float(u) == -1.0


def test_anchor_names_invalid_arguments():
    with pytest.raises(ValueError, match="anchor: weight must be between 0 and 1"):
        mm.anchor(2.0)
    with pytest.raises(
        ValueError, match=r"learning_rate times lipschitz must be between 0 and 0\.75"
    ):
        mm.extra_anchored_gradient(1.0, lipschitz=1.0)
    tx = mm.anchor()
    with pytest.raises(ValueError, match="anchor: update needs params"):
        tx.update(jnp.ones(()), tx.init(jnp.ones(())))
