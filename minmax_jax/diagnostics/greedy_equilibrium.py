"""Estimates by sampling how close a point is to a greedy equilibrium."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from minmax_jax._util import calls, checks, norms
from minmax_jax._util.types import FieldFn, PayoffFn, Players
from minmax_jax.diagnostics.binomial_interval import binomial_interval
from minmax_jax.transforms.greedy import ascend


class GreedyEquilibrium(NamedTuple):
    """Estimate of how close a point is to an (ε, δ, ω)-greedy equilibrium.

    Attributes:
      gradient_norm: ‖∇_y f‖ at the point, to be compared with ε.
      omega: Share of proposals that improve the payoff by at least δ.
      low: Lower end of the confidence interval for `omega`.
      high: Upper end of the confidence interval for `omega`.
      unbounded: Share of proposals whose ascent diverged. They count as no improvement.
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
    """Estimates ω of an (ε, δ, ω)-greedy equilibrium by sampling proposals.

    A point (x, y) is such an equilibrium if ‖∇_y f(x, y)‖ ≤ ε and the following holds with
    probability less than ω: for a proposal x' = x + X, and w reached by ascent from y until
    ‖∇_y f(x', w)‖ ≤ ε, the payoff improves to f(x', w) ≤ f(x, y) − δ.

    Each sample makes one proposal and one ascent, as one update of `minmax_jax.greedy` does
    at (x, y), with its own PRNG key. The two payoffs of a sample are evaluated at the sample
    index that follows the sample indices of its ascent. The interval is the exact
    Clopper–Pearson interval, which covers ω with at least the given confidence. Use `high` to
    claim that ω is below a bound. If none of n samples improves, `high` is
    1 − ((1 − confidence)/2)^{1/n}.

    Samples are independent if the proposal uses `key` (as `minmax_jax.add_noise` does) and
    the game is deterministic, or the caller folds different keys into it. A deterministic
    proposal in a deterministic game repeats one sample n times.

    **Cost.** At most 1 + n (K + 1) field evaluations and 2n payoff evaluations, one sample
    after the other.

    Args:
      field_fn: Vector field of the game.
      payoff_fn: Payoff f.
      players: Point (x, y).
      proposal: Transformation whose step is the proposal X, as in `minmax_jax.greedy`.
      ascent: Optimizer of the max player's ascent, as in `minmax_jax.greedy`.
      key: PRNG key.
      num_samples: Number n of samples.
      max_ascent_steps: Maximum number K of ascent steps.
      gradient_tolerance: Gradient norm ε at which the ascent stops, or None for exactly K
        steps.
      min_improvement: Required decrease δ of the payoff.
      confidence: Confidence level of the two-sided interval.
      states: States of `proposal` (min) and `ascent` (max), for example from a
        `GreedyState`. Defaults to fresh states.

    Returns:
      The estimate and its confidence interval.

    Raises:
      TypeError: If `players` is not `Players` of floating-point trees, `proposal` or
        `ascent` is not an Optax gradient transformation, or another argument has the wrong
        type.
      ValueError: If a number is out of range, or `payoff_fn` is None.

    Examples:
      For F1 = −3x² − y² + 4xy, the origin is an equilibrium and (5.5, 11) is not:

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
      Keswani, Mangoubi, Sachdeva, Vishnoi, `A convergent and dimension-independent min-max
      optimization algorithm <https://arxiv.org/abs/2006.12376>`_, 2022. The definition is
      not checked against the paper.

      Clopper, Pearson, The use of confidence or fiducial limits, Biometrika 26, 1934.
    """
    name = "greedy_equilibrium"
    players, field_fn = checks.check_field_fn(name, players, players, field_fn)
    payoff_fn = checks.check_payoff_fn(name, payoff_fn)
    checks.check_is_key(name, key)
    txs = Players(
        checks.check_transformation(name, "proposal", proposal),
        checks.check_transformation(name, "ascent", ascent),
    )
    _check_numbers(num_samples, max_ascent_steps, gradient_tolerance, min_improvement, confidence)
    players = Players(*jax.tree.map(jnp.asarray, players))
    field = field_fn(players, 0)
    propose = _proposals(field_fn, players, field, txs, states)

    def sample(index: jax.Array) -> tuple[jax.Array, jax.Array]:
        extra = {"key": jax.random.fold_in(key, index), "update_count": index}
        end, diverged = propose(extra, max_ascent_steps, gradient_tolerance)
        draw = max_ascent_steps + 1
        value = payoff_fn(end, draw)
        diverged |= ~jnp.isfinite(value)
        return (value <= payoff_fn(players, draw) - min_improvement) & ~diverged, diverged

    improved, diverged = lax.map(sample, jnp.arange(num_samples))
    low, high = binomial_interval(jnp.sum(improved), num_samples, confidence)
    return GreedyEquilibrium(
        gradient_norm=norms.norm(field.max),
        omega=jnp.mean(improved.astype(low.dtype)),
        low=low,
        high=high,
        unbounded=jnp.mean(diverged.astype(low.dtype)),
    )


def _check_numbers(
    num_samples: Any,
    max_ascent_steps: Any,
    gradient_tolerance: Any,
    min_improvement: Any,
    confidence: Any,
) -> None:
    name = "greedy_equilibrium"
    checks.check_count(name, "num_samples", num_samples)
    checks.check_count(name, "max_ascent_steps", max_ascent_steps)
    if gradient_tolerance is not None:
        checks.check_number(name, "gradient_tolerance", gradient_tolerance, schedule=False)
    checks.check_number(name, "min_improvement", min_improvement, schedule=False)
    checks.check_number(name, "confidence", confidence, high=1.0, schedule=False)


def _proposals(
    field_fn: FieldFn, players: Players, field: Players, txs: Players, states: Players | None
) -> Callable[[dict[str, Any], int, Any], tuple[Players, jax.Array]]:
    """Returns a function that makes one proposal and the ascent that follows it.

    The function returns the point reached, and whether the ascent diverged.
    """
    min_tx, max_tx = txs
    states = states or Players(min_tx.init(players.min), max_tx.init(players.max))

    def propose(extra: dict[str, Any], max_steps: int, tolerance: Any) -> tuple[Players, jax.Array]:
        step, _ = min_tx.update(field.min, states.min, players.min, **calls.inner_call(extra, 0))
        proposed = Players(optax.apply_updates(players.min, step), players.max)
        answer = ascend(
            max_tx,
            field_fn,
            proposed,
            states.max,
            extra,
            max_steps=max_steps,
            tolerance=tolerance,
            bound=jnp.inf,
        )
        end = optax.apply_updates(proposed.max, answer.step)
        return proposed._replace(max=end), answer.diverged

    return propose
