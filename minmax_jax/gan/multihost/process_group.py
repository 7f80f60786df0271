"""Multi-process training: start-up, communication and shutdown.

Only process 0, the coordinator, writes the run folder and progress messages; every process prints
the error that ends it. Each process loads the data of its devices. Training exchanges arrays
inside the compiled step. `broadcast` and `barrier` use collectives of their own, and short
messages go through the key-value store of `jax.distributed`. Separate TCP connections
serve to compare the processes before JAX connects them, and carry the heartbeat (see `rendezvous`
and `heartbeat`).
"""

import contextlib
import json
import re
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

import jax
import numpy as np
from jax import lax
from jax.experimental import multihost_utils

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import EXIT_CODES, ConfigError, HostFailed, exit_code
from minmax_jax.gan.multihost import agreement, connection
from minmax_jax.gan.multihost.heartbeat import INTERVAL, Heartbeat
from minmax_jax.gan.multihost.launch import Launch, check
from minmax_jax.gan.multihost.store import Store
from minmax_jax.gan.multihost.termination import Termination


class ProcessGroup:
    """Connection of this process to the other processes of its run.

    Args:
      heartbeat: Heartbeat between the processes, or None for a process that runs alone. Then
        `checksum`, `check_same`, `broadcast` and `shutdown` do not communicate, and `barrier` and
        `abort` must not be called.
      store: Texts that the processes exchange.
      termination: Signal state of this process.

    Attributes:
      index: Index of this process.
      count: Number of processes.
      termination: Signal state of this process. Other processes forward a signal to the
        coordinator, which ends the run for all.
    """

    def __init__(
        self,
        heartbeat: Heartbeat | None = None,
        store: Store | None = None,
        termination: Termination | None = None,
    ) -> None:
        self._heartbeat, self._store = heartbeat, store or Store()
        self.index, self.count = self._store.index, self._store.count
        self.termination = termination or Termination()

    @property
    def is_coordinator(self) -> bool:
        """Whether this process writes the run folder."""
        return self.index == 0

    @property
    def is_shut_down(self) -> bool:
        """Whether there is no communication: `shutdown` was called, or the process runs alone."""
        return self._heartbeat is None or self._heartbeat.stopped

    def checksum(self, values: np.ndarray, name: str = "crc32") -> int:
        """Returns the CRC-32 of all examples or labels, in the order of the processes.

        Args:
          values: Examples or labels of this process.
          name: Name under which the processes exchange it, different at each call.
        """
        before = int(self._store.get(name, self.index - 1)) if self.index else 0
        own = data_lib.crc32(values, before)
        if self.count == 1:
            return own
        self._store.put(name, str(own))
        return int(self._store.get(name, self.count - 1))

    def total(self, counts: Sequence[int]) -> tuple[int, ...]:
        """Returns the sums of counts over all processes.

        Args:
          counts: Counts of this process, as many in every process.
        """
        if self.count == 1:
            return tuple(counts)
        before = json.loads(self._store.get("counts", self.index - 1)) if self.index else None
        own = [sum(pair) for pair in zip(counts, before or [0] * len(counts), strict=True)]
        self._store.put("counts", json.dumps(own))
        return tuple(json.loads(self._store.get("counts", self.count - 1)))

    def check_same(self, name: str, values: Mapping[str, Any], remedy: str) -> None:
        """Checks that values are the same in all processes.

        Args:
          name: Name of the values in the error message, different at each call.
          values: Values by name.
          remedy: Sentence that says what to do.

        Raises:
          ConfigError: If a value differs. All processes raise it.
        """
        own = {key: agreement.text_of(value) for key, value in values.items()}
        if text := agreement.differences(self._store.exchange(name, own)):
            raise ConfigError(f"{name} must be the same in all processes, got {text}. {remedy}")

    def check_data(self, data: data_lib.Data) -> None:
        """Checks that all processes have the same dataset, of which each holds a shard.

        Raises:
          ConfigError: If the datasets differ.
        """
        values = {
            "kind": data.kind,
            "shape": data.images.shape[1:],
            "dtype": str(data.images.dtype),
            "training examples": data.count,
            "held-out examples": data.test_count,
            "classes": data.num_classes,
            "checksum": data.totals.identity if data.totals else data.crc32,
            "streamed": data.is_streamed,
        }
        remedy = (
            "Give every host the same dataset. If only `streamed` differs, the hosts have "
            "different amounts of memory: pass --stream, or --stream-above 0, to all."
        )
        self.check_same("data", values, remedy)

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

        Raises:
          ConfigError: If the processes have different devices.
        """
        own = jax.local_devices()
        kinds = sorted({device.device_kind for device in own})
        self.check_same(
            "devices",
            {"number of devices": len(own), "platform": own[0].platform, "kind": kinds},
            "Use the same number and kind of devices on every host.",
        )
        connect = jax.pmap(lambda one: lax.psum(one, "all"), axis_name="all", devices=jax.devices())
        jax.block_until_ready(connect(np.ones(jax.local_device_count(), np.int32)))

    def shutdown(self) -> None:
        """Waits for all processes and ends the communication; the coordinator continues alone."""
        if self._heartbeat is not None and not self._heartbeat.stopped:
            self._heartbeat.leave()
            connection.disconnect()
            self._heartbeat.close()

    def abort(self, error: BaseException) -> NoReturn:
        """Ends all processes because of an error in this one.

        The process exits without cleanup: an orderly exit from `jax.distributed` would wait for
        the other processes, which wait for this one.
        """
        assert self._heartbeat is not None
        abort(self._heartbeat, self.index, error)


def abort(heartbeat: Heartbeat, index: int, error: BaseException) -> NoReturn:
    """Ends all processes because of an error in process `index`, this one."""
    code, text = exit_code(error), " ".join(str(error).split())
    if code is None and _LOST.search(text):
        # Another process has failed. The heartbeat finds out which, and exits with a message.
        time.sleep(heartbeat.timeout + INTERVAL * 4)
    if code is None:
        traceback.print_exception(error)
        code, text = EXIT_CODES[HostFailed], f"{type(error).__name__}: {text:.300}"
    heartbeat.fail(code, text or type(error).__name__, index)


# Errors of collectives. JAX raises them as `JaxRuntimeError` or `ValueError`.
_LOST = re.compile("gloo|nccl|peer|connection", re.IGNORECASE)


@contextlib.contextmanager
def join(launch: Launch, settings: Mapping[str, Any] | None = None) -> Iterator[ProcessGroup]:
    """Connects the processes of one run; an error in one of them ends all.

    Args:
      launch: Settings that connect the processes. `Launch()` stands for a single process.
      settings: Flat configuration of the run, which must be the same in all processes.

    Yields:
      The connected processes.

    Raises:
      ConfigError: If a setting is invalid, or differs between the processes.
      HostFailed: If a process does not connect in time.
    """
    if not check(launch):
        yield ProcessGroup()
        return
    place = connection.find_place(launch)
    own = agreement.settings_of(settings or {})
    wires, service = connection.meet(place, launch.host_timeout, own)
    termination = Termination()
    heartbeat = Heartbeat(wires, launch.host_timeout, termination)
    try:
        connection.initialize(place, service)
        group = ProcessGroup(heartbeat, Store(place.index, place.count), termination)
        group.barrier()
        yield group
        group.shutdown()
    except BaseException as error:
        if heartbeat.stopped:
            raise
        abort(heartbeat, place.index, error)
