"""Processes that decode images while a run trains."""

import multiprocessing
import os
import signal
import threading
from multiprocessing import connection, resource_tracker

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

MAX_DEFAULT = 8
"""Largest default number of processes. More of them seldom help, because storage limits them."""


def default_count() -> int:
    """Returns the default number of processes: half of the cores, at least 1 and at most 8."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(MAX_DEFAULT, (cores or 1) // 2))


def choose_count(wanted: int) -> int:
    """Returns a number of processes; -1 stands for the default."""
    return default_count() if wanted < 0 else wanted


def block_signals() -> None:
    """Keeps Ctrl-C and requests to end from this thread, and from processes that it starts.

    These signals often reach all processes of a run at once. The training process reacts to
    them; it needs its workers until it has saved the state, and ends them itself.
    """
    # When `multiprocessing` starts its tracker with the first process, it unblocks signals.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def start_worker(index: int, count: int) -> None:
    """Prepares a worker process, before it reads anything.

    Args:
      index: Index of the process.
      count: Number of processes.
    """
    import jax

    del index, count
    jax.config.update("jax_platforms", "cpu")  # It must not take memory of an accelerator.
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if (parent := multiprocessing.parent_process()) is not None:
        watch = threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True)
        watch.start()


def _end_with(sentinel: int) -> None:
    """Ends this process when its parent process has ended, even by SIGKILL."""
    connection.wait([sentinel])
    os._exit(1)


def kill_all() -> None:
    """Ends the processes that Grain has not ended itself."""
    for child in multiprocessing.active_children():
        if child.name.startswith("grain-"):
            child.kill()
            child.join()
