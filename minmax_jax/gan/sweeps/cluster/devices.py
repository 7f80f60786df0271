"""Accelerators and processor cores of each worker of a cluster on this machine."""

import os
import signal
import subprocess
import sys
import threading
from typing import NamedTuple

from minmax_jax.gan.base.errors import ConfigError

_CORES_PER_WORKER = 2

_PROBE = "import jax; print('found', jax.default_backend(), jax.local_device_count())"


class Share(NamedTuple):
    """Division of the devices of this machine among workers.

    Attributes:
      workers: Number of workers.
      platform: Platform of JAX.
      devices: Number of devices of that platform.
      each: Number of devices of each worker.
    """

    workers: int
    platform: str
    devices: int
    each: int


def divide(workers: int, devices: int) -> Share:
    """Divides the devices of this machine.

    Args:
      workers: Number of workers. 0: one per accelerator that a run uses, or one per two cores of
        a CPU.
      devices: Number of devices of each run in its configuration; 0 for all devices of its worker.

    Raises:
      ConfigError: If there are too few devices for one run, or TPUs for several processes.
    """
    platform, count = _probe()
    if platform == "cpu":
        return Share(workers or max(1, len(_cores()) // _CORES_PER_WORKER), platform, count, count)
    each = devices or 1
    if each > count:
        raise ConfigError(f"devices must be at most {count}, the devices here, got {devices}.")
    if platform == "tpu":  # Only one process per machine can open them.
        if workers > 1:
            raise ConfigError(
                f"workers must be 1 on a machine with TPUs, got {workers}, because only one "
                "process can use them."
            )
        return Share(1, platform, count, count)
    return Share(workers or count // each, platform, count, each)


def take(share: Share, index: int) -> None:
    """Restricts this process to its devices; call it before JAX starts.

    If there are more workers than devices, several of them share the memory of a GPU. The cores of
    a CPU are divided, because every process would use all of them otherwise.

    Args:
      share: Division of the devices.
      index: Number of this worker.
    """
    _leave_signals_to_parent()
    if share.platform == "cpu":
        cores = _cores()
        own = cores[index % share.workers :: share.workers] or [cores[index % len(cores)]]
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, own)
    elif share.platform != "tpu":
        groups = share.devices // share.each
        first = index % groups * share.each
        for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"):
            given = os.environ.get(name)
            ids = given.split(",") if given else [str(i) for i in range(share.devices)]
            os.environ[name] = ",".join(ids[first : first + share.each])
        sharing = -(-share.workers // groups)
        if sharing > 1:
            os.environ.setdefault("XLA_PYTHON_CLIENT_MEM_FRACTION", f"{0.75 / sharing:.3f}")


def _leave_signals_to_parent() -> None:
    """Ignores Ctrl-C, which a terminal sends to workers too: the parent stops them in order."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _cores() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _probe() -> tuple[str, int]:
    """Returns platform and number of devices, found in another process.

    This process must not reserve the memory of GPUs that its workers need.
    """
    environment = {**os.environ, "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    done = subprocess.run(
        [sys.executable, "-c", _PROBE], env=environment, capture_output=True, text=True, check=False
    )
    words = done.stdout.split()
    if done.returncode or words[:1] != ["found"]:
        reason = done.stderr.strip().rpartition("\n")[2]
        raise ConfigError(f"JAX does not start ({reason:.200}). Check its installation.")
    return words[1], int(words[2])
