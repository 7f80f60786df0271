"""A two-mode GAN with a linear generator and a cubic discriminator."""

import functools
import math

import jax

from minmax_jax._util import checks
from minmax_jax._util.products import product
from minmax_jax._util.types import Draw, Players
from minmax_jax.games._draw import as_key
from minmax_jax.games._game import Game
from minmax_jax.games._gan_losses import LOSSES, gan_functions
from minmax_jax.games.modes.model import modes_logit, modes_points, modes_start

LATENTS = ("one_hot", "sparse")
SOURCE = (
    "Jelassi, Dobre, Mensch, Li, Gidel, Dissecting adaptive methods in GANs, arXiv 2210.04319, "
    "2022, synthetic setting, not checked against the paper"
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
    """Creates a two-mode synthetic GAN that separates GDA from normalized GDA.

    Data are X = u₁ or u₂ with probability ½ each, for unit vectors with ⟨u₁, u₂⟩ = γ. The
    generator is G(z) = Σ_j z_j v_j and the discriminator is D(X) = σ(f(X)) with

        f(X) = a Σ_i ⟨w_i, X⟩³ + (λ/√d) b

    The payoff is `E log D(X) + E log(1 − D(G(z)))`. The game starts at b = 0,
    w_i ~ N(0, I/d), v_j ~ N(0, I/d²) and a = |N(0, 1/(m_D log d))|. Players are
    `min={"v": (m_G, d)}` and `max={"w": (m_D, d), "a": (), "b": ()}`. Without loss of
    generality, u₁ = e₁ and u₂ = γ e₁ + √(1−γ²) e₂. The model is not checked against the paper.

    Expectations over both modes and one-hot z are exact unless `batch_size` is given. Use
    float64 (`jax.enable_x64`): in float32 the discriminator's small gradients are lost.

    Args:
      key: PRNG key for the starting point, and for samples if `field_fn` receives integers as
        `draw`. `solve(key=...)` passes keys instead.
      dimension: Dimension d.
      correlation: Correlation γ in [0, 0.6]. Above 0.62, a single point in the direction of
        u₁ + u₂ has cosine 0.9 with both modes.
      num_neurons: Number m_D of neurons of the discriminator.
      num_latents: Number m_G of latents.
      bias_scale: Factor λ of the bias coefficient λ/√d. Defaults to √d, that is, coefficient
        one, where gradient descent–ascent fails; with λ = 1 it does not.
      linear_beyond: Threshold of |⟨w, X⟩| beyond which the cubic is replaced by its tangent, or
        None for no threshold.
      loss: `"saturating"` for a zero-sum game, or `"non-saturating"`, where the generator
        descends −E log D(G(z)).
      batch_size: Number of samples of X and of z per field evaluation, or None for exact
        expectations.
      latents: Distribution of z: `"one_hot"`, or `"sparse"` for z_j ~ Bernoulli(1/m_G), which
        requires a `batch_size`.

    Returns:
      A `Game` without a solution, because any latent may generate any mode.

    Raises:
      TypeError: If an argument has the wrong type.
      ValueError: If a number is out of range, `loss` or `latents` is unknown, or
        `latents="sparse"` is given without `batch_size`.

    Examples:
      With the same learning rates, SGDA generates noise and nSGDA reaches both modes:

      >>> import jax
      >>> import minmax_jax as mm
      >>> from minmax_jax import games
      >>> game = games.modes(jax.random.key(3), dimension=50)
      >>> learning_rates = mm.Players(min=0.03, max=0.1)
      >>> def end(optimizer):
      ...     result = mm.solve(optimizer, game.field_fn, game.start, 1000)
      ...     return games.OUTCOMES[int(games.modes_outcome(result.players))]
      >>> end(mm.sgda(learning_rates)), end(mm.nsgda(learning_rates, scope="global"))
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
        raise ValueError(
            "modes: latents='sparse' requires batch_size, because there is no exact sum over z."
        )
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

    field_fn, payoff_fn = gan_functions(logits, loss, stochastic=batch_size is not None)
    start = modes_start(start_key, dimension, num_neurons, num_latents)
    return Game(field_fn=field_fn, payoff_fn=payoff_fn, start=start, source=SOURCE)


def _sample(
    key: jax.Array, real: jax.Array, latents: jax.Array, batch_size: int, kind: str
) -> tuple[jax.Array, jax.Array]:
    """Samples a batch of X and a batch of G(z)."""
    x_key, z_key = jax.random.split(key)
    x = real[jax.random.randint(x_key, (batch_size,), 0, len(real))]
    if kind == "one_hot":
        return x, latents[jax.random.randint(z_key, (batch_size,), 0, len(latents))]
    z = jax.random.bernoulli(z_key, 1 / len(latents), (batch_size, len(latents)))
    return x, product(z.astype(latents.dtype), latents)


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
    checks.check_number("modes", "correlation", correlation, high=0.6, schedule=False)
    if bias_scale is not None:
        checks.check_number("modes", "bias_scale", bias_scale, schedule=False)
    if linear_beyond is not None:
        checks.check_number("modes", "linear_beyond", linear_beyond, schedule=False)
