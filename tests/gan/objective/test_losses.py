"""GAN losses against their formulas, written out in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from minmax_jax.gan.objective.losses import LOSSES

REAL = np.array([0.3, -1.2, 2.5, 0.9])
FAKE = np.array([-0.7, 0.1, 1.4, -2.2])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.maximum(x, 0)


BUILT_IN = set(LOSSES)  # before another test registers its own
CROSS_ENTROPY = -np.log(sigmoid(REAL)).mean() - np.log(1 - sigmoid(FAKE)).mean()
FORMULAS = {
    "saturating": (np.log(1 - sigmoid(FAKE)).mean(), CROSS_ENTROPY),
    "non-saturating": (-np.log(sigmoid(FAKE)).mean(), CROSS_ENTROPY),
    "hinge": (-FAKE.mean(), relu(1 - REAL).mean() + relu(1 + FAKE).mean()),
    "wasserstein": (-FAKE.mean(), FAKE.mean() - REAL.mean()),
    "least-squares": (
        ((FAKE - 1) ** 2).mean() / 2,
        ((REAL - 1) ** 2).mean() / 2 + (FAKE**2).mean() / 2,
    ),
    "relativistic": (
        np.log(1 + np.exp(REAL - FAKE)).mean(),
        np.log(1 + np.exp(FAKE - REAL)).mean(),
    ),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_losses_equal_their_formulas(name):
    real, fake = jnp.array(REAL), jnp.array(FAKE)
    loss = LOSSES[name]
    values = loss.min_loss(real, fake), loss.max_loss(real, fake)
    np.testing.assert_allclose(values, FORMULAS[name], rtol=1e-6)


def test_every_loss_has_a_formula_here():
    assert set(FORMULAS) == BUILT_IN


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_large_logits_give_finite_losses_and_gradients(name, size):
    logits = jnp.array([size, -size])
    for loss in LOSSES[name][:2]:
        value, gradient = jax.value_and_grad(lambda f, loss=loss: loss(logits, f))(logits)
        assert np.isfinite(value) and np.isfinite(gradient).all()


def game(name):
    """Returns both forms of a game with a one-parameter generator and a linear discriminator."""
    noise, data = jnp.linspace(-1, 1, 9), jnp.linspace(0, 2, 9)

    def logits(z):
        return z.max * data, z.max * (noise + z.min)

    loss = LOSSES[name]
    losses = [lambda z, side=side: loss[side](*logits(z)) for side in range(2)]
    return mm.general_sum(*losses), mm.zero_sum(lambda z: -losses[1](z))


@pytest.mark.parametrize("name", LOSSES)
def test_zero_sum_flag_agrees_with_the_gradients(name):
    z = mm.Players(0.3, 2.5)  # Some fake logits exceed the hinge's margin.
    general, zero = (field_fn(z) for field_fn in game(name))
    np.testing.assert_allclose(general.max, zero.max, rtol=1e-5)
    assert LOSSES[name].zero_sum == bool(np.isclose(general.min, zero.min, rtol=1e-4))
