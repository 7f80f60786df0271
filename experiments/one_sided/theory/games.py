"""Games that satisfy only the one-sided MVI, and one that satisfies neither MVI.

One-sided MVI: there is x* with ⟨∇_x f(x, y), x − x*⟩ ≥ 0 for all (x, y). Two-sided: there is z*
with ⟨F(z), z − z*⟩ ≥ 0 for all z, F = (∇_x f, −∇_y f). All games are functions of u = Qx
with a fixed orthogonal Q, so that coordinate-wise methods have no advantage. Here x ∈ R^d, y ∈ R^d,
and φ(u) = u²/(1 + u²), which is not convex and has φ'(u) u = 2u²/(1 + u²)² ≥ 0.
"""

import jax
import jax.numpy as jnp
import numpy as np

import minmax_jax as mm

DIMENSION = 8
SLOPE = 1.0
"""Constant c of `drift` and `neither`."""

DRIFT_LIPSCHITZ_X = 6.0
"""Lipschitz constant of ∇_x f of `drift` in x, since |s| ≤ 3 and |φ''| ≤ 2.

The constant in y is smaller, since |s'| ≤ 1 and |φ'| ≤ 0.65.
"""

DRIFT_LIPSCHITZ_XY = 6.0352
"""Lipschitz constant of ∇_x f of `drift` in (x, y).

Each coordinate contributes √(s²φ''² + s'²φ'²), which is below √(36 + 27/64).
"""

RESONANCE_LIPSCHITZ_X = 4.0
"""Lipschitz constant of ∇_x f of `resonance` in x, since |s| ≤ 2 and |φ''| ≤ 2."""

RESONANT_LEARNING_RATE = 0.5
"""Learning rate of the max player at which extragradient does not move x in `resonance`."""


def bump(u):
    """Computes φ(u) = u²/(1 + u²)."""
    return u**2 / (1 + u**2)


def _rotation(dimension):
    noise = np.random.default_rng(0).normal(size=(dimension, dimension))
    return jnp.asarray(np.linalg.qr(noise)[0], float)


def _start(seed, dimension):
    keys = jax.random.split(jax.random.key(seed), 2)
    return mm.Players(*(jax.random.normal(key, (dimension,)) for key in keys))


def _game(payoff, start):
    return mm.games.Game(mm.zero_sum(payoff), mm.payoff(payoff), start=start)


def drift(seed=0, dimension=DIMENSION):
    """Returns the game f = Σ (2 + sin y_i) φ(u_i) + c Σ y_i, in which y diverges.

    It satisfies the one-sided MVI with x* = 0: ⟨∇_x f, x⟩ = Σ (2 + sin y_i) φ'(u_i) u_i ≥ 0.
    It does not satisfy the two-sided MVI: at (0, y), ⟨F, z − z*⟩ = −c Σ (y_i − y*_i), which is
    negative if Σ y_i > Σ y*_i, for every z*. As x tends to 0, ∂f/∂y_i = cos(y_i) φ(u_i) + c tends
    to c, so the norm of the max player's gradient stays at c√d.
    """
    rotation = _rotation(dimension)

    def payoff(z):
        return jnp.sum((2 + jnp.sin(z.max)) * bump(rotation @ z.min) + SLOPE * z.max)

    return _game(payoff, _start(seed, dimension))


def resonance(seed=0, dimension=DIMENSION):
    """Returns the game f = Σ (1 + sin y_i) φ(u_i) + h(y_i), on which extragradient stalls.

    It satisfies the one-sided MVI with x* = 0, as `drift` does, since 1 + sin y ≥ 0. It does not
    satisfy the two-sided MVI: h' is positive, so at x = 0, ⟨F, z − z*⟩ = −Σ h'(y_i)(y_i − y*_i) is
    negative for large y.

    Let h'(y) = (π/α)(3 − sin y)/2 − k cos y, where α is the max player's learning rate. From
    y_t = π/2, the extrapolation step ends at 3π/2, where 1 + sin y = 0 and the gradient of x
    vanishes. The update step, with h'(3π/2) = 2π/α, ends at π/2 + 2π. So x does not move although
    ∇_x f(x_t, y_t) ≠ 0. If k > φ, this orbit is attractive: an update maps a shift ε of y to
    ε(1 − a(1 + a)) with a = α(k − φ). Therefore the bound needs its term of the max player's
    motion, (4L²/T) Σ ‖y_{t+½} − y_t‖².
    """
    rotation, alpha, k = _rotation(dimension), RESONANT_LEARNING_RATE, 1.5

    def h(y):
        return (jnp.pi / alpha) * (1.5 * y + 0.5 * jnp.cos(y)) - k * jnp.sin(y)

    def payoff(z):
        return jnp.sum((1 + jnp.sin(z.max)) * bump(rotation @ z.min) + h(z.max))

    start = _start(seed, dimension)
    return _game(payoff, start._replace(max=jnp.pi / 2 + 0.1 * start.max))


def neither(seed=0, dimension=DIMENSION):
    """Returns the game f = Σ u_i sin y_i + c Σ y_i, which satisfies neither MVI.

    ⟨∇_x f, x − x*⟩ = Σ sin(y_i)(u_i − u*_i) changes sign with sin y for every x ≠ x*. The
    conclusion of the bound fails: ‖∇_x f‖² = Σ sin² y_i is d/2 on average while y grows.
    """
    rotation = _rotation(dimension)

    def payoff(z):
        return jnp.sum((rotation @ z.min) * jnp.sin(z.max) + SLOPE * z.max)

    return _game(payoff, _start(seed, dimension))


GAMES = {"drift": drift, "resonance": resonance, "neither": neither}
