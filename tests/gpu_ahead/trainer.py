"""The trainer's step of the benchmark's networks, compiled for an H100."""

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from benchmarks import noise, trainer
from minmax_jax import gan, parallel
from minmax_jax.gan import networks
from tests.gpu_ahead import compiling, counting, steps


def count_trainer(name: str) -> counting.Counts:
    """Counts what one step of the trainer launches in its loop over steps.

    Args:
      name: Key of `steps.NETWORKS`.
    """
    return counting.count(compile_trainer(name), loop=True)


def compile_trainer(name: str) -> str:
    """Returns the text of the trainer's compiled loop over steps.

    In addition to the step of `steps.count_step`, the trainer draws latents and a batch out of
    60,000 images, averages the generator, computes the norms of gradients and updates, and checks
    that they are finite.

    Args:
      name: Key of `steps.NETWORKS`.
    """
    network, (side, _, channels), width, latent_dim = steps.NETWORKS[name]
    shape = network, side, channels, width, latent_dim
    settings = trainer.configure(shape, steps.BATCH, steps_per_call=50)
    data = noise.make_noise(60_000, side, channels)
    devices = compiling.devices("1x1x1")
    mesh = Mesh(np.asarray(devices), (parallel.AXIS,))
    whole, divided = (NamedSharding(mesh, PartitionSpec(*axes)) for axes in ((), (parallel.AXIS,)))

    def stacked(leaf: jax.Array) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((1, *leaf.shape), leaf.dtype, sharding=divided)

    def scalar(dtype: type) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((), dtype, sharding=whole)

    with networks.tracing_for("gpu"):
        game, optimizer = gan.build_game(settings, data, 1)
        program = gan.compile_program(game, optimizer, settings, devices)
        state = jax.tree.map(stacked, jax.eval_shape(lambda: gan.init_state(game, optimizer)))
        images = jax.tree.map(stacked, data.images)
        traced = program.advance.trace(state, images, scalar(np.uint32), scalar(np.int32))
        lowered = traced.lower(lowering_platforms=("cuda",))
    return lowered.compile(compiling.OPTIONS).as_text()
