"""Data that compiled functions receive: in memory, or windows of a streamed set."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from minmax_jax import parallel
from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.messages import Note, ignore_note
from minmax_jax.gan.config import config as config_lib
from minmax_jax.gan.data.streaming import plan as plan_lib
from minmax_jax.gan.data.streaming import workers
from minmax_jax.gan.data.streaming.windows import Windows
from minmax_jax.gan.training import draws, loop
from minmax_jax.gan.training import step as step_lib


@contextlib.contextmanager
def open_inputs(
    config: config_lib.Config,
    data: data_lib.Data,
    devices: Sequence[Any],
    start: step_lib.TrainState,
    note: Note = ignore_note,
) -> Iterator[loop.Inputs]:
    """Opens the arguments of the training loop between the state and the step number.

    Args:
      config: Configuration of the run.
      data: Dataset, or this process's shard of it.
      devices: Devices of all processes, ordered by process.
      start: State at the first step.
      note: Called with messages for the user.
    """
    seed = _put_seed(config.run.seed, devices)
    if not data.is_streamed:
        yield loop.Inputs(
            data_lib.put_on_devices(data, devices, labels=config.conditioning.conditional), seed
        )
        return
    _note_other_order(note)
    plan = plan_batches(config, data, devices, start)
    count = workers.choose_count(config.data.stream_workers)
    with Windows(plan, count, devices) as windows:
        yield StreamedInputs(windows, seed)
        if line := windows.report():
            note(line)


class StreamedInputs(loop.Inputs):
    """Windows of a streamed dataset, each for several steps.

    Args:
      windows: The windows.
      seed: Seed of the run on the devices.
    """

    in_blocks = False

    def __init__(self, windows: Windows, seed: Any) -> None:
        super().__init__()
        self._windows, self._seed = windows, seed

    def at(self, step: int) -> Sequence[Any]:
        """Returns the window that contains a step, and the seed."""
        return self._windows.at(step), self._seed

    def end(self, step: int) -> int:
        """Returns the first step after the window of the last call of `at`."""
        return self._windows.end


def plan_batches(
    config: config_lib.Config,
    data: data_lib.Data,
    devices: Sequence[Any],
    start: step_lib.TrainState,
) -> plan_lib.Plan:
    """Returns the batches that this process reads from step `start` on.

    Args:
      config: Configuration of the run.
      data: Streamed dataset.
      devices: Devices of all processes, ordered by process.
      start: State at the first step.
    """
    size = config.training.batch_size // len(devices)
    own = parallel.addressable_devices(devices)
    first = devices.index(own[0]) * size
    return plan_lib.plan(
        data.images,
        data.labels if config.conditioning.conditional else None,
        draws.count(config, start.players),
        range(first, first + len(own) * size),
        seed=config.run.seed,
        start=int(start.step),
        end=config.training.steps,
        wide=_setting("jax_enable_x64"),
    )


def _note_other_order(note: Note) -> None:
    """Tells the user if a run in memory would draw other images, due to settings of JAX."""
    implementation = str(_setting("jax_default_prng_impl"))
    partitionable = bool(_setting("jax_threefry_partitionable"))
    if implementation != "threefry2x32" or not partitionable:
        note(
            "stream: the order of the images depends on the seed and the step, but is not the one "
            "of a run in memory, because it follows JAX's default random numbers (threefry2x32, "
            f"partitionable), and JAX is set to {implementation}, jax_threefry_partitionable="
            f"{partitionable}"
        )


def _setting(name: str) -> Any:
    """Returns a setting of JAX. Its type declares none of them."""
    return getattr(jax.config, name)


def _put_seed(seed: int, devices: Sequence[Any]) -> Any:
    """Returns the seed on the devices, so that compiled calls need not transfer it."""
    value = np.uint32(seed)
    if jax.process_count() > 1:
        return value
    mesh = Mesh(np.asarray(devices), (parallel.AXIS,))
    return jax.device_put(value, NamedSharding(mesh, PartitionSpec()))
