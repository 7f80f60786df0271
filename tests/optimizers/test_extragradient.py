"""EG+, which is extragradient with a shorter update step."""

import functools

import chex
import jax
import numpy as np
import pytest

import minmax_jax as mm
from tests import problems

RHO = -0.1


def weak_minty(z):
    """Returns a payoff whose field has L = 1 and ⟨F(z), z⟩ = ρ ‖F(z)‖².

    The field of w = x + iy is λw with λ = ρ − i √(1 − ρ²).
    """
    return np.sqrt(1 - RHO**2) * z.min * z.max + RHO / 2 * (z.min**2 - z.max**2)


def test_eg_plus_bound_on_relaxation_is_exact():
    eigenvalue = RHO - 1j * np.sqrt(1 - RHO**2)
    with jax.enable_x64(True):
        start = mm.Players(jax.numpy.asarray(1.0), jax.numpy.asarray(0.5))
        field_fn = mm.zero_sum(weak_minty)
        np.testing.assert_allclose(
            np.asarray(field_fn(start)) @ [1, 1j], eigenvalue * (1 + 0.5j), rtol=1e-14
        )

        @functools.partial(jax.vmap, in_axes=(0, None))
        def end(alpha, z):
            return mm.solve(mm.extragradient(1.0, relaxation=alpha), field_fn, z, 20).players

        alphas = np.array([0.5, 0.79, 0.81, 1.0])
        x, y = map(np.asarray, jax.jit(end)(alphas, start))
    factors = 1 - alphas * eigenvalue * (1 - eigenvalue)
    np.testing.assert_allclose(x + 1j * y, factors**20 * (1 + 0.5j), rtol=1e-12)
    assert list(np.abs(factors) < 1) == [True, True, False, False]  # 1 + 2ρ/γ = 0.8.


def test_eg_plus_is_extragradient_with_two_learning_rates():
    def projection(tree):
        return jax.tree.map(lambda leaf: leaf.clip(-0.5, 0.5), tree)

    options = (
        mm.extragradient(0.2, relaxation=0.5, projection=projection),
        mm.extragradient(0.1, extrapolation_learning_rate=0.2, projection=projection),
    )

    @jax.jit
    def ends(z):
        return [mm.solve(tx, problems.curved.field_fn, z, 20).players for tx in options]

    chex.assert_trees_all_close(*ends(problems.curved.start), rtol=1e-6)


def test_eg_plus_relaxes_a_given_learning_rate():
    with jax.enable_x64(True):
        tx = mm.extragradient(0.4, relaxation=0.5, extrapolation_learning_rate=0.7)
        seen = problems.orbit(tx, 5)
    factor = 1 + 1j * 0.2 * (1 + 1j * 0.7)
    np.testing.assert_allclose(seen, seen[0] * factor ** np.arange(6), rtol=1e-12)


def test_eg_plus_names_wrong_learning_rate():
    with pytest.raises(ValueError, match=r"^extragradient: learning_rate must be at least 0"):
        mm.extragradient(-0.1, relaxation=0.5)
