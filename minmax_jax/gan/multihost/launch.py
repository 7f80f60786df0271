"""Settings that connect the processes of one run."""

import dataclasses
from typing import NamedTuple

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.messages import short

MAX_PROCESSES, MAX_TIMEOUT = 2**16, 24 * 60 * 60


@dataclasses.dataclass(frozen=True)
class Launch:
    """Settings that connect the processes of one run.

    They are not part of the configuration, because they do not change the result.
    """

    coordinator: str = ""
    """Address of process 0 as HOST:PORT, for a run with several processes. Pass the same address to every process. Process 0 listens only on it. Strangers must not be able to reach the port."""  # noqa: E501
    num_processes: int = 0
    """Number of processes."""
    process_id: int = -1
    """Index of this process, starting at 0. Only process 0 writes files."""
    distributed: bool = False
    """Detect the processes automatically: on TPU pods, Slurm and Open MPI."""
    host_timeout: int = 60
    """Seconds without a heartbeat after which all processes exit, and for which processes wait for one another at the start."""  # noqa: E501


class Address(NamedTuple):
    """Host and port.

    Attributes:
      host: Name or IP address, without brackets.
      port: Port.
    """

    host: str
    port: int

    def __str__(self) -> str:
        """Returns HOST:PORT, with brackets around an IPv6 address."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str, name: str = "coordinator") -> Address:
    """Returns the address that HOST:PORT stands for.

    Args:
      text: Text of the form HOST:PORT or [IPV6]:PORT.
      name: Name of the argument in error messages.

    Raises:
      ConfigError: If the text has another form, or the port is out of range.
    """
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    digits = port.isascii() and port.isdecimal()
    if not (host and colon and digits) or (":" in host and not bracketed):
        raise ConfigError(
            f"{name} must be HOST:PORT of process 0, got {short(text)}. Put an IPv6 address in "
            "brackets: [::1]:PORT."
        )
    if len(port) > 5 or not 1 <= int(port) <= 65535:
        raise ConfigError(
            f"{name} must have a port from 1 to 65535, got {short(text)}. Choose a free port of "
            "process 0's machine."
        )
    return Address(host, int(port))


def check(launch: Launch) -> bool:
    """Checks the settings; returns whether there are other processes to connect to.

    Raises:
      ConfigError: If a value is missing or out of range.
    """
    given = (launch.coordinator, launch.num_processes, launch.process_id)
    if not 1 <= launch.host_timeout <= MAX_TIMEOUT:
        raise ConfigError(
            f"host_timeout must be at least 1 and at most {MAX_TIMEOUT} seconds, got "
            f"{short(launch.host_timeout)}. The default is {Launch.host_timeout}."
        )
    if not launch.coordinator:
        if given != ("", 0, -1):
            raise ConfigError(
                "num_processes and process_id require --coordinator HOST:PORT, the address of "
                "process 0. On TPU pods or Slurm, pass only --distributed."
            )
        return launch.distributed
    parse_address(launch.coordinator)
    if launch.num_processes > MAX_PROCESSES:
        raise ConfigError(
            f"num_processes must be at most {MAX_PROCESSES}, got {short(launch.num_processes)}. "
            "Pass the number of processes that you start."
        )
    if not 0 <= launch.process_id < launch.num_processes:
        raise ConfigError(
            f"process_id must be between 0 and num_processes - 1, got {short(launch.process_id)} "
            f"with num_processes={short(launch.num_processes)}. Pass a different process_id to "
            "each process and the same num_processes to all."
        )
    return True
