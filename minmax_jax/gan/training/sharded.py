"""A training step whose state is divided among devices: `parallel="fsdp"`."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
import optax
from jax import lax
from jax.experimental.multihost_utils import host_local_array_to_global_array
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import minmax_jax as mm
from minmax_jax import fsdp, parallel
from minmax_jax.gan import objective
from minmax_jax.gan.training import step as step_lib
from minmax_jax.gan.training.step import TrainState


def layout(state: TrainState, mesh: Mesh) -> TrainState:
    """Returns the `NamedSharding` of every leaf of a state.

    Parameters, the optimizer's state and the moving average are divided by the rule of
    `fsdp.leaf_spec`. The statistics of the networks and the counters are replicated.

    Args:
      state: State, or its shapes.
      mesh: Mesh from `fsdp.make_mesh`.
    """
    whole = NamedSharding(mesh, PartitionSpec())
    replicated = jax.tree.map(lambda leaf: whole, state)
    divided = {
        name: fsdp.shardings(getattr(state, name), mesh) for name in ("players", "optimizer", "ema")
    }
    return replicated._replace(**divided)


def place(state: TrainState, mesh: Mesh) -> TrainState:
    """Divides a state among the devices of a mesh."""
    return fsdp.place(state, layout(state, mesh))


def constrain(state: TrainState, mesh: Mesh) -> TrainState:
    """Keeps the layout of a state inside a compiled program."""
    return lax.with_sharding_constraint(state, layout(state, mesh))


def scalars_like_state(inputs: Any, mesh: Mesh) -> Any:
    """Moves the scalars of a program's inputs, such as the seed, to the mesh of the state.

    JAX does not combine arrays of different meshes. Other arrays have an axis of devices, and only
    `fsdp.map_average` uses them.
    """
    whole = NamedSharding(mesh, PartitionSpec())
    return jax.tree.map(
        lambda leaf: leaf if np.ndim(leaf) else lax.with_sharding_constraint(leaf, whole), inputs
    )


def describe(state: TrainState, mesh: Mesh) -> str:
    """Returns a line that says how much of a state each device stores.

    Args:
      state: State with whole leaves, or its shapes.
      mesh: Mesh from `fsdp.make_mesh`.
    """
    total = stored = whole = 0
    shards = mesh.shape[fsdp.SHARDS]
    for leaf, sharding in zip(*map(jax.tree.leaves, (state, layout(state, mesh))), strict=True):
        itemsize = leaf.dtype.itemsize
        total += leaf.size * itemsize
        stored += math.prod(sharding.shard_shape(leaf.shape)) * itemsize
        if sharding.is_fully_replicated and leaf.size >= fsdp.MIN_SIZE:
            whole += leaf.size * itemsize
    among = f"{shards} devices" if mesh.size == shards else f"the {shards} devices of each process"
    line = (
        f"fsdp: the state of {_size(total)} is divided among {among}; each stores {_size(stored)}"
    )
    if whole <= total / shards:
        return line
    return (
        f"{line}, because large arrays of {_size(whole)} have no axis that {shards} divides. A "
        f"width that is a multiple of {shards}, or another number of devices, needs less memory"
    )


def _size(count: float) -> str:
    return f"{count / 1e6:,.3g} MB" if count < 1e9 else f"{count / 1e9:,.3g} GB"


def init(game: objective.Game, optimizer: optax.GradientTransformation, mesh: Mesh) -> TrainState:
    """Returns the state before the first step, on the host.

    At no time does a device store the whole state of the optimizer.

    Args:
      game: Networks, loss and batch size.
      optimizer: Optimizer of both players.
      mesh: Mesh from `fsdp.make_mesh`.
    """

    def init_divided(players: mm.Players) -> Any:
        divided = fsdp.shardings(jax.eval_shape(optimizer.init, players), mesh)
        placed = fsdp.place(players, fsdp.shardings(players, mesh))
        return jax.jit(optimizer.init, out_shardings=divided)(placed)

    return fsdp.read(step_lib.init(game, optimizer, init_divided))


def on_host(game: objective.Game) -> objective.Game:
    """Moves the initial parameters of the networks from their device to the host."""
    generator, discriminator = (
        network._replace(params=fsdp.read(network.params), stats=fsdp.read(network.stats))
        for network in (game.pair.generator, game.pair.discriminator)
    )
    pair = game.pair._replace(generator=generator, discriminator=discriminator)
    return game._replace(pair=pair)


def among_processes(function: Callable[..., Any], devices: Sequence[Any]) -> Callable[..., Any]:
    """Wraps a compiled function of `(state, images, *rest)` for several processes.

    Each process passes the images of its own devices. Compilation ahead of time takes the shapes
    of all devices.
    """
    mesh = Mesh(np.asarray(devices), (parallel.AXIS,))
    if parallel.addressable_devices(devices) == list(devices):
        return function

    def call(state: TrainState, images: Any, *rest: Any) -> Any:
        images = host_local_array_to_global_array(images, mesh, PartitionSpec(parallel.AXIS))
        return function(state, images, *rest)

    call.trace = function.trace  # pyright: ignore[reportFunctionMemberAccess]
    return call


def game_functions(
    mesh: Mesh,
    game: objective.Game,
    images: Any,
    stats: mm.Players,
    key: jax.Array,
    due: bool | jax.Array = True,
) -> objective.GameFunctions:
    """Returns `objective.game_functions` for parameters that are divided among devices.

    Every device draws the same examples and normalizes its batches in the same way as in a
    replicated step, so results agree with it up to rounding.

    Args:
      mesh: Mesh from `fsdp.make_mesh`.
      game: Networks, loss and batch size.
      images: Dataset with a leading axis of devices.
      stats: Statistics of the networks before the step.
      key: PRNG key of the step.
      due: Whether the penalty is applied in this step.
    """
    leaves, structure = jax.tree.flatten(images)
    # The step number of a window of batches, for example, is equal on all devices.
    local = {number: leaf for number, leaf in enumerate(leaves) if np.ndim(leaf)}

    def lifted(select: Callable[[objective.GameFunctions], Any], has_aux: bool = False) -> Any:
        def function(players: mm.Players, draw: Any = 0) -> Any:
            def of_one_device(players: mm.Players, local: dict[int, Any]) -> tuple[Any, Any]:
                own = [local.get(number, leaf) for number, leaf in enumerate(leaves)]
                images = jax.tree.unflatten(structure, own)
                functions = objective.game_functions(game, images, stats, key, due)
                return select(functions).evaluate(players, draw)

            value, aux = fsdp.map_average(of_one_device, mesh)(players, local)
            return (value, aux) if has_aux else value

        return function

    separate = game.penalty is not None and game.penalty.separate
    return objective.GameFunctions(
        field_fn=lifted(lambda functions: functions.field_fn, has_aux=True),
        payoff_fn=lifted(lambda functions: functions.payoff_fn),
        min_loss_fn=lifted(lambda functions: functions.min_loss_fn),
        loss_fns=mm.Players(
            lifted(lambda functions: functions.loss_fns.min),
            lifted(lambda functions: functions.loss_fns.max),
        ),
        penalty_field_fn=lifted(lambda functions: functions.penalty_field_fn) if separate else None,
    )
