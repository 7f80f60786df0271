"""Implementations in processes of their own: times and failures."""

import os
import pathlib
import subprocess
import sys
import time

import pytest

from benchmarks import clock, worker


class Sleeper:
    """Takes a known time per call, until a call fails in the way that the method says."""

    def __init__(self, seconds, turns=99, fails="raise"):
        if seconds < 0:
            raise ValueError(f"seconds is {seconds}\nsecond line")
        self.seconds, self.turns, self.fails = seconds, turns, fails

    def check(self):
        raise worker.Wrong("the losses differ")

    def turn(self, calls, untimed):
        self.turns -= 1
        if self.turns < 0 and self.fails == "exit":
            os._exit(7)
        if self.turns < 0:
            raise RuntimeError("an illegal memory access was encountered")
        return clock.turn(lambda: time.sleep(self.seconds), calls, untimed)


@pytest.fixture
def start():
    started = []

    def one(*args, **options):
        started.append(worker.Worker(Sleeper, *args, **options))
        return started[-1]

    yield one
    for each in started:
        each.close()


def test_worker_times_its_own_turns(start):
    both = {"slow": start(0.05), "fast": start(0.001)}
    times = clock.interleave(both, rounds=3, calls=2, untimed=1)
    assert [len(seconds) for seconds in times.values()] == [3, 3]
    assert all(seconds >= 0.05 for seconds in times["slow"])
    assert max(times["fast"]) < 0.05


@pytest.mark.parametrize(
    ("fails", "message"),
    [
        ("raise", "RuntimeError: an illegal memory access was encountered"),
        ("exit", "its process has ended with exit code 7"),
    ],
)
def test_failing_turn_is_left_out_and_ends_no_other(start, capsys, fails, message):
    both = {"failing": start(0.0, turns=3, fails=fails), "here": lambda: None}
    times = clock.interleave(both, rounds=4)
    assert list(times) == ["here"]
    assert len(times["here"]) == 4
    assert capsys.readouterr().out == f"failing is left out: {message}\n"


def test_object_that_cannot_be_made_is_left_out(start):
    with pytest.raises(clock.LeftOut, match=r"^ValueError: seconds is -1$"):
        start(-1).call("turn", 1, 0)


def test_reason_is_kept_until_the_first_call(start):
    one = start(-1)
    one.process.join(worker.SECONDS_TO_END)
    with pytest.raises(clock.LeftOut, match=r"^ValueError: seconds is -1$"):
        one.call("turn", 1, 0)


ORPHAN = """
import sys, time
from benchmarks import worker
from tests.benchmarks.test_worker import Sleeper

if __name__ == "__main__":
    one = worker.Worker(Sleeper, 60.0)
    one.begin("turn", 1, 0)
    print(one.process.pid, flush=True)
    time.sleep(60)
"""


def test_worker_ends_with_a_killed_parent(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(ORPHAN)
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with parent:
        pid = int(parent.stdout.readline())
        time.sleep(2.0)  # Until the worker is in its call.
        os.kill(pid, 0)
        parent.kill()
    for _ in range(100):
        if not is_running(pid):
            return
        time.sleep(0.1)
    pytest.fail("the worker has not ended")


def is_running(pid):
    try:
        os.kill(pid, 0)
        return "Z" not in pathlib.Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0]
    except (OSError, IndexError):
        return False


def test_wrong_result_is_an_error_and_not_left_out(start):
    with pytest.raises(AssertionError, match="the losses differ"):
        start(0.0).call("check")


def test_ended_process_is_left_out_at_every_later_call(start):
    one = start(0.0, turns=0, fails="exit")
    for _ in range(2):
        with pytest.raises(clock.LeftOut, match="exit code 7"):
            one.turn(1, 0)


def test_close_ends_the_process(start):
    one = start(0.0)
    one.turn(1, 0)
    one.close()
    assert one.process.exitcode == 0
