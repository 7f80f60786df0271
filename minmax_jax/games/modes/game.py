"""A GAN small enough to follow: two modes, a linear generator, a cubic discriminator."""

import functools
import math
from typing import Any

import jax
from jax.nn import log_sigmoid

from minmax_jax._util import checks
from minmax_jax._util.types import Draw, FieldFn, Players
from minmax_jax.field import general_sum, payoff, zero_sum
from minmax_jax.games._draw import as_key
from minmax_jax.games._game import Game
from minmax_jax.games.modes.model import modes_logit, modes_points, modes_start

LOSSES = ("saturating", "non-saturating")
LATENTS = ("one_hot", "sparse")
SOURCE = (
    "Jelassi, Dobre, Mensch, Li, Gidel, Dissecting adaptive methods in GANs, arXiv 2210.04319, "
    "2022, the synthetic setting: recalled, not checked against the text"
)


def modes(
    key: jax.Array,
    *,
    dimension: int = 300,
    correlation: float = 0.3,
    num_neurons: int = 7,
    num_latents: int = 10,
    bias_scale: float | None = None,
    linear_beyond: float | None = None,
    loss: str = "saturating",
    batch_size: int | None = None,
    latents: str = "one_hot",
) -> Game:
    """Makes the two-mode GAN on which descent–ascent and its normalised form part.

    Data are X = u₁ or u₂, each with probability ½, unit vectors with ⟨u₁, u₂⟩ = γ. The
    generator is G(z) = Σ_j z_j v_j, the discriminator D(X) = σ(f(X)) with
    `f(X) = a Σ_i ⟨w_i, X⟩³ + (λ/√d) b`, and the payoff is
    `E log D(X) + E log(1 − D(G(z)))`. It starts at b = 0, w_i ~ N(0, I/d),
    v_j ~ N(0, I/d²) and a = |N(0, 1/(m_D log d))|. Players are `min={"v": (m_G, d)}`,
    `max={"w": (m_D, d), "a": (), "b": ()}`. Without loss of generality u₁ = e₁ and
    u₂ = γ e₁ + √(1−γ²) e₂. The model is recalled, not checked against the paper's text.

    Expectations are exact, over both modes and one-hot z, unless `batch_size` asks for
    samples. Derivatives of log(1 − D) are formed as σ(f), those of log D as σ(−f), never as
    one minus the other; use float64 all the same (`jax.enable_x64`), since in float32 the
    discriminator's last signal is lost.

    Args:
      key: PRNG key of the start, and of the samples where `field_fn` is called with an
        integer draw (`solve(key=)` sends keys of its own).
      dimension: d.
      correlation: γ in [0, 0.6]; beyond .62 one point at u₁ + u₂ has cosine .9 with both.
      num_neurons: m_D.
      num_latents: m_G.
      bias_scale: λ; the bias enters f with the coefficient λ/√d. None means √d, coefficient
        one, where plain descent–ascent fails; it does not at λ = 1.
      linear_beyond: where the cubic goes on as its tangent, |⟨w, X⟩| > this; None: nowhere.
      loss: "saturating", a zero-sum game, or "non-saturating": G descends −E log D(G(z)).
      batch_size: samples of X and of z in each field evaluation; None: none, exact.
      latents: "one_hot", or "sparse": z_j ~ Bernoulli(1/m_G), which needs a batch_size.

    Returns:
      A `Game` with no solution given: which latent serves which mode is free.

    Raises:
      TypeError, ValueError: for a size, correlation, loss or latents out of range.

    Examples:
      >>> import jax
      >>> import minmax_jax as mm
      >>> from minmax_jax import games
      >>> game = games.modes(jax.random.key(3), dimension=50)
      >>> rates = mm.Players(min=0.03, max=0.1)
      >>> def end(optimizer):
      ...     result = mm.solve(optimizer, game.field_fn, game.start, 1000)
      ...     return games.OUTCOMES[int(games.modes_outcome(result.players))]
      >>> end(mm.sgda(rates)), end(mm.nsgda(rates, scope="global"))
      ('noise', 'both')

    References:
      Jelassi, Dobre, Mensch, Li, Gidel, `Dissecting adaptive methods in GANs
      <https://arxiv.org/abs/2210.04319>`_, 2022.
    """
    _check(dimension, correlation, num_neurons, num_latents, bias_scale, linear_beyond)
    checks.check_choice("modes", "loss", loss, LOSSES)
    checks.check_choice("modes", "latents", latents, LATENTS)
    if batch_size is not None:
        checks.check_count("modes", "batch_size", batch_size)
    elif latents == "sparse":
        raise ValueError("modes: latents='sparse' needs batch_size: there is no exact sum over z.")
    coefficient = 1.0 if bias_scale is None else bias_scale / math.sqrt(dimension)
    logit = functools.partial(
        modes_logit, bias_coefficient=coefficient, linear_beyond=linear_beyond
    )
    start_key, sample_key = jax.random.split(key)

    def logits(players: Players, draw: Draw = 0) -> tuple[jax.Array, jax.Array]:
        real, fake = modes_points(correlation), players.min["v"]
        if batch_size is not None:
            real, fake = _sample(as_key(sample_key, draw), real, fake, batch_size, latents)
        return logit(players.max, real), logit(players.max, fake)

    field_fn, payoff_fn = _losses(logits, loss, stochastic=batch_size is not None)
    start = modes_start(start_key, dimension, num_neurons, num_latents)
    return Game(field_fn=field_fn, payoff_fn=payoff_fn, start=start, source=SOURCE)


def _losses(logits: Any, loss: str, stochastic: bool) -> tuple[FieldFn, Any]:
    """Makes the field, and the payoff where there is one."""

    def value(players: Players, draw: Draw = 0) -> jax.Array:
        real, fake = logits(players, draw)
        return log_sigmoid(real).mean() + log_sigmoid(-fake).mean()

    def generator_loss(players: Players, draw: Draw = 0) -> jax.Array:
        return -log_sigmoid(logits(players, draw)[1]).mean()

    def discriminator_loss(players: Players, draw: Draw = 0) -> jax.Array:
        return -value(players, draw)

    if loss == "saturating":
        return zero_sum(value, stochastic=stochastic), payoff(value, stochastic=stochastic)
    return general_sum(generator_loss, discriminator_loss, stochastic=stochastic), None


def _sample(
    key: jax.Array, real: jax.Array, latents: jax.Array, batch_size: int, kind: str
) -> tuple[jax.Array, jax.Array]:
    """Draws a batch of X and a batch of G(z)."""
    x_key, z_key = jax.random.split(key)
    x = real[jax.random.randint(x_key, (batch_size,), 0, len(real))]
    if kind == "one_hot":
        return x, latents[jax.random.randint(z_key, (batch_size,), 0, len(latents))]
    z = jax.random.bernoulli(z_key, 1 / len(latents), (batch_size, len(latents)))
    return x, z.astype(latents.dtype) @ latents


def _check(
    dimension: int,
    correlation: float,
    num_neurons: int,
    num_latents: int,
    bias_scale: float | None,
    linear_beyond: float | None,
) -> None:
    checks.check_count("modes", "dimension", dimension, at_least=2)
    checks.check_count("modes", "num_neurons", num_neurons)
    checks.check_count("modes", "num_latents", num_latents)
    checks.check_number("modes", "correlation", correlation, high=0.6)
    if bias_scale is not None:
        checks.check_number("modes", "bias_scale", bias_scale)
    if linear_beyond is not None:
        checks.check_number("modes", "linear_beyond", linear_beyond)
