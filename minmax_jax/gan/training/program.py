"""The compiled functions of a run: training steps and measurements over all devices."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from minmax_jax import parallel
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.objective import game as game_lib
from minmax_jax.gan.training import nonfinite
from minmax_jax.gan.training import step as step_lib


class Program(NamedTuple):
    """The compiled functions of a run; states and data carry a leading axis of devices.

    Attributes:
      advance: `(state, images, seed, until) -> (state, norms)`, takes the steps up to
        number `until` and uses up the state that it was given.
      measure: `(state, images, seed) -> losses and gradient norms`.
      devices: the devices they run on.
      steps_per_call: the most steps that one call of `advance` should take.
    """

    advance: Callable[..., Any]
    measure: Callable[..., Any]
    devices: Sequence[Any]  # of jax.Device, which type checkers take for a variable
    steps_per_call: int


def compile_program(
    game: game_lib.Game,
    optimizer: optax.GradientTransformationExtraArgs,
    config: config_lib.Config,
    devices: Sequence[Any],
) -> Program:
    """Returns the functions of a run, mapped over `devices` and compiled when first called."""
    steps_per_call = config.training.steps_per_call or default_steps_per_call(
        game, devices[0].platform
    )
    one = nonfinite.guard(
        functools.partial(step_lib.train_step, game, optimizer, config.training.ema_decay),
        config.training.on_nonfinite,
    )

    def single(
        state: step_lib.TrainState, images: jax.Array, seed: jax.Array, until: jax.Array
    ) -> Any:
        del until
        return one(state, images, seed)

    def many(
        state: step_lib.TrainState, images: jax.Array, seed: jax.Array, until: jax.Array
    ) -> Any:
        # The end is an argument: calls of any length run the same compiled loop, which is
        # what makes a run cut into other pieces the same run.
        norms = jax.tree.map(
            lambda leaf: jnp.zeros(leaf.shape, leaf.dtype),
            jax.eval_shape(one, state, images, seed)[1],
        )
        return lax.while_loop(
            lambda carry: (
                (carry[0].step < until) & nonfinite.goes_on(carry[0], config.training.on_nonfinite)
            ),
            lambda carry: one(carry[0], images, seed),
            (state, norms),
        )

    return Program(
        advance=parallel.map_step(
            single if steps_per_call == 1 else many,
            devices,
            donate_argnums=(0,),
            in_axes=(0, 0, None, None),
            backend=config.training.parallel,
        ),
        measure=parallel.map_step(
            functools.partial(step_lib.measure, game),
            devices,
            in_axes=(0, 0, None),
            backend=config.training.parallel,
        ),
        devices=devices,
        steps_per_call=steps_per_call,
    )


def default_steps_per_call(game: game_lib.Game, platform: str) -> int:
    """Returns 1 for convolutional networks on the CPU, otherwise 50.

    XLA's CPU convolution loses its threads inside a loop, and a network of one's own may have
    it. The library's convolutions are products there (see `networks._convolution`): for them
    calls of ten end in the same bits, and take .73 to 1 of the time (`python -m benchmarks
    trainer`), so `steps_per_call` is worth giving.
    """
    convolutional = any(leaf.ndim >= 4 for network in game.pair[:2] for leaf in
                        jax.tree.leaves(network.params))  # fmt: skip
    return 1 if convolutional and platform == "cpu" else 50
