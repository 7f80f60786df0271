"""Connects the processes of a run: first by connections of their own, then by JAX."""

import contextlib
import ctypes
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
from jax._src import clusters, distributed, xla_bridge  # These modules have no public names.

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.multihost import introduction, listening, rendezvous
from minmax_jax.gan.multihost.launch import Address, Launch, parse_address
from minmax_jax.gan.multihost.member import Member
from minmax_jax.gan.multihost.relay import Relay
from minmax_jax.gan.multihost.wire import Wire

NEVER = 10**6
"""Seconds after which JAX would abort the process. The heartbeat ends it much earlier."""


class Place(NamedTuple):
    """Place of this process among the processes of the run.

    Attributes:
      coordinator: Address of process 0.
      index: Index of this process.
      count: Number of processes.
      local_devices: Indices of the devices of this process on its host, or None for all
        devices of the host.
    """

    coordinator: Address
    index: int
    count: int
    local_devices: Sequence[int] | None = None


def find_place(launch: Launch) -> Place:
    """Returns the place of this process, from the settings or from the detected cluster.

    Raises:
      ConfigError: If no cluster is detected.
    """
    if launch.coordinator:
        return Place(parse_address(launch.coordinator), launch.process_id, launch.num_processes)
    try:
        found = clusters.ClusterEnv.auto_detect_unset_distributed_params(
            None, None, None, None, None, launch.host_timeout
        )
    except Exception as error:  # Each kind of cluster fails in its own way.
        raise ConfigError(_not_detected(f"{type(error).__name__}: {error}")) from error
    address, count, index, local_devices = found
    if address is None or count is None or index is None:
        raise ConfigError(_not_detected("no cluster found"))
    return Place(parse_address(address), index, count, local_devices)


def _not_detected(reason: str) -> str:
    return (
        f"distributed: the processes cannot be detected ({' '.join(reason.split()):.200}). Use "
        "--distributed alone only on TPU pods, Slurm and Open MPI; elsewhere pass --coordinator, "
        "--num-processes and --process-id."
    )


def meet(
    place: Place, timeout: float, settings: Mapping[str, str]
) -> tuple[dict[int, Wire], Address]:
    """Connects this process with the others, and checks that their settings agree.

    Args:
      place: Place of this process.
      timeout: Seconds to wait for the others.
      settings: Settings that must be the same in all processes.

    Returns:
      Connections of process 0 to all others, or of another process to process 0; and the numeric
      address of process 0.

    Raises:
      ConfigError: If processes have the same index or different settings, or JAX is in use already.
      HostFailed: If a process does not connect in time.
    """
    if xla_bridge.backends_are_initialized():
        raise ConfigError(
            "the processes must connect before anything else uses JAX. Call train first in the "
            "script."
        )
    own = Member(place.index, place.count, settings)
    if place.index:
        wire = introduction.connect(place.coordinator, own, timeout)
        return {0: wire}, Address(*wire.peer[:2])
    with listening.listen(place.coordinator) as listener:
        wires = rendezvous.wait_for_members(listener, own, timeout)
        return wires, Address(*listener.getsockname()[:2])


def initialize(place: Place, service: Address) -> None:
    """Connects the devices of the processes through `jax.distributed`.

    Args:
      place: Place of this process.
      service: Numeric address of process 0, where JAX's service takes over the port.

    Raises:
      ConfigError: If another program has just taken the port.
    """
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    # The service would replace the handler of SIGTERM.
    jax.config.update("jax_enable_preemption_service", False)
    with contextlib.ExitStack() as stack:
        address = str(service)
        if place.index:
            address = stack.enter_context(Relay(service)).address
        try:
            jax.distributed.initialize(
                address,
                place.count,
                place.index,
                place.local_devices,
                coordinator_bind_address=str(service),
                initialization_timeout=NEVER,
                heartbeat_timeout_seconds=NEVER,
            )
        except (RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise ConfigError(
                f"coordinator: JAX cannot connect the processes at {service} ({reason:.200}). "
                "Choose another port."
            ) from error


def disconnect() -> None:
    """Leaves JAX's service without telling it, after all processes have done their part.

    The orderly end waits for the others, and aborts this process if one of them is lost.
    """
    state = distributed.global_state
    for part in (state.client, state.service):
        if part is not None:  # Its destructor would be the orderly end.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(part))
    state.client = state.service = None
