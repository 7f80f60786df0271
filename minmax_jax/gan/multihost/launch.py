"""Settings that connect the processes of one run."""

import dataclasses

from minmax_jax.gan.base.errors import ConfigError


@dataclasses.dataclass(frozen=True)
class Launch:
    """Settings that connect the processes of one run.

    They are not part of the configuration, because they do not change the result.
    """

    coordinator: str = ""
    """Address of process 0 as HOST:PORT, for a run with several processes. Pass the same address to every process."""  # noqa: E501
    num_processes: int = 0
    """Number of processes."""
    process_id: int = -1
    """Index of this process, starting at 0. Only process 0 writes files."""
    distributed: bool = False
    """Detect the processes automatically: on TPU pods, Slurm and Open MPI."""
    host_timeout: int = 60
    """Seconds without a heartbeat after which all processes exit."""


def check(launch: Launch) -> bool:
    """Checks the settings; returns whether `jax.distributed` has to be initialized.

    Raises:
      ConfigError: If a value is missing or out of range.
    """
    given = (launch.coordinator, launch.num_processes, launch.process_id)
    if launch.host_timeout < 1:
        raise ConfigError(f"host_timeout must be at least 1, got {launch.host_timeout}.")
    if not launch.coordinator:
        if given != ("", 0, -1):
            raise ConfigError(
                "num_processes and process_id require --coordinator HOST:PORT, the address of "
                "process 0. On TPU pods or Slurm, pass only --distributed."
            )
        return launch.distributed
    host, colon, port = launch.coordinator.rpartition(":")
    if not (host and colon and port.isdecimal()):
        raise ConfigError(
            f"coordinator must be HOST:PORT of process 0, got {launch.coordinator!r}."
        )
    if not 0 <= launch.process_id < launch.num_processes:
        raise ConfigError(
            f"process_id must be between 0 and num_processes - 1, got {launch.process_id} with "
            f"num_processes={launch.num_processes}. Pass a different process_id to each process "
            "and the same num_processes to all."
        )
    return True
