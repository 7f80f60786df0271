"""Refuses requests that the memory of this machine cannot hold."""

import os
from pathlib import Path

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.base.messages import short

_CGROUP = Path("/sys/fs/cgroup/memory.max")


def total_memory() -> float:
    """Returns how many bytes of memory this process may use, or infinity if that is unknown."""
    limits = [float("inf")]
    try:
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        pass  # Windows has no sysconf.
    try:
        limits.append(int(_CGROUP.read_text("utf-8")))
    except (OSError, ValueError):
        pass  # There is no control group, or it has no limit ("max").
    return min(limits)


def check_memory(argument: str, value: int, needed: float, remedy: str) -> None:
    """Checks that a lower bound of the needed memory is at most the memory of this machine.

    Args:
      argument: Name of the argument that determines the needed memory.
      value: Its value.
      needed: Lower bound of the memory in bytes.
      remedy: Last sentence of the message.

    Raises:
      ConfigError: If more memory is needed than there is.
    """
    total = total_memory()
    if needed > total:
        raise ConfigError(
            f"{argument}={short(value)} needs at least {_gigabytes(needed)} of memory, and there "
            f"are {_gigabytes(total)}. {remedy}"
        )


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:,.3g} GB" if size < 1e12 else f"{size / 1e9:,.0f} GB"
