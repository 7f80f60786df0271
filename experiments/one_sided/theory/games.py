"""Games that satisfy the one-sided MVI and not the two-sided one, and one that satisfies neither.

One-sided MVI: there is x* with ⟨∇_x f(x, y), x − x*⟩ ≥ 0 for all (x, y). Two-sided: there is z*
with ⟨F(z), z − z*⟩ ≥ 0 for all z, F = (∇_x f, −∇_y f). All are written in u = Qx with a fixed
orthogonal Q, so that no method is helped by axes; x ∈ R^d, y ∈ R^d,
φ(u) = u²/(1 + u²), which is not convex, and φ'(u) u = 2u²/(1 + u²)² ≥ 0.
"""

import jax
import jax.numpy as jnp
import numpy as np

import minmax_jax as mm

DIMENSION = 8
SLOPE = 1.0
"""c of `drift` and `neither`."""

DRIFT_LIPSCHITZ_APART = 6.0
"""Of ∇_x f in x alone: |s| ≤ 3 and |φ''| ≤ 2; in y alone it is less: |s'| ≤ 1, |φ'| ≤ .65."""

DRIFT_LIPSCHITZ_TOGETHER = 6.0352
"""In (x, y): √(s²φ''² + s'²φ'²) in each coordinate, below √(36 + 27/64)."""

RESONANCE_LIPSCHITZ_APART = 4.0
"""As that of `drift`, with |s| ≤ 2."""

RESONANT_RATE = 0.5
"""The max player's rate at which `resonance` is tuned to leave x alone."""


def bump(u):
    """φ(u) = u²/(1 + u²)."""
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
    """f = Σ (2 + sin y_i) φ(u_i) + c Σ y_i: the max player climbs for ever.

    One-sided MVI with x* = 0: ⟨∇_x f, x⟩ = Σ (2 + sin y_i) φ'(u_i) u_i ≥ 0.
    No two-sided MVI: at (0, y), ⟨F, z − z*⟩ = −c Σ (y_i − y*_i), negative once Σ y_i > Σ y*_i,
    whatever z* is. ∂f/∂y_i = cos(y_i) φ(u_i) + c tends to c as x tends to 0: the max player's
    gradient norm stays at c√d, and it never rests.
    """
    rotation = _rotation(dimension)

    def payoff(z):
        return jnp.sum((2 + jnp.sin(z.max)) * bump(rotation @ z.min) + SLOPE * z.max)

    return _game(payoff, _start(seed, dimension))


def resonance(seed=0, dimension=DIMENSION):
    """f = Σ (1 + sin y_i) φ(u_i) + h(y_i): at one rate extragradient always looks away.

    One-sided MVI with x* = 0, as in `drift`, since 1 + sin y ≥ 0. No two-sided MVI either: h'
    is positive, so that at x = 0 ⟨F, z − z*⟩ = −Σ h'(y_i)(y_i − y*_i) < 0 for large y.

    With h'(y) = (π/α)(3 − sin y)/2 − k cos y and a step α of the max player, y_t = π/2 has its
    trial point at 3π/2, where 1 + sin y = 0 and x feels nothing, and its real step, with
    h'(3π/2) = 2π/α, ends at π/2 + 2π: x does not move although ∇_x f(x_t, y_t) ≠ 0. With
    k > φ the orbit attracts: a shift ε of y becomes ε(1 − a(1 + a)), a = α(k − φ), in an
    update. So the bound's term of the motion, (4L²/T) Σ ‖y_{t+½} − y_t‖², is needed.
    """
    rotation, alpha, k = _rotation(dimension), RESONANT_RATE, 1.5

    def climb(y):
        return (jnp.pi / alpha) * (1.5 * y + 0.5 * jnp.cos(y)) - k * jnp.sin(y)

    def payoff(z):
        return jnp.sum((1 + jnp.sin(z.max)) * bump(rotation @ z.min) + climb(z.max))

    start = _start(seed, dimension)
    return _game(payoff, start._replace(max=jnp.pi / 2 + 0.1 * start.max))


def neither(seed=0, dimension=DIMENSION):
    """f = Σ u_i sin y_i + c Σ y_i: no one-sided MVI, and a gradient that need not vanish.

    ⟨∇_x f, x − x*⟩ = Σ sin(y_i)(u_i − u*_i) changes sign with sin y for every x ≠ x*. The bound's
    conclusion fails: ‖∇_x f‖² = Σ sin² y_i is d/2 on average while y drifts.
    """
    rotation = _rotation(dimension)

    def payoff(z):
        return jnp.sum((rotation @ z.min) * jnp.sin(z.max) + SLOPE * z.max)

    return _game(payoff, _start(seed, dimension))


GAMES = {"drift": drift, "resonance": resonance, "neither": neither}
