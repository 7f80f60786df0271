"""GAN losses against their formulas, written out in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from minmax_jax.gan.losses import LOSSES, gradient_penalty

REAL = np.array([0.3, -1.2, 2.5, 0.9])
FAKE = np.array([-0.7, 0.1, 1.4, -2.2])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.maximum(x, 0)


CROSS_ENTROPY = -np.log(sigmoid(REAL)).mean() - np.log(1 - sigmoid(FAKE)).mean()
FORMULAS = {
    "saturating": (np.log(1 - sigmoid(FAKE)).mean(), CROSS_ENTROPY),
    "non-saturating": (-np.log(sigmoid(FAKE)).mean(), CROSS_ENTROPY),
    "hinge": (-FAKE.mean(), relu(1 - REAL).mean() + relu(1 + FAKE).mean()),
    "wasserstein": (-FAKE.mean(), FAKE.mean() - REAL.mean()),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_both_losses_are_the_formulas(name):
    real, fake = jnp.array(REAL), jnp.array(FAKE)
    loss = LOSSES[name]
    values = loss.min_loss(real, fake), loss.max_loss(real, fake)
    np.testing.assert_allclose(values, FORMULAS[name], rtol=1e-6)


def test_every_loss_has_its_formula_here():
    assert set(FORMULAS) == set(LOSSES)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("size", [1e4, -1e4])
def test_confident_logits_give_finite_losses_and_gradients(name, size):
    logits = jnp.array([size, -size])
    for loss in LOSSES[name][:2]:
        value, gradient = jax.value_and_grad(lambda f, loss=loss: loss(logits, f))(logits)
        assert np.isfinite(value) and np.isfinite(gradient).all()


def game(name):
    """A one-parameter generator against a linear discriminator."""
    noise, data = jnp.linspace(-1, 1, 9), jnp.linspace(0, 2, 9)

    def logits(z):
        return z.max * data, z.max * (noise + z.min)

    loss = LOSSES[name]
    losses = [lambda z, side=side: loss[side](*logits(z)) for side in range(2)]
    return mm.general_sum(*losses), mm.zero_sum(lambda z: -losses[1](z))


@pytest.mark.parametrize("name", LOSSES)
def test_zero_sum_is_said_of_the_losses_whose_gradients_are_one_payoffs(name):
    z = mm.Players(0.3, 2.5)  # some fakes are beyond the hinge's margin
    general, zero = (field_fn(z) for field_fn in game(name))
    np.testing.assert_allclose(general.max, zero.max, rtol=1e-5)
    assert LOSSES[name].zero_sum == bool(np.isclose(general.min, zero.min, rtol=1e-4))


def test_gradient_penalty_of_a_linear_discriminator_by_hand():
    weights = jnp.array([[3.0, 0.0], [0.0, 4.0]])  # one example is 2×2, the norm is 5

    def linear(x):
        return jnp.sum(x * weights, axis=(1, 2))

    real, fake = jnp.ones((3, 2, 2)), jnp.zeros((3, 2, 2))
    penalty = gradient_penalty(linear, real, fake, jnp.array([0.0, 0.5, 1.0]))
    np.testing.assert_allclose(penalty, 16.0, rtol=1e-6)


def test_gradient_penalty_looks_between_real_and_fake():
    def square(x):
        return 0.5 * jnp.sum(x**2, axis=-1)  # gradient x: the norm tells where it was asked

    real, fake = jnp.array([[4.0, 0.0]]), jnp.array([[0.0, 0.0]])
    for mix in (0.0, 0.25, 1.0):
        penalty = gradient_penalty(square, real, fake, jnp.array([mix]))
        np.testing.assert_allclose(penalty, (4 * mix - 1) ** 2, atol=1e-6)


def test_gradient_penalty_stops_at_the_generator_and_is_finite_at_zero_gradient():
    def penalty(scale, fake):
        mix = jnp.array([0.5])
        return gradient_penalty(lambda x: scale * jnp.sum(x**2, -1), jnp.ones((1, 2)), fake, mix)

    to_scale, to_fake = jax.grad(penalty, argnums=(0, 1))(1.0, jnp.ones((1, 2)) * 3)
    assert float(to_scale) != 0.0
    np.testing.assert_array_equal(to_fake, np.zeros((1, 2)))
    assert np.isfinite(jax.grad(penalty)(0.0, jnp.ones((1, 2))))
