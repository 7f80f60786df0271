"""Elements come in order from any number of processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from minmax_jax.gan.base.errors import DataError, DataFailed
from minmax_jax.gan.data.streaming.reader import Reader

pytest.importorskip("grain", reason="needs the extra stream")
ROOT = Path(__file__).parents[4]


class Source:
    """Numbers from 0, with a failure at one of them."""

    def __init__(self, failing=-1, error=None):
        self.failing, self.error = failing, error

    def __len__(self):
        return 40

    def __getitem__(self, index):
        if index == self.failing:
            if self.error is None:
                os.kill(os.getpid(), signal.SIGKILL)
            raise self.error
        return {"value": np.full((3, 4), index), "process": os.getpid()}


def read(source, num_workers, group, count):
    """Reads groups of elements; returns their values and the processes that have read them."""
    reader = Reader(source, num_workers, group, list)
    try:
        found = [element for _ in range(count) for element in reader.wait(reader.ask())]
    finally:
        reader.close()
    return [int(element["value"][0, 0]) for element in found], {e["process"] for e in found}


def assert_ended(processes):
    for process in processes - {os.getpid()}:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_threads_read_in_order():
    assert read(Source(), 0, 5, 8) == (list(range(40)), {os.getpid()})


def test_error_in_a_thread_is_one_line():
    with pytest.raises(DataFailed, match=r"^stream: image 7 is broken\.$"):
        read(Source(7, DataError("image 7 is broken.\nmore")), 0, 5, 8)
    with pytest.raises(DataFailed, match=r"^stream: reading failed \(the disk is gone\)\.$"):
        read(Source(7, OSError("the disk is gone")), 0, 5, 8)


@pytest.mark.slow
@pytest.mark.parametrize("num_workers", [1, 2])
def test_processes_read_in_order_and_end(num_workers):
    values, processes = read(Source(), num_workers, 5, 7)
    assert values == list(range(35))
    assert len(processes) == num_workers and os.getpid() not in processes
    assert_ended(processes)


@pytest.mark.slow
def test_error_in_a_process_is_one_line():
    with pytest.raises(DataFailed, match=r"^stream: image 7 is broken\.$"):
        read(Source(7, DataError("image 7 is broken.")), 2, 5, 8)


@pytest.mark.slow
def test_killed_process_is_one_line():
    with pytest.raises(DataFailed, match=r"a worker process failed .*exit code -9"):
        read(Source(7), 2, 5, 8)


@pytest.mark.slow
def test_processes_end_with_a_killed_reader():
    code = (
        "import signal, os\n"
        "from minmax_jax.gan.data.streaming.reader import Reader\n"
        "from tests.gan.data.streaming.test_reader import Source\n"
        "if __name__ == '__main__':\n"
        "    reader = Reader(Source(), 2, 4, list)\n"
        "    print(*{e['process'] for e in reader.wait(reader.ask())}, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    processes = {int(word) for word in done.stdout.split()}
    assert len(processes) == 2
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{process}").exists() for process in processes):
        assert time.monotonic() < deadline, "workers outlive their reader"
        time.sleep(0.1)


@pytest.mark.slow
def test_processes_leave_accelerators_and_signals_alone():
    class Probe(Source):
        def __getitem__(self, index):
            import jax
            from jax._src import xla_bridge

            ignored = signal.pthread_sigmask(signal.SIG_BLOCK, [])
            started = xla_bridge.backends_are_initialized()
            return {"state": (jax.config.jax_platforms, started, signal.SIGINT in ignored)}

    reader = Reader(Probe(), 1, 1, list)
    try:
        assert reader.wait(reader.ask())[0]["state"] == ("cpu", False, True)
    finally:
        reader.close()
