"""The Dirac-GAN in eight variants."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.nn import log_sigmoid, sigmoid

from minmax_jax._util import checks
from minmax_jax._util.types import Players, PyTree
from minmax_jax.field import general_sum, payoff, zero_sum
from minmax_jax.games._game import Game

STRENGTHS = {
    "gan": None,
    "non-saturating": None,
    "wgan": 1.0,
    "wgan-gp": 0.7,
    "instance-noise": 0.7,
    "gradient-penalty": 0.3,
    "critical-gradient-penalty": 1.0,
    "consensus": 1.0,
}
"""The eight variants and their strengths in the authors' notebook."""

SOURCE = "Mescheder, Geiger, Nowozin, arXiv 1801.04406, 2018; strengths from their notebook"


def dirac_gan(variant: str = "gan", *, strength: float | None = None, target: float = 1.0) -> Game:
    """Creates the Dirac-GAN with data δ₀, generator δ_θ and discriminator D(x) = σ(ψ x).

    With f(t) = log σ(t), the payoff is `L = f(θψ) + f(0)`; θ minimizes it. The variants are

        gan                         L
        non-saturating              θ descends −f(−θψ), ψ ascends L
        wgan                        θψ, with ψ clipped to ±strength by `projection`
        wgan-gp                     θψ − (strength/2)(|ψ| − target)²
        instance-noise              E f(ψ(θ + ε)) + E f(−ψε'),  ε, ε' ~ N(0, strength²)
        gradient-penalty            L − (strength/2) ψ², by default below the critical strength 1
        critical-gradient-penalty   the same with strength 1: both eigenvalues are ½
        consensus                   each player's loss + (strength/2)‖F_L‖², F_L the field of L

    With the strength γ, the eigenvalues of the field's Jacobian at (0, 0) are ±i/2 for gan and
    non-saturating, ±i for wgan, γ²/4 ± √(γ⁴/16 − ¼) with noise, γ/2 ± √(γ²/4 − ¼) with
    gradient penalty, and γ/4 ± i/2 with consensus. Gradient descent–ascent converges if the
    real parts are positive.

    Expectations over the noise are Gauss–Hermite sums with 16 nodes. The notebook halves one
    term of ∇½‖F‖² in consensus; here the gradient is exact.

    Args:
      variant: Name of the variant.
      strength: Strength γ. Defaults to the notebook's.
      target: Gradient norm at which the penalty of wgan-gp vanishes.

    Returns:
      A `Game` of `Players(min={"theta": ()}, max={"psi": ()})` that starts at ones.
      `payoff_fn` is None for non-saturating and consensus, which are not zero-sum. The
      solution is zero. For wgan-gp with a positive target, `solution` is None: at θ = 0,
      the payoff, which ψ maximizes, has a local minimum at ψ = 0.

    Raises:
      TypeError: If `strength` or `target` is not a number.
      ValueError: If `variant` is unknown, or a number is negative.

    Examples:
      Gradient descent–ascent converges with a gradient penalty, but not without:

      >>> import minmax_jax as mm
      >>> for variant in ("gan", "gradient-penalty"):
      ...     game = mm.games.dirac_gan(variant)
      ...     end = mm.solve(mm.sgda(0.2), game.field_fn, game.start, 500).players
      ...     print(variant, bool(abs(end.min["theta"]) < 1e-3))
      gan False
      gradient-penalty True

    References:
      Mescheder, Geiger, Nowozin, `Which training methods for GANs do actually converge?
      <https://arxiv.org/abs/1801.04406>`_, 2018.
    """
    checks.check_choice("dirac_gan", "variant", variant, tuple(STRENGTHS))
    gamma = STRENGTHS[variant] if strength is None else strength
    if gamma is not None:
        checks.check_number("dirac_gan", "strength", gamma, schedule=False)
    checks.check_number("dirac_gan", "target", target, schedule=False)
    start = Players({"theta": jnp.ones(())}, {"psi": jnp.ones(())})
    zero = jax.tree.map(jnp.zeros_like, start)
    game = _game(start, variant, gamma, target)
    solution = None if variant == "wgan-gp" and target > 0 else zero
    return game._replace(solution=solution, source=SOURCE)


def _game(start: Players, variant: str, gamma: Any, target: float) -> Game:
    """Returns the game of a variant, without solution and source."""
    if variant == "non-saturating":
        return _general(start, lambda t, s: -log_sigmoid(-t * s), lambda t, s: -_payoff(t, s))
    if variant == "consensus":
        return _general(
            start,
            lambda t, s: _payoff(t, s) + gamma * _energy(t, s),
            lambda t, s: -_payoff(t, s) + gamma * _energy(t, s),
        )
    payoffs: dict[str, Callable[[Any, Any], Any]] = {
        "gan": _payoff,
        "wgan": lambda t, s: t * s,
        "wgan-gp": lambda t, s: t * s - 0.5 * gamma * (jnp.abs(s) - target) ** 2,
        "instance-noise": lambda t, s: _noisy_payoff(t, s, gamma),
        "gradient-penalty": lambda t, s: _payoff(t, s) - 0.5 * gamma * s**2,
        "critical-gradient-penalty": lambda t, s: _payoff(t, s) - 0.5 * gamma * s**2,
    }
    value = _of_players(payoffs[variant])
    projection = _clip_psi(gamma) if variant == "wgan" else None
    return Game(zero_sum(value), payoff(value), start, projection=projection)


def _of_players(function: Callable[[Any, Any], Any]) -> Callable[[Players], Any]:
    return lambda z: function(z.min["theta"], z.max["psi"])


def _general(
    start: Players, min_loss: Callable[[Any, Any], Any], max_loss: Callable[[Any, Any], Any]
) -> Game:
    return Game(general_sum(_of_players(min_loss), _of_players(max_loss)), None, start)


def _payoff(theta: jax.Array, psi: jax.Array) -> jax.Array:
    return log_sigmoid(theta * psi) + log_sigmoid(0 * psi)


def _energy(theta: jax.Array, psi: jax.Array) -> jax.Array:
    """Returns ½‖F_L‖², where F_L = f'(θψ)·(ψ, −θ) is the field of the payoff L = f(θψ) + f(0)."""
    return 0.5 * (theta**2 + psi**2) * sigmoid(-theta * psi) ** 2


def _noisy_payoff(theta: jax.Array, psi: jax.Array, stddev: Any) -> jax.Array:
    nodes, weights = np.polynomial.hermite_e.hermegauss(16)
    noise = stddev * jnp.asarray(nodes, theta.dtype)
    weights = jnp.asarray(weights / weights.sum(), theta.dtype)
    values = log_sigmoid(psi * (theta + noise)) + log_sigmoid(-psi * noise)
    return jnp.sum(weights * values)


def _clip_psi(bound: Any) -> Callable[[PyTree], PyTree]:
    """Returns a projection that clips ψ in `Players` or in one player's parameters."""

    def clip(tree: PyTree) -> PyTree:
        def leaf(path: Any, x: jax.Array) -> jax.Array:
            return jnp.clip(x, -bound, bound) if path[-1].key == "psi" else x

        return jax.tree_util.tree_map_with_path(leaf, tree)

    return clip
