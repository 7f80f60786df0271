"""Loops over training steps in blocks whose length the compiler knows.

The number of steps of a call is a runtime argument. On a GPU, the host waits for the condition of
such a loop after every step. On an H100 this took 0.02 to 0.13 ms in one measurement, and a step of
a small network takes 0.07 ms. The host does not wait inside a loop whose length is known.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from minmax_jax.gan import objective
from minmax_jax.gan.config.config import Config
from minmax_jax.gan.data.streaming.window import Window
from minmax_jax.gan.training.packing import Packing

LENGTH = 10
"""Largest number of steps per block."""

MOST_WORK = 2**29
"""Product of the batch size and the number of parameters of both networks up to which steps are
repeated in blocks. Larger steps take much longer than the host waits."""

SLOW = ("greedy_adam", "competitive", "adaptive_competitive", "follow_the_ridge", "complete_newton")
"""Optimizers with many field evaluations per step, which are not repeated in blocks."""


def length(game: objective.Game, config: Config, platform: str, steps_per_call: int) -> int:
    """Returns the number of steps per block, a divisor of 10.

    It is 1 without a GPU, for long steps and for the optimizers in `SLOW`. It divides the number of
    steps per call, and the number of steps between two logs, samples, checkpoints or evaluations.
    So calls end where blocks end, unless a run was resumed in the middle of a block.
    """
    networks = game.pair[:2]
    sizes = [leaf.size for network in networks for leaf in jax.tree.leaves(network.params)]
    work = config.training.batch_size * sum(sizes)
    if platform != "gpu" or work > MOST_WORK or config.optimizer.name in SLOW:
        return 1
    run = config.run
    regular = run.log_every, run.sample_every, run.checkpoint_every, config.evaluation.every
    return math.gcd(LENGTH, steps_per_call, *regular)


def repeat(
    step_fn: Callable[..., Any],
    is_unfinished: Callable[[Any], jax.Array],
    state: Any,
    inputs: Sequence[Any],
    block: int,
) -> tuple[Any, Any]:
    """Repeats a step while a condition holds.

    Args:
      step_fn: Function `(state, *inputs) -> (state, quantities)`. If `block` exceeds 1, it has a
        further argument, the condition, and keeps the state if that is False.
      is_unfinished: Condition of the state: a boolean scalar, or one per run.
      state: State before the first step.
      inputs: Arguments of the step.
      block: Number of steps per block. Steps of streamed data are not repeated in blocks.

    Returns:
      The state and the quantities of the last step, which are zero if there was none.
    """
    if any(isinstance(one, Window) for one in inputs):
        block = 1  # A window has no data for more steps than the condition allows.
    active = (is_unfinished(state),) if block > 1 else ()
    shapes = jax.eval_shape(step_fn, state, *inputs, *active)[1]
    quantities = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)

    def one(carry: Any) -> Any:
        if block == 1:
            return step_fn(carry[0], *inputs)
        before, last = carry
        active = is_unfinished(before)
        after, found = step_fn(before, *inputs, active)
        return after, jax.tree.map(lambda old, new: jnp.where(active, new, old), last, found)

    def body(carry: Any) -> Any:
        if block == 1:
            return one(carry)
        packing = Packing(carry)

        def packed_step(_: Any, packed: Any) -> Any:
            return packing.pack(one(packing.unpack(packed)))

        return packing.unpack(lax.fori_loop(0, block, packed_step, packing.pack(carry)))

    def goes_on(carry: Any) -> jax.Array:
        unfinished = is_unfinished(carry[0])
        return jnp.any(unfinished) if unfinished.ndim else unfinished

    return lax.while_loop(goes_on, body, (state, quantities))
