"""Compiled functions of a run: training steps and measurements."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

import minmax_jax as mm
from minmax_jax import fsdp, parallel
from minmax_jax.gan import objective
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.training import average, blocks, build, nonfinite, pace, sharded
from minmax_jax.gan.training import step as step_lib
from minmax_jax.gan.training.convolutions import contains_convolution


def _no_state() -> Any:
    raise TypeError("Program.init: this program has no initial state. Create it with init_state.")


class Program(NamedTuple):
    """Compiled functions of a run.

    Attributes:
      advance: Function `(state, *inputs, until) -> (state, quantities)` that performs the steps
        up to number `until`. It donates the state. With `on_nonfinite="stop"`, it ends earlier
        after a non-finite update. If `steps_per_call` is 1 and the runs are not vmapped, it makes
        one step and ignores `until`.
      measure: Function `(state, *inputs) -> losses and gradient norms`.
      steps_per_call: Largest number of steps that one call of `advance` should perform.
      seconds_per_call: Duration that a call should not exceed by much, or None if each call
        should perform `steps_per_call` steps.
      block: Number of steps that a call computes together. A call whose steps are not a multiple
        of it computes more and discards them. Calls on streamed data compute single steps.
      init: Function that returns the state before the first step.
      place: Function from such a state to its layout on the devices.
      read: Function from the state on the devices to one copy of it. It needs no other process.
    """

    advance: Callable[..., Any]
    measure: Callable[..., Any]
    steps_per_call: int
    seconds_per_call: float | None = None
    block: int = 1
    init: Callable[[], Any] = _no_state
    place: Callable[[Any], Any] = lambda state: state
    read: Callable[[Any], Any] = parallel.unreplicate


def compile_program(
    game: objective.Game,
    optimizer: optax.GradientTransformationExtraArgs,
    config: config_lib.Config,
    devices: Sequence[Any],
) -> Program:
    """Returns the functions of one run, mapped over devices and compiled at their first call.

    The `*inputs` of `Program.advance` and `Program.measure` are the images and the seed. State
    and images have a leading axis of devices. `config.training.parallel` chooses how several
    devices are mapped, and does not change the results. One device always uses `shard_map`, whose
    calls take less time on the host. With `fsdp`, the state has no axis of devices: `Program.place`
    divides it among them.

    Args:
      game: Game from `build_game` with `num_devices=len(devices)`.
      optimizer: Optimizer of both players.
      config: Configuration of the run.
      devices: Devices of all processes (`jax.Device`).
    """
    if build.is_divided(config, len(devices)):
        return _compile_divided(game, optimizer, config, devices)
    steps_per_call, seconds = _steps_per_call(game, config, devices[0].platform)
    block = blocks.length(game, config, devices[0].platform, steps_per_call)
    guarded = _guarded_step(game, optimizer, config)
    backend = "shard_map" if len(devices) == 1 else config.training.parallel
    map_step = functools.partial(parallel.map_step, devices=devices, backend=backend)
    return Program(
        advance=map_step(
            _advance(guarded, config.training.on_nonfinite, steps_per_call, block),
            donate_argnums=(0,),
            in_axes=(0, 0, None, None),
        ),
        measure=map_step(functools.partial(step_lib.measure, game), in_axes=(0, 0, None)),
        steps_per_call=steps_per_call,
        seconds_per_call=seconds,
        block=block,
        init=functools.partial(step_lib.init, game, optimizer),
        place=functools.partial(parallel.replicate, devices=devices),
    )


def _compile_divided(
    game: objective.Game,
    optimizer: optax.GradientTransformationExtraArgs,
    config: config_lib.Config,
    devices: Sequence[Any],
) -> Program:
    """Returns the functions of one run whose state is divided among devices."""
    mesh = fsdp.make_mesh(devices)
    functions_fn = functools.partial(sharded.game_functions, mesh)
    guarded = _guarded_step(game, optimizer, config, axis_name=None, functions_fn=functions_fn)
    steps_per_call, seconds = _steps_per_call(game, config, devices[0].platform)
    block = blocks.length(game, config, devices[0].platform, steps_per_call)

    def step_fn(state: Any, images: Any, seed: Any, *active: jax.Array) -> Any:
        after, quantities = guarded(state, images, seed, *active)
        return sharded.constrain(after, mesh), quantities

    repeated = _advance(step_fn, config.training.on_nonfinite, steps_per_call, block)

    def advance(state: Any, *inputs: Any) -> Any:
        after, quantities = repeated(state, *sharded.scalars_like_state(inputs, mesh))
        # The host reads the first copy of the quantities, as from replicated programs.
        return after, jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], quantities)

    def measure(state: Any, *inputs: Any) -> Any:
        images, seed = sharded.scalars_like_state(inputs, mesh)
        found = step_lib.measure(game, state, images, seed, functions_fn=functions_fn)
        return jax.tree.map(lambda leaf: leaf[None], found)

    return Program(
        advance=sharded.among_processes(jax.jit(advance, donate_argnums=0), devices),
        measure=sharded.among_processes(jax.jit(measure), devices),
        steps_per_call=steps_per_call,
        seconds_per_call=seconds,
        block=block,
        init=functools.partial(sharded.init, game, optimizer, mesh),
        place=functools.partial(sharded.place, mesh=mesh),
        read=fsdp.read,
    )


def compile_tunable_program(
    game: objective.Game,
    optimizer_fn: Callable[[mm.Players], optax.GradientTransformationExtraArgs],
    config: config_lib.Config,
    *,
    vmap: bool = False,
) -> Program:
    """Returns functions with learning rates as runtime arguments, for the default device.

    Runs with different learning rates and seeds therefore use the same compiled program. The
    `*inputs` of `Program.advance` and `Program.measure` are the images, the seed and the
    learning rates (`Players` of float32).

    Args:
      game: Game from `build_game` with `num_devices=1`, but with `axis_name=None`.
      optimizer_fn: Function from the learning rates to the optimizer.
      config: Configuration that the runs share.
      vmap: Whether to train several runs at once. State, seed and learning rates then have a
        leading axis of runs.
    """

    def one_step(
        state: Any, images: Any, seed: Any, learning_rates: mm.Players, *active: jax.Array
    ) -> Any:
        guarded = _guarded_step(game, optimizer_fn(learning_rates), config, axis_name=None)
        return guarded(state, images, seed, *active)

    def measure(state: Any, images: Any, seed: Any, learning_rates: mm.Players) -> Any:
        del learning_rates
        return step_lib.measure(game, state, images, seed)

    platform = jax.default_backend()
    steps_per_call, seconds = _steps_per_call(game, config, platform)
    block = blocks.length(game, config, platform, steps_per_call)
    step_fn = one_step
    if vmap:
        axes = (0, None, 0, 0, 0)
        step_fn = lambda *args: jax.vmap(one_step, in_axes=axes[: len(args)])(*args)  # noqa: E731
        measure = jax.vmap(measure, in_axes=axes[:4])
    # 0 selects the loop: unlike a single step, it does nothing once all runs have stopped.
    advance = _advance(step_fn, config.training.on_nonfinite, 0 if vmap else steps_per_call, block)
    advance = jax.jit(advance, donate_argnums=0)
    return Program(advance, jax.jit(measure), steps_per_call, seconds, block)


def _guarded_step(
    game: objective.Game,
    optimizer: optax.GradientTransformationExtraArgs,
    config: config_lib.Config,
    axis_name: str | None = parallel.AXIS,
    functions_fn: step_lib.FunctionsFn = objective.game_functions,
) -> Callable[..., Any]:
    step = functools.partial(step_lib.train_step, game, optimizer, None, functions_fn=functions_fn)
    average_fn = functools.partial(average.update, average.decay_of(config))
    return nonfinite.guard(step, config.training.on_nonfinite, axis_name, average_fn)


def _advance(
    step_fn: Callable[..., Any], policy: str, steps_per_call: int, block: int
) -> Callable[..., Any]:
    """Returns a function that repeats a step up to a given step number.

    With `steps_per_call=1`, the function makes one step and ignores the number.
    """
    # `many` uses the step twice. `jit` traces it once, and `inline` adds no call to the program.
    step_fn = jax.jit(step_fn, inline=True)

    def single(state: Any, *inputs_and_until: Any) -> Any:
        state, quantities = step_fn(state, *inputs_and_until[:-1])
        return state, nonfinite.report(state, quantities, policy)

    def many(state: Any, *inputs_and_until: Any) -> Any:
        *inputs, until = inputs_and_until

        def is_unfinished(state: Any) -> jax.Array:
            # The end is a runtime argument, so results do not depend on how steps are grouped
            # into calls.
            return (state.step < until) & nonfinite.may_continue(state, policy)

        state, quantities = blocks.repeat(step_fn, is_unfinished, state, inputs, block)
        return state, nonfinite.report(state, quantities, policy)

    return single if steps_per_call == 1 else many


def _steps_per_call(
    game: objective.Game, config: config_lib.Config, platform: str
) -> tuple[int, float | None]:
    """Returns `steps_per_call` and `seconds_per_call` of a program."""
    if chosen := config.training.steps_per_call:
        return chosen, None
    several = jax.process_count() > 1  # They must agree on calls, whatever their speed.
    default = default_steps_per_call(game, platform)
    if several and platform == "cpu":
        default = min(default, 10)
    return default, None if several else pace.SECONDS_PER_CALL


def default_steps_per_call(game: objective.Game, platform: str) -> int:
    """Returns the default of `steps_per_call`: 50, or 1 if XLA's convolutions run on CPU.

    The steps of one call run in a loop. Inside a loop, XLA's CPU backend computes convolutions in
    one thread, 15 times slower. The library's own networks use matrix products instead (see
    `networks._convolution`), but a user's network may contain convolutions.
    """
    return 1 if platform == "cpu" and contains_convolution(game) else 50
