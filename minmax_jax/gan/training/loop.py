"""The training loop: compiled calls, and hooks between them.

`train`, the runs of a sweep that train together, and the experiments use this loop. Everything
else that happens during a run (logs, evaluations, checkpoints, signals) is a `Hook`.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent import futures
from typing import Any

import jax
import numpy as np

from minmax_jax.gan.base.errors import Stopped
from minmax_jax.gan.training.pace import Pace
from minmax_jax.gan.training.program import Program


class Hook:
    """An action at certain steps, between two compiled calls. Override `__call__`.

    A hook ends the run by raising an error. A plain `Hook` does nothing. Processes that train a
    run together but do not write use it to end compiled calls at the same steps.

    Args:
      every: The hook is called at the multiples of this number and at the last step. With 0 it
        is called at the end of every compiled call, and does not change where calls end.
      measure: Whether the hook needs the quantities of `Program.measure`.
    """

    def __init__(self, every: int = 0, *, measure: bool = False) -> None:
        self.every, self.measure = every, measure

    def next_step(self, step: int) -> int | None:
        """Returns the next step after `step` at which a compiled call must end for this hook.

        None means the end of every compiled call.
        """
        return (step // self.every + 1) * self.every if self.every else None

    def stopped(self, step: int, state: Any, quantities: Mapping[str, Any]) -> None:
        """Called instead if the run ends between two calls, because its data cannot be read.

        Args:
          step: Number of updates so far.
          state: State on the devices.
          quantities: Quantities of the last update.
        """

    def start(self, step: int) -> None:
        """Called once, after the first compiled call, when all functions are compiled.

        Args:
          step: Number of updates so far.
        """

    def __call__(self, step: int, state: Any, quantities: Mapping[str, Any]) -> None:
        """Called at the hook's steps.

        Args:
          step: Number of updates so far.
          state: State on the devices. The next compiled call deletes it.
          quantities: Quantities of the last update; also of `Program.measure`, if a hook needs
            them at this step.
        """


class Inputs:
    """Arguments of the compiled functions between the state and the step number.

    A subclass may return other arguments at other steps, for data that do not fit into memory.

    Args:
      *values: The arguments, the same at all steps.

    Attributes:
      in_blocks: Whether programs compute several steps together (see `blocks`).
    """

    in_blocks = True

    def __init__(self, *values: Any) -> None:
        self._values = values

    def at(self, step: int) -> Sequence[Any]:
        """Returns the arguments after `step` updates, a number that never decreases."""
        return self._values

    def end(self, step: int) -> int:
        """Returns the largest step to which the arguments of `at(step)` suffice."""
        return sys.maxsize


def run(
    program: Program,
    state: Any,
    inputs: Sequence[Any] | Inputs,
    hooks: Sequence[Hook],
    start: int,
    end: int,
) -> Any:
    """Trains from step `start` to step `end` and returns the final state.

    Args:
      program: Compiled functions.
      state: State at step `start`, laid out for `program`. It is donated.
      inputs: Arguments of `program.advance` between the state and the step number.
      hooks: Hooks, called in this order.
      start: Number of updates that led to `state`.
      end: Number of updates at the end.
    """
    inputs = inputs if isinstance(inputs, Inputs) else Inputs(*inputs)
    block = program.block if inputs.in_blocks else 1
    step, pace = start, Pace(program.steps_per_call, program.seconds_per_call, block)
    if step >= end:
        return state
    now = inputs.at(step)
    compile_measure = _start_compiling(program, state, now, hooks)
    while step < end:
        last = min(end, inputs.end(step))
        before, step = step, next_call_end(step, last, pace.steps, hooks, pace.aligned)
        called = time.monotonic()
        state, quantities = program.advance(state, *now, np.int32(step))
        now = _next_inputs(inputs, hooks, step, state, quantities)
        if before == start:
            _finish_first_call(program, state, now, hooks, quantities, compile_measure)
            for hook in hooks:
                hook.start(step)
        else:  # The first call would take too long, because it may compile.
            pace.started(step - before, called, quantities)
        due = [hook for hook in hooks if step == end or hook.next_step(before) in (None, step)]
        if any(hook.measure for hook in due):
            quantities = {**program.measure(state, *now), **quantities}
        for hook in due:
            hook(step, state, quantities)
    return state


def _next_inputs(
    inputs: Inputs, hooks: Sequence[Hook], step: int, state: Any, quantities: Mapping[str, Any]
) -> Sequence[Any]:
    """Returns the arguments of the next step; if there are none, the hooks save the state."""
    try:
        return inputs.at(step)
    except Stopped:
        for hook in hooks:
            hook.stopped(step, state, quantities)
        raise


def next_call_end(
    step: int, end: int, steps_per_call: int, hooks: Sequence[Hook], aligned: bool = True
) -> int:
    """Returns the step at which the next compiled call must end.

    This is the next multiple of `steps_per_call` (`steps_per_call` steps later if not `aligned`),
    or an earlier step of a hook. The end is a runtime argument, so calls of different lengths use
    the same compiled program.
    """
    wanted = [step_ for hook in hooks if (step_ := hook.next_step(step)) is not None]
    start = step // steps_per_call * steps_per_call if aligned else step
    return min(end, start + steps_per_call, *wanted)


def _start_compiling(
    program: Program, state: Any, inputs: Sequence[Any], hooks: Sequence[Hook]
) -> Callable[[], Any] | None:
    """Compiles `advance`, and meanwhile traces `measure` and starts to compile it.

    The first calls then find the compiled programs in the caches of `jax.jit`.

    Returns:
      Function that finishes the compilation of `measure`, or None if its first call compiles it.
    """
    both = (program.advance, program.measure)
    if not all(hasattr(each, "lower") for each in both) or jax.process_count() > 1:
        return None  # Processes must compile in the same order, because XLA may communicate.
    advance = program.advance.lower(state, *inputs, np.int32(0))
    # Tracing holds Python's lock, compiling does not. With few cores, one worker compiles `advance`
    # before `measure`, so that the first step does not wait for both.
    workers = 2 if (os.cpu_count() or 1) > 4 else 1
    pool = futures.ThreadPoolExecutor(workers, thread_name_prefix="compile")
    compiling = pool.submit(advance.compile)
    # If `advance` comes from the cache, it is loaded within this time. The first step then starts
    # before `measure` is traced.
    futures.wait([compiling], _FROM_CACHE)
    if not any(hook.measure for hook in hooks):
        measuring = None
    elif compiling.done():
        # The first step has deleted the state by then, so only its shapes are kept. With the new
        # state, `measure` would have another key in the cache.
        like = jax.tree.map(_like, (state, *inputs))
        measuring = lambda: program.measure.lower(*like).compile()  # noqa: E731
    else:
        measuring = pool.submit(program.measure.lower(state, *inputs).compile).result
    pool.shutdown(wait=False)
    compiling.result()
    return measuring


def _like(leaf: Any) -> Any:
    """Returns the shape, dtype and sharding of an array."""
    if not isinstance(leaf, jax.Array):
        return leaf
    return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=leaf.sharding)


_FROM_CACHE = 1.0
"""Seconds in which a program from the cache is loaded."""


def _finish_first_call(
    program: Program,
    state: Any,
    inputs: Sequence[Any],
    hooks: Sequence[Hook],
    quantities: Any,
    compile_measure: Callable[[], Any] | None,
) -> None:
    """Waits for the first compiled call and the compilation of `measure`, to start a clock."""
    jax.block_until_ready(quantities)
    if compile_measure is not None:
        compile_measure()
    elif any(hook.measure for hook in hooks):
        jax.block_until_ready(program.measure(state, *inputs))
