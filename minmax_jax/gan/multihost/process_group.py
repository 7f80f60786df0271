"""Several processes that train one run: who they are, what they agree on, how they end.

Only process 0 writes: the run folder, checkpoints, what a person sees. Each process holds its
devices' rows of the data. What they compute together runs inside the compiled step; here are
the few words that they exchange besides, through the key-value store of `jax.distributed`.
"""

import contextlib
import dataclasses
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import jax
import numpy as np
from jax import lax
from jax._src import distributed  # the key-value store has no public name
from jax.experimental import multihost_utils

from minmax_jax.gan import data as data_lib
from minmax_jax.gan.base.errors import EXIT_CODES, ConfigError, HostFailed, exit_code
from minmax_jax.gan.multihost.termination import Termination


@dataclasses.dataclass(frozen=True)
class Launch:
    """Which processes train one run together: no part of the run, which is the same for any."""

    coordinator: str = ""
    """Several processes train one run: HOST:PORT of the first one, given to each of them."""
    num_processes: int = 0
    """How many processes there are."""
    process_id: int = -1
    """Which of them this one is, counted from 0; only 0 writes."""
    distributed: bool = False
    """Several processes, found by themselves: on TPU pods, under Slurm and under Open MPI."""
    host_timeout: int = 60
    """Seconds without a sign of life after which a process is given up, and all of them end."""


def check(launch: Launch) -> bool:
    """Returns whether several processes are asked for.

    Raises:
      ConfigError: some of what they need is missing.
    """
    given = (launch.coordinator, launch.num_processes, launch.process_id)
    if launch.host_timeout < 1:
        raise ConfigError(f"host_timeout={launch.host_timeout} is out of range; give at least 1")
    if not launch.coordinator:
        if given != ("", 0, -1):
            raise ConfigError(
                "num_processes and process_id need --coordinator HOST:PORT, the address of "
                "process 0; on TPU or Slurm give --distributed alone"
            )
        return launch.distributed
    host, colon, port = launch.coordinator.rpartition(":")
    if not (host and colon and port.isdecimal()):
        raise ConfigError(f"coordinator={launch.coordinator!r}: write HOST:PORT of process 0")
    if not 0 <= launch.process_id < launch.num_processes:
        raise ConfigError(
            f"process_id={launch.process_id} of num_processes={launch.num_processes}: give each "
            "process a number of its own, counted from 0, and all the same count"
        )
    return True


class Hosts:
    """This process among those that train the run; alone, everything here does nothing.

    Attributes:
      index: which one this is.
      count: how many there are.
      termination: where SIGTERM is noted; the first process ends the run for all.
    """

    def __init__(self, launch: Launch | None = None) -> None:
        self.index = jax.process_index() if launch else 0
        self.count = jax.process_count() if launch else 1
        self.termination = Termination()
        self._client: Any = distributed.global_state.client if launch else None
        self._timeout = launch.host_timeout if launch else 0
        self._left = threading.Event()
        if self._client is not None:
            threading.Thread(target=self._watch, daemon=True).start()

    @property
    def writes(self) -> bool:
        """Whether this process writes."""
        return self.index == 0

    def checksum(self, rows: np.ndarray) -> int:
        """Returns the CRC-32 of all rows in the order of the processes, each giving its own."""
        before = int(self._get(f"crc32/{self.index - 1}")) if self.index else 0
        own = data_lib.crc32(rows, before)
        if self.count == 1:
            return own
        self._client.key_value_set(f"{_ROOT}/crc32/{self.index}", str(own))
        return int(self._get(f"crc32/{self.count - 1}"))

    def share(self, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Returns the first process's values, bit for bit, in every one: same names and shapes."""
        if self.count == 1:
            return dict(values)
        # As bytes: the sum that carries them would turn -0.0 into 0.0.
        whole = np.concatenate([np.ascontiguousarray(v).reshape(-1).view(np.uint8)
                                for v in values.values()])  # fmt: skip
        whole = np.asarray(multihost_utils.broadcast_one_to_all(whole), np.uint8)
        ends = np.cumsum([value.nbytes for value in values.values()])
        parts = np.split(whole, ends[:-1])
        return {
            name: part.view(value.dtype).reshape(value.shape)
            for part, (name, value) in zip(parts, values.items(), strict=True)
        }

    def meet(self) -> None:
        """Connects all devices, while the processes are at one point.

        Left to the first training step, a process that compiles half a minute longer than
        another would have come too late.
        """
        self._client.wait_at_barrier(f"{_ROOT}/meet", self._timeout * 1000)
        together = jax.pmap(
            lambda one: lax.psum(one, "all"), axis_name="all", devices=jax.devices()
        )
        jax.block_until_ready(together(np.ones(jax.local_device_count(), np.int32)))

    def leave(self) -> None:
        """Ends what is done together; the first process goes on alone.

        Waits until every process has come here.
        """
        if self._client is not None and not self._left.is_set():
            self._client.wait_at_barrier(f"{_ROOT}/leave", self._timeout * 1000)
            self._left.set()
            jax.distributed.shutdown()

    def end(self, error: BaseException) -> NoReturn:
        """Ends this process because of an error, and has the others end.

        At once: a process that leaves `jax.distributed` in good order waits for the others,
        who wait for it.
        """
        code, text = exit_code(error), " ".join(str(error).split())
        if isinstance(error, jax.errors.JaxRuntimeError) and _LOST.search(text):
            time.sleep(self._timeout + 5)  # the watch finds out who is gone, and ends this one
        if code is None:
            traceback.print_exception(error)
            code, text = EXIT_CODES[HostFailed], f"{type(error).__name__}: {text:.300}"
        with contextlib.suppress(Exception):  # then the first process is gone already
            self._client.key_value_set(f"{_ROOT}/failed/{self.index}", f"{code} {text}")
            # The store ends with the first process: let them read.
            patience = time.monotonic() + self._timeout
            while time.monotonic() < patience and not self._was_read():
                time.sleep(_INTERVAL / 5)
        _leave_at_once(code, text)

    def _was_read(self) -> bool:
        return len(self._client.key_value_dir_get(f"{_ROOT}/read/")) >= self.count - 1

    def _get(self, key: str) -> str:
        return self._client.blocking_key_value_get(f"{_ROOT}/{key}", self._timeout * 1000)

    def _watch(self) -> None:
        """Gives signs of life and looks for those of the others, until the run ends."""
        beats, seen = 0, {}
        while not self._left.wait(_INTERVAL):
            beats += 1
            try:
                self._client.key_value_set(f"{_ROOT}/alive/{self.index}", str(beats), True)
                self._pass_on_termination()
                failed = self._client.key_value_dir_get(f"{_ROOT}/failed/")
                alive = self._client.key_value_dir_get(f"{_ROOT}/alive/")
            except Exception:
                if self._left.is_set():
                    return
                failed, alive = [(f"{_ROOT}/failed/0", f"{EXIT_CODES[HostFailed]} it is gone")], []
            for key, text in failed:
                if key.rpartition("/")[2] == str(self.index):
                    return  # our own: this process is on its way out
                code, _, reason = text.partition(" ")
                with contextlib.suppress(Exception):
                    self._client.key_value_set(f"{_ROOT}/read/{self.index}", "", True)
                _leave_at_once(int(code), f"process {key.rpartition('/')[2]}: {reason}")
            for key, beat in alive:
                if seen.get(key, ("", 0.0))[0] != beat:
                    seen[key] = (beat, time.monotonic())
                elif time.monotonic() - seen[key][1] > self._timeout:
                    _leave_at_once(
                        EXIT_CODES[HostFailed],
                        f"process {key.rpartition('/')[2]} gave no sign of life for "
                        f"{self._timeout} s; start all of them again to resume the run",
                    )

    def _pass_on_termination(self) -> None:
        key = f"{_ROOT}/terminate"
        if self.writes:
            if self._client.key_value_dir_get(f"{key}/"):
                self.termination.asked = True
        elif self.termination.asked:
            self._client.key_value_set(f"{key}/{self.index}", "", True)


_ROOT = "minmax_jax"
_INTERVAL = 0.5
_LOST = re.compile("gloo|nccl|peer|connection", re.IGNORECASE)  # words of failed collectives


def _leave_at_once(code: int, text: str) -> NoReturn:
    print(f"minmax-jax: {text}", file=sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(code)


@contextlib.contextmanager
def join(launch: Launch) -> Iterator[Hosts]:
    """Joins the other processes of a launch, if there are any; an error in one ends all.

    Raises:
      ConfigError: they do not find one another.
    """
    if not check(launch):
        yield Hosts()
        return
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
            # After the watch of our own, whose message is one line.
            heartbeat_timeout_seconds=2 * launch.host_timeout + 10,
            shutdown_timeout_seconds=launch.host_timeout,
        )
    except (RuntimeError, ValueError) as error:
        reason = next(iter(str(error).splitlines()), "")
        raise ConfigError(
            f"the processes did not find one another ({reason:.200}); give every one the same "
            "--coordinator and --num-processes, or outside TPU and Slurm not --distributed alone"
        ) from error
    hosts = Hosts(launch)
    hosts.meet()
    try:
        yield hosts
        hosts.leave()
    except BaseException as error:
        if hosts._left.is_set():
            raise
        hosts.end(error)
