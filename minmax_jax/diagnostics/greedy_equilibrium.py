"""Whether a point is a greedy equilibrium: how often a proposal, answered, still pays."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from minmax_jax._util import calls, checks, norms
from minmax_jax._util.types import FieldFn, PayoffFn, Players
from minmax_jax.transforms.greedy.ascent import climb


class GreedyEquilibrium(NamedTuple):
    """How near a point is to an (ε, δ, ω)-greedy equilibrium.

    Attributes:
      gradient_norm: ‖∇_y f‖ at the point, to be held against ε.
      omega: the share of proposals that improve by δ or more.
      low: lower end of its confidence interval.
      high: upper end.
      unbounded: the share of proposals whose ascent diverged; they improve nothing.
    """

    gradient_norm: jax.Array
    omega: jax.Array
    low: jax.Array
    high: jax.Array
    unbounded: jax.Array


def greedy_equilibrium(
    field_fn: FieldFn,
    payoff_fn: PayoffFn,
    players: Players,
    *,
    proposal: optax.GradientTransformation,
    ascent: optax.GradientTransformation,
    key: jax.Array,
    num_samples: int,
    max_ascent_steps: int,
    gradient_tolerance: Any,
    min_improvement: Any,
    confidence: float = 0.95,
    states: Players | None = None,
) -> GreedyEquilibrium:
    """Estimates ω of an (ε, δ, ω)-equilibrium by sampling proposals.

    (x, y) is one where ‖∇_y f(x, y)‖ ≤ ε and a proposal x' = x + X, followed by ascent from
    y to w until ‖∇_y f(x', w)‖ ≤ ε, has f(x', w) ≤ f(x, y) − δ with probability below ω. Each
    sample makes one proposal and one ascent, as an update of `mm.greedy` does at (x, y), with
    a key of its own; both payoffs of a sample are taken on the draw after those of its
    ascent. ω̂ has the exact interval of Clopper and Pearson, which covers ω with at least the
    stated confidence: `high` is what a claim "ω is below …" may use (with n samples of which
    none pays, 1 − ((1 − confidence)/2)^{1/n}).

    Samples count as independent when the proposal draws from `key=` (`mm.add_noise`) and the
    oracles are deterministic or draw by the key that the caller folds into them; a
    deterministic proposal on a deterministic payoff gives one sample n times over.

    Price: 1 + n (K + 1) fields at most and 2n payoffs, one sample after the other.

    Args:
      field_fn: the field.
      payoff_fn: the payoff.
      players: (x, y).
      proposal: as in `mm.greedy`.
      ascent: as in `mm.greedy`.
      key: a PRNG key.
      num_samples: n.
      max_ascent_steps: K.
      gradient_tolerance: ε; None for exactly K steps.
      min_improvement: δ.
      confidence: of the two-sided interval.
      states: `Players` of the states of proposal and ascent (`min` and `max` of a
        `GreedyState`); fresh ones by default.

    Returns:
      A `GreedyEquilibrium`.

    Raises:
      TypeError, ValueError: for arguments out of range.

    Examples:
      The origin of F1 = −3x² − y² + 4xy is an equilibrium, (5.5, 11) is none:

      >>> import jax, optax
      >>> import minmax_jax as mm
      >>> game = mm.games.keswani("F1")
      >>> for point in (mm.Players(0.0, 0.0), mm.Players(5.5, 11.0)):
      ...     found = mm.diagnostics.greedy_equilibrium(
      ...         game.field_fn, game.payoff_fn, point,
      ...         proposal=optax.chain(optax.set_to_zero(), mm.add_noise(0.5)),
      ...         ascent=optax.sgd(0.05), key=jax.random.key(0), num_samples=100,
      ...         max_ascent_steps=500, gradient_tolerance=1e-3, min_improvement=0.03,
      ...     )
      ...     print(f"{found.omega:.2f}, at most {found.high:.2f}")
      0.00, at most 0.04
      0.49, at most 0.59

    References:
      Mangoubi, Vishnoi et al., `A convergent and dimension-independent min-max optimization
      algorithm <https://arxiv.org/abs/2006.12376>`_, 2022 (the definition is recalled).
      Clopper, Pearson, The use of confidence or fiducial limits, Biometrika 26, 1934.
    """
    name = "greedy_equilibrium"
    checks.check_oracle(name, players, players, field_fn)
    checks.check_payoff(name, payoff_fn)
    for argument, tx in (("proposal", proposal), ("ascent", ascent)):
        checks.check_transformation(name, argument, tx)
    for argument, count in (("num_samples", num_samples), ("max_ascent_steps", max_ascent_steps)):
        checks.check_count(name, argument, count)
    if gradient_tolerance is not None:
        checks.check_number(name, "gradient_tolerance", gradient_tolerance)
    checks.check_number(name, "min_improvement", min_improvement)
    checks.check_number(name, "confidence", confidence, high=1.0)
    # Any: Optax's aliases for trees do not know Players.
    min_tx: Any = optax.with_extra_args_support(proposal)
    max_tx: Any = optax.with_extra_args_support(ascent)
    players = Players(*jax.tree.map(jnp.asarray, players))
    states = states or Players(min_tx.init(players.min), max_tx.init(players.max))
    field, draw = field_fn(players, 0), max_ascent_steps + 1

    def sample(index: jax.Array) -> tuple[jax.Array, jax.Array]:
        extra = {"key": jax.random.fold_in(key, index), "update_count": index}
        step, _ = min_tx.update(field.min, states.min, players.min, **calls.inner_call(extra, 0))
        there = Players(optax.apply_updates(players.min, step), players.max)
        answer = climb(
            max_tx, field_fn, there, states.max, extra, max_steps=max_ascent_steps,
            tolerance=gradient_tolerance, bound=jnp.inf,
        )  # fmt: skip
        end = there._replace(max=optax.apply_updates(there.max, answer.step))
        value = payoff_fn(end, draw)
        diverged = answer.diverged | ~jnp.isfinite(value)
        return (value <= payoff_fn(players, draw) - min_improvement) & ~diverged, diverged

    pays, diverged = lax.map(sample, jnp.arange(num_samples))
    low, high = binomial_interval(jnp.sum(pays), num_samples, confidence)
    return GreedyEquilibrium(
        gradient_norm=norms.norm(field.max),
        omega=jnp.mean(pays.astype(low.dtype)),
        low=low,
        high=high,
        unbounded=jnp.mean(diverged.astype(low.dtype)),
    )


def binomial_interval(
    successes: Any, trials: int, confidence: Any = 0.95
) -> tuple[jax.Array, jax.Array]:
    """Returns the exact two-sided interval (Clopper and Pearson) for a probability.

    By bisection of the incomplete beta function: P(S ≥ s | low) = P(S ≤ s | high) = α/2.

    Args:
      successes: s, a whole number of any shape.
      trials: n.
      confidence: 1 − α.
    """
    s = jnp.asarray(successes, float)
    tail = jnp.asarray((1 - confidence) / 2, s.dtype)
    # P(S ≥ k | p) = I_p(k, n − k + 1); the ends k = 0 and k = n are set below.
    low = _root_of_beta(jnp.maximum(s, 1), jnp.minimum(trials - s + 1, trials), tail)
    high = _root_of_beta(jnp.minimum(s + 1, trials), jnp.maximum(trials - s, 1), 1 - tail)
    return jnp.where(s == 0, 0, low), jnp.where(s == trials, 1, high)


def _root_of_beta(a: jax.Array, b: jax.Array, level: jax.Array) -> jax.Array:
    """Returns p with I_p(a, b) = level."""

    def halve(_: Any, ends: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        low, high = ends
        middle = (low + high) / 2
        below = jax.scipy.special.betainc(a, b, middle) < level
        return jnp.where(below, middle, low), jnp.where(below, high, middle)

    low, high = lax.fori_loop(0, 40, halve, (jnp.zeros_like(a), jnp.ones_like(a)))
    return (low + high) / 2
