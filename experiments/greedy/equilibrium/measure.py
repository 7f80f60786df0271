"""Measures both conditions of a greedy equilibrium at one pair of networks.

The payoff f is that of the GAN on fixed real and fixed generated examples, so it has no noise. The
conditions at (x, y) are that ‖∇_y f(x, y)‖ ≤ ε, and that few proposals x' of the min player lower
the payoff by δ after the max player's ascent from y at x'. The second condition only says something
where the first one holds, because an ascent raises the payoff until its gradient is small. So y is
first replaced by the end w of its own ascent at x.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jax.nn import log_sigmoid

import minmax_jax as mm
from experiments.greedy.equilibrium.config import Config
from experiments.greedy.gaussians import game

FIXED, HELD_OUT, BATCHES = 100, 101, 102
"""Numbers of the keys of the fixed examples, of held-out examples, and of the proposals."""
B1 = 0.5
"""Adam's b1 in training."""


class Measured(NamedTuple):
    """Result of `measure`.

    Attributes:
      payoff: f(x, y).
      gradient_norm: ‖∇_y f(x, y)‖.
      gain: f(x, w) − f(x, y), where w is the end of the max player's ascent from y.
      held_out_gain: The same difference on other examples.
      reached_norm: ‖∇_y f(x, w)‖.
      ascent_steps: Steps of that ascent.
      improvements: f(x, w) − f(x', w') by scale and proposal, where w' is the end of the ascent
        from w at the proposal x'.
      reached: Whether these ascents ended with a small gradient, by scale and proposal.
      accepted: Whether the accept test of training would accept each proposal at (x, y).
    """

    payoff: jax.Array
    gradient_norm: jax.Array
    gain: jax.Array
    held_out_gain: jax.Array
    reached_norm: jax.Array
    ascent_steps: jax.Array
    improvements: jax.Array
    reached: jax.Array
    accepted: jax.Array


class Ascent(NamedTuple):
    """An ascent of the max player.

    Attributes:
      step: Sum of all steps.
      state: State of the max player's optimizer.
      count: Number of steps (int32 scalar).
      reached: Whether the gradient norm at the end is within the tolerance.
    """

    step: Any
    state: Any
    count: jax.Array
    reached: jax.Array


def payoff_at(points: mm.Players, discriminator: Any) -> jax.Array:
    """Returns E log σ(D(real)) + E log(1 − σ(D(fake))), for fake (min) and real (max) points."""
    fake, real = (game.apply(discriminator, x)[:, 0] for x in points)
    return jnp.mean(log_sigmoid(real)) + jnp.mean(log_sigmoid(-fake))


@functools.cache
def measurer(config: Config) -> Callable[..., Measured]:
    """Returns a compiled function `(players, states, key) -> Measured`.

    The states are those of Adam after training, for both players.
    """
    weights = jnp.asarray(game.WEIGHTS[config.mixture])
    fixed, batch = (game.Sizes(batch=size) for size in (config.examples, config.batch))
    optimizers = mm.Players(*(optax.adam(rate, b1=B1) for rate in config.learning_rates))

    def draw(sizes: game.Sizes, x: Any, key: jax.Array) -> mm.Players:
        real_key, fake_key = jax.random.split(key)
        fake = game.samples(sizes, x, fake_key, sizes.batch)
        return mm.Players(fake, game.real(sizes, weights, real_key))

    @jax.jit
    def measure(players: mm.Players, states: mm.Players, key: jax.Array) -> Measured:
        fixed_key, held_out_key, batch_key = (
            jax.random.fold_in(key, number) for number in (FIXED, HELD_OUT, BATCHES)
        )
        x, y = players
        points, held_out = draw(fixed, x, fixed_key), draw(fixed, x, held_out_key)
        adam = optax.adam(config.ascent_rate)
        first, w = climb(adam, adam.init(y), points, y, config.max_ascent_steps, config.tolerance)
        end = payoff_at(points, w)

        def propose(scale: Any, key: jax.Array, discriminator: Any) -> Any:
            value = lambda x: payoff_at(draw(batch, x, key), discriminator)  # noqa: E731
            step, _ = optimizers.min.update(jax.grad(value)(x), states.min, x)
            return jax.tree.map(lambda a, b: a + scale * b, x, step)

        def answer(scale: jax.Array, index: jax.Array) -> tuple[jax.Array, jax.Array]:
            proposed = propose(scale, jax.random.fold_in(batch_key, index), w)
            there = draw(fixed, proposed, fixed_key)
            found, response = climb(
                adam, adam.init(w), there, w, config.max_ascent_steps, config.tolerance
            )
            return end - payoff_at(there, response), found.reached

        def accepts(index: jax.Array) -> jax.Array:
            key = jax.random.fold_in(batch_key, index)
            there = draw(batch, propose(1.0, key, y), key)
            _, response = climb(optimizers.max, states.max, there, y, config.test_steps, None)
            return payoff_at(there, response) <= payoff_at(draw(batch, x, key), y)

        indices = jnp.arange(config.proposals)
        improvements, reached = lax.map(
            lambda scale: lax.map(lambda index: answer(scale, index), indices),
            jnp.asarray(config.scales),
        )
        return Measured(
            payoff=payoff_at(points, y),
            gradient_norm=norm_at(points, y),
            gain=end - payoff_at(points, y),
            held_out_gain=payoff_at(held_out, w) - payoff_at(held_out, y),
            reached_norm=norm_at(points, w),
            ascent_steps=first.count,
            improvements=improvements,
            reached=reached,
            accepted=lax.map(accepts, indices),
        )

    return measure


def climb(
    adam: Any, state: Any, points: mm.Players, y: Any, max_steps: int, tolerance: float | None
) -> tuple[Ascent, Any]:
    """Returns the ascent of the max player from y on fixed points, and its end.

    Like the ascent of `greedy`, it tests before each step whether the gradient is within the
    tolerance, and makes exactly `max_steps` steps without a tolerance.
    """

    def gradient_at(now: Ascent) -> tuple[Any, Any]:
        here = optax.apply_updates(y, now.step)
        return here, jax.grad(payoff_at, 1)(points, here)

    def body(now: Ascent) -> Ascent:
        here, gradient = gradient_at(now)
        step, after = adam.update(jax.tree.map(jnp.negative, gradient), now.state, here)
        total = jax.tree.map(jnp.add, now.step, step)
        moved = Ascent(total, after, now.count + 1, now.reached)
        if tolerance is None:
            return moved
        reached = optax.tree.norm(gradient) <= tolerance
        return jax.tree.map(lambda a, b: jnp.where(reached, a, b), now, moved)._replace(
            reached=reached
        )

    start = Ascent(jax.tree.map(jnp.zeros_like, y), state, jnp.zeros((), int), jnp.zeros((), bool))
    found = lax.while_loop(lambda now: (now.count < max_steps) & ~now.reached, body, start)
    return found, optax.apply_updates(y, found.step)


def norm_at(points: mm.Players, y: Any) -> jax.Array:
    """Returns ‖∇_y f‖ on fixed points."""
    return optax.tree.norm(jax.grad(payoff_at, 1)(points, y))
