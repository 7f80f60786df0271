"""Gradient penalties against closed forms and finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import minmax_jax as mm
from minmax_jax.gan.objective.losses import LOSSES
from minmax_jax.gan.objective.penalties import PENALTIES, Penalty, gradient_penalty

pytestmark = pytest.mark.usefixtures("full_precision")

RANDOM = np.random.default_rng(0)
REAL, FAKE = (RANDOM.normal(size=(3, 2)) for _ in range(2))
MIX = np.array([0.0, 0.3, 0.8])
BETWEEN = MIX[:, None] * REAL + (1 - MIX[:, None]) * FAKE
HESSIAN = np.array([[2.0, 0.5], [0.5, -1.0]])  # D(x) = ½ xᵀHx has gradient Hx


def squares(points):
    return ((points @ HESSIAN) ** 2).sum(axis=1)


QUADRATIC = {
    "wgan-gp": ((np.sqrt(squares(BETWEEN)) - 1) ** 2).mean(),
    "r1": squares(REAL).mean() / 2,
    "r2": squares(FAKE).mean() / 2,
    "r1+r2": (squares(REAL).mean() + squares(FAKE).mean()) / 2,
}


def quadratic(x):
    return 0.5 * jnp.sum(x * (x @ jnp.array(HESSIAN, x.dtype)), axis=-1)


def arrays():
    return tuple(jnp.array(x, jnp.float32) for x in (REAL, FAKE, MIX))


@pytest.mark.parametrize("name", PENALTIES)
def test_penalty_equals_closed_form_for_a_quadratic(name):
    np.testing.assert_allclose(PENALTIES[name](quadratic, *arrays()), QUADRATIC[name], rtol=1e-5)


@pytest.mark.parametrize("name", PENALTIES)
def test_penalty_equals_finite_differences(name):
    weights = RANDOM.normal(size=(2, 5))

    def discriminator(x, backend=np):
        return backend.sum(backend.tanh(x @ weights) * weights[0], axis=-1)

    def numerical(points, step=1e-5):
        sides = [
            (discriminator(points + e) - discriminator(points - e)) / (2 * step)
            for e in step * np.eye(2)
        ]
        return np.stack(sides, axis=-1)

    norms = {
        at: np.linalg.norm(numerical(x), axis=1)
        for at, x in (("real", REAL), ("fake", FAKE), ("between", BETWEEN))
    }
    half = {at: (norm**2).mean() / 2 for at, norm in norms.items()}
    expected = {
        "wgan-gp": ((norms["between"] - 1) ** 2).mean(),
        "r1": half["real"],
        "r2": half["fake"],
        "r1+r2": half["real"] + half["fake"],
    }
    with jax.enable_x64(True):
        value = PENALTIES[name](lambda x: discriminator(x, jnp), REAL, FAKE, MIX)
    np.testing.assert_allclose(value, expected[name], rtol=1e-7)


@pytest.mark.parametrize("name", PENALTIES)
@pytest.mark.parametrize("loss", ["wasserstein", "saturating"])
def test_penalized_zero_sum_loss_is_one_payoff(name, loss):
    """With D(x) = y·x²/2 and fakes x + noise, both forms of the game have equal fields."""
    real, noise, mix = arrays()
    penalty_fn = PENALTIES[name]

    def losses(z):
        discriminator = lambda inputs: 0.5 * z.max * jnp.sum(inputs**2, axis=-1)  # noqa: E731
        fake = noise + z.min
        x_loss, y_loss = (
            side(discriminator(real), discriminator(fake)) for side in LOSSES[loss][:2]
        )
        return x_loss, y_loss + 0.7 * penalty_fn(discriminator, real, fake, mix)

    z = mm.Players(0.4, 1.3)
    zero = mm.zero_sum(lambda z: -losses(z)[1])(z)
    general = mm.general_sum(lambda z: losses(z)[0], lambda z: losses(z)[1])(z)
    np.testing.assert_allclose(zero, general, rtol=1e-4)
    # By hand: ‖∇D‖ = y‖x‖ for y > 0, so R1 has the derivative y E‖x‖² in y, and so on.
    fakes = FAKE + 0.4
    between = MIX[:, None] * REAL + (1 - MIX[:, None]) * fakes
    square = lambda x: (x**2).sum(axis=1)  # noqa: E731
    r1, r2 = (1.3 * square(x).mean() for x in (REAL, fakes))
    norm = np.sqrt(square(between))
    slope = {"r1": r1, "r2": r2, "r1+r2": r1 + r2, "wgan-gp": (2 * (1.3 * norm - 1) * norm).mean()}
    plain = mm.general_sum(
        lambda z: losses(z)[0],
        lambda z: LOSSES[loss].max_loss(
            0.5 * z.max * jnp.sum(real**2, -1), 0.5 * z.max * jnp.sum((noise + z.min) ** 2, -1)
        ),
    )(z)
    np.testing.assert_allclose(zero.max - plain.max, 0.7 * slope[name], rtol=1e-4)
    np.testing.assert_allclose(zero.min, plain.min, rtol=1e-5)  # no penalty for the generator


def test_gradient_penalty_equals_hand_value_for_a_linear_case():
    weights = jnp.array([[3.0, 0.0], [0.0, 4.0]])  # one example is 2×2, and the norm is 5

    def linear(x):
        return jnp.sum(x * weights, axis=(1, 2))

    real, fake = jnp.ones((3, 2, 2)), jnp.zeros((3, 2, 2))
    penalty = gradient_penalty(linear, real, fake, jnp.array([0.0, 0.5, 1.0]))
    np.testing.assert_allclose(penalty, 16.0, rtol=1e-6)


def test_gradient_penalty_is_evaluated_at_mixed_points():
    def square(x):
        return 0.5 * jnp.sum(x**2, axis=-1)  # The gradient is x, so the norm shows the point.

    real, fake = jnp.array([[4.0, 0.0]]), jnp.array([[0.0, 0.0]])
    for mix in (0.0, 0.25, 1.0):
        penalty = gradient_penalty(square, real, fake, jnp.array([mix]))
        np.testing.assert_allclose(penalty, (4 * mix - 1) ** 2, atol=1e-6)


def test_gradient_penalty_is_finite_and_stops_at_the_generator():
    def penalty(scale, fake):
        mix = jnp.array([0.5])
        return gradient_penalty(lambda x: scale * jnp.sum(x**2, -1), jnp.ones((1, 2)), fake, mix)

    to_scale, to_fake = jax.grad(penalty, argnums=(0, 1))(1.0, jnp.ones((1, 2)) * 3)
    assert float(to_scale) != 0.0
    np.testing.assert_array_equal(to_fake, np.zeros((1, 2)))
    assert np.isfinite(jax.grad(penalty)(0.0, jnp.ones((1, 2))))


@pytest.mark.parametrize("name", PENALTIES)
def test_penalty_has_no_gradient_for_the_generator(name):
    real, fake, mix = arrays()
    gradient = jax.grad(lambda fake: PENALTIES[name](quadratic, real, fake, mix))(fake)
    np.testing.assert_array_equal(gradient, np.zeros_like(fake))


def lazy(weights, due):
    discriminator = lambda x: jnp.sum(jnp.tanh(x @ weights), axis=-1)  # noqa: E731
    return Penalty(PENALTIES["r1"], weight=0.5, every=4)(discriminator, *arrays(), due)


def test_lazy_penalty_has_interval_times_weight_when_due():
    weights = jnp.ones((2, 3))
    field = jax.jit(jax.value_and_grad(lazy))
    plain, slope = field(weights, jnp.array(False))
    assert plain == 0 and not np.any(slope)
    value, slope = field(weights, jnp.array(True))
    whole, whole_slope = jax.value_and_grad(lambda w: lazy(w, True))(weights)  # every update
    np.testing.assert_allclose(value, 4 * whole, rtol=1e-6)
    np.testing.assert_allclose(slope, 4 * whole_slope, rtol=1e-5)


def test_lazy_penalty_is_computed_in_a_branch_only():
    """If the penalty is not due, no tanh and no product is computed."""
    jaxpr = jax.make_jaxpr(jax.grad(lazy))(jnp.ones((2, 3)), jnp.array(True))
    outside = {equation.primitive.name for equation in jaxpr.eqns}
    assert "cond" in outside and not outside & {"tanh", "dot_general", "logistic"}
    branches = [e.params["branches"] for e in jaxpr.eqns if e.primitive.name == "cond"]
    skipped = {e.primitive.name for pair in branches for e in pair[0].eqns}
    assert not skipped & {"tanh", "dot_general"}
