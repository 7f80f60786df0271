"""Multi-process training: start-up, communication and shutdown.

Only process 0, the coordinator, writes the run folder and progress messages; every process prints
the error that ends it. Each process loads the data of its devices. Training exchanges arrays
inside the compiled step. `broadcast` and `barrier` use collectives of their own, and short
messages go through the key-value store of `jax.distributed`.
"""

import contextlib
import re
import time
import traceback
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import jax
import numpy as np
from jax import lax
from jax._src import distributed  # The key-value store has no public name.
from jax.experimental import multihost_utils

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import EXIT_CODES, ConfigError, HostFailed, exit_code
from minmax_jax.gan.multihost import heartbeat
from minmax_jax.gan.multihost.launch import Launch, check
from minmax_jax.gan.multihost.termination import Termination


class ProcessGroup:
    """Connection of this process to the other processes of its run.

    Args:
      launch: Settings of the processes, or None for a process that runs alone. Then `checksum`,
        `broadcast` and `shutdown` do not communicate, and `barrier` and `abort` must not be
        called.

    Attributes:
      index: Index of this process.
      count: Number of processes.
      termination: SIGTERM state of this process. Other processes forward a SIGTERM to the
        coordinator, which ends the run for all.
    """

    def __init__(self, launch: Launch | None = None) -> None:
        self.index = jax.process_index() if launch else 0
        self.count = jax.process_count() if launch else 1
        self.termination = Termination()
        self._client: Any = distributed.global_state.client if launch else None
        self._timeout = launch.host_timeout if launch else 0
        self._heartbeat: heartbeat.Heartbeat | None = None
        if self._client is not None:
            self._heartbeat = heartbeat.Heartbeat(
                self._client, self.index, self._timeout, self.termination
            )

    @property
    def is_coordinator(self) -> bool:
        """Whether this process writes the run folder."""
        return self.index == 0

    @property
    def is_shut_down(self) -> bool:
        """Whether there is no communication: `shutdown` was called, or the process runs alone."""
        return self._heartbeat is None or self._heartbeat.stopped

    def checksum(self, images: np.ndarray) -> int:
        """Returns the CRC-32 of all examples, in the order of the processes.

        Args:
          images: Examples of this process.
        """
        before = int(self._get(f"crc32/{self.index - 1}")) if self.index else 0
        own = data_lib.crc32(images, before)
        if self.count == 1:
            return own
        self._client.key_value_set(f"{heartbeat.ROOT}/crc32/{self.index}", str(own))
        return int(self._get(f"crc32/{self.count - 1}"))

    def broadcast(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns the coordinator's arrays, bit for bit, in every process.

        Args:
          values: Arrays with the same names, shapes and dtypes in every process.
        """
        if self.count == 1:
            return dict(values)
        # Arrays are sent as bytes, because the sum that transfers them would turn -0.0 into 0.0.
        content = np.concatenate(
            [np.ascontiguousarray(value).reshape(-1).view(np.uint8) for value in values.values()]
        )
        content = np.asarray(multihost_utils.broadcast_one_to_all(content), np.uint8)
        ends = np.cumsum([value.nbytes for value in values.values()])
        parts = np.split(content, ends[:-1])
        return {
            name: part.view(value.dtype).reshape(value.shape)
            for part, (name, value) in zip(parts, values.items(), strict=True)
        }

    def barrier(self) -> None:
        """Waits for all processes, and connects all devices.

        Without this, the devices would connect at the first training step, and time out if one
        process compiles half a minute longer than another.
        """
        self._client.wait_at_barrier(f"{heartbeat.ROOT}/barrier", self._timeout * 1000)
        connect = jax.pmap(lambda one: lax.psum(one, "all"), axis_name="all", devices=jax.devices())
        jax.block_until_ready(connect(np.ones(jax.local_device_count(), np.int32)))

    def shutdown(self) -> None:
        """Waits for all processes and ends the communication; the coordinator continues alone."""
        if self._heartbeat is not None and not self._heartbeat.stopped:
            self._client.wait_at_barrier(f"{heartbeat.ROOT}/shutdown", self._timeout * 1000)
            self._heartbeat.stop()
            jax.distributed.shutdown()

    def abort(self, error: BaseException) -> NoReturn:
        """Ends all processes because of an error in this one.

        The process exits without cleanup: an orderly exit from `jax.distributed` would wait for
        the other processes, which wait for this one.
        """
        code, text = exit_code(error), " ".join(str(error).split())
        if isinstance(error, jax.errors.JaxRuntimeError) and _LOST.search(text):
            # Another process has failed. The heartbeat finds out which, and exits with a message.
            time.sleep(self._timeout + 5)
        if code is None:
            traceback.print_exception(error)
            code, text = EXIT_CODES[HostFailed], f"{type(error).__name__}: {text:.300}"
        with contextlib.suppress(Exception):  # The coordinator may have exited already.
            self._client.key_value_set(f"{heartbeat.ROOT}/failed/{self.index}", f"{code} {text}")
            # The store ends with the coordinator, so wait until the others have read the reason.
            end = time.monotonic() + self._timeout
            while time.monotonic() < end and not self._was_read():
                time.sleep(heartbeat.INTERVAL / 5)
        heartbeat.exit_now(code, text)

    def _was_read(self) -> bool:
        return len(self._client.key_value_dir_get(f"{heartbeat.ROOT}/read/")) >= self.count - 1

    def _get(self, key: str) -> str:
        return self._client.blocking_key_value_get(f"{heartbeat.ROOT}/{key}", self._timeout * 1000)


_LOST = re.compile("gloo|nccl|peer|connection", re.IGNORECASE)  # Errors of collectives.


@contextlib.contextmanager
def join(launch: Launch) -> Iterator[ProcessGroup]:
    """Connects the processes of one run; an error in one of them ends all.

    Args:
      launch: Settings that connect the processes. `Launch()` stands for a single process.

    Yields:
      The connected processes.

    Raises:
      ConfigError: If a setting is invalid, or the processes cannot connect.
    """
    if not check(launch):
        yield ProcessGroup()
        return
    _initialize(launch)
    group = ProcessGroup(launch)
    group.barrier()
    try:
        yield group
        group.shutdown()
    except BaseException as error:
        if group.is_shut_down:
            raise
        group.abort(error)


def _initialize(launch: Launch) -> None:
    explicit = {
        "coordinator_address": launch.coordinator,
        "num_processes": launch.num_processes,
        "process_id": launch.process_id,
    }
    try:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        jax.distributed.initialize(
            **(explicit if launch.coordinator else {}),
            initialization_timeout=launch.host_timeout,
            # JAX's heartbeat must time out after ours, because our error message is one line.
            heartbeat_timeout_seconds=2 * launch.host_timeout + 10,
            shutdown_timeout_seconds=launch.host_timeout,
        )
    except (RuntimeError, ValueError) as error:
        reason = next(iter(str(error).splitlines()), "")
        raise ConfigError(
            f"could not connect to the coordinator ({reason:.200}). Pass the same --coordinator "
            "and --num-processes to every process; use --distributed alone only on TPU pods, "
            "Slurm and Open MPI."
        ) from error
