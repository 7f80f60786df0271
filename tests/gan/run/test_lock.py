"""Only one process at a time writes to a run folder."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from minmax_jax.gan.base.errors import ConfigError, WriteFailed
from minmax_jax.gan.run import lease, lock, lock_file, processes

OTHER_HOST = processes.Process("node-7", "another kernel", 4321, "99")


@pytest.fixture
def sleeping():
    """A process that does nothing, which is killed at the end of the test."""
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


def record(path):
    file = os.open(path, os.O_RDONLY)
    try:
        return lock_file.read(file)
    finally:
        os.close(file)


def leave_lock(folder, process, age=0.0):
    """Writes the lock file of another process, renewed `age` seconds ago."""
    path = folder / lease.FILE
    with path.open("w+b") as file:
        lock_file.write(file.fileno(), lock_file.Holder(process, "token of another process"))
    os.utime(path, (time.time() - age,) * 2)
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_lock_names_this_process_and_is_deleted_at_the_end(tmp_path):
    with lock.hold(tmp_path) as check:
        check()
        process = record(tmp_path / "run.lock").process
        assert process == processes.current() and process.pid == os.getpid()
        assert names(tmp_path) == ["run.lock"]
    assert names(tmp_path) == []


def test_second_writer_is_refused_and_told_the_holder(tmp_path):
    with lock.hold(tmp_path) as check:
        held = (tmp_path / "run.lock").read_bytes()
        with pytest.raises(ConfigError) as caught, lock.hold(tmp_path):
            pytest.fail("both hold the lock")
        me = processes.current()
        assert f"process {me.pid} on {me.host} is writing to this folder" in str(caught.value)
        assert "\n" not in str(caught.value) and str(tmp_path) in str(caught.value)
        assert (tmp_path / "run.lock").read_bytes() == held and names(tmp_path) == ["run.lock"]
        check()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_lock_of_an_ended_process_is_taken_over_at_once(tmp_path, sleeping, number):
    leave_lock(tmp_path, processes.current()._replace(pid=sleeping.pid, started=""))
    with pytest.raises(ConfigError, match=f"process {sleeping.pid} on"):
        lease.Lease(tmp_path).acquire()
    sleeping.send_signal(number)
    os.waitid(os.P_PID, sleeping.pid, os.WEXITED | os.WNOWAIT)  # It stays a zombie.
    lease.Lease(tmp_path).acquire()
    assert record(tmp_path / "run.lock").process.pid == os.getpid()


def test_reused_process_number_is_not_the_holder(tmp_path, sleeping):
    process = processes.current()._replace(pid=sleeping.pid)
    if not process.started:
        pytest.skip("requires /proc")
    leave_lock(tmp_path, process._replace(started="1"))
    lease.Lease(tmp_path).acquire()


@pytest.mark.parametrize("age", [0.0, 55.0, -55.0])
def test_fresh_lock_of_another_machine_is_refused(tmp_path, age):
    leave_lock(tmp_path, OTHER_HOST, age)
    wait = 60 if age <= 0 else 5
    message = rf"process 4321 on node-7 .* again in {wait} s\."
    with pytest.raises(ConfigError, match=message):
        lease.Lease(tmp_path).acquire()
    assert record(tmp_path / "run.lock").process == OTHER_HOST


@pytest.mark.parametrize("age", [61.0, 1e6, -1e6])
def test_expired_lock_of_another_machine_is_taken_over(tmp_path, age):
    leave_lock(tmp_path, OTHER_HOST, age)
    with lock.hold(tmp_path) as check:
        check()
        assert record(tmp_path / "run.lock").process.pid == os.getpid()


def test_age_is_measured_by_the_clock_of_the_file_system(tmp_path, monkeypatch):
    """The clocks of two machines can differ by hours."""
    leave_lock(tmp_path, OTHER_HOST)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 7200)
    with pytest.raises(ConfigError, match="node-7"):
        lease.Lease(tmp_path).acquire()


def test_holder_that_lost_its_lock_notices_before_it_writes(tmp_path, monkeypatch):
    holder, now = lease.Lease(tmp_path), lease._clock()
    holder.acquire()
    os.utime(tmp_path / "run.lock", (time.time() - 61,) * 2)
    holder.check()  # The holder has renewed its lock a moment ago, and reads nothing.
    other = lease.Lease(tmp_path)
    other.acquire()
    monkeypatch.setattr(lease, "_clock", lambda: now + 61)  # The holder was suspended.
    for _ in range(2):
        with pytest.raises(WriteFailed, match=rf"lost the lock .*process {os.getpid()} on"):
            holder.check()
    holder.release()
    assert record(tmp_path / "run.lock") == other._own


def test_suspended_holder_keeps_its_lock_if_nobody_wants_it(tmp_path, monkeypatch):
    holder, now = lease.Lease(tmp_path), lease._clock()
    holder.acquire()
    os.utime(tmp_path / "run.lock", (time.time() - 300,) * 2)
    monkeypatch.setattr(lease, "_clock", lambda: now + 300)
    holder.check()
    with pytest.raises(ConfigError):  # The check has renewed the lock.
        lease.Lease(tmp_path).acquire()


def test_deleted_lock_ends_the_holder_without_a_new_lock(tmp_path, monkeypatch):
    monkeypatch.setattr(lease, "HEARTBEAT", 0.01)
    with lock.hold(tmp_path) as check:
        (tmp_path / "run.lock").unlink()
        with pytest.raises(WriteFailed, match=r"the file run\.lock was deleted"):
            for _ in range(500):
                check()
                time.sleep(0.01)
    assert names(tmp_path) == []


def test_thread_renews_the_lock(tmp_path, monkeypatch):
    monkeypatch.setattr(lease, "HEARTBEAT", 0.01)
    path = tmp_path / "run.lock"
    with lock.hold(tmp_path):
        os.utime(path, (0, 0))
        end = time.monotonic() + 30
        while path.stat().st_mtime < 1e9 and time.monotonic() < end:
            time.sleep(0.01)
        assert path.stat().st_mtime > 1e9
    assert not any(thread.name == "lock" for thread in threading.enumerate())


def test_unreachable_file_server_ends_the_holder_in_time(tmp_path, monkeypatch):
    holder, now = lease.Lease(tmp_path), lease._clock()
    holder.acquire()

    def stale(*_, **__):
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(lock_file, "_open", stale)
    monkeypatch.setattr(lease, "_clock", lambda: now + 20)
    holder.check()
    monkeypatch.setattr(lease, "_clock", lambda: now + 31)
    with pytest.raises(WriteFailed, match="Stale file handle"):
        holder.check()


def contend(folder, count=8):
    """Lets threads, each with an open file of its own, take the lock; returns the winners."""
    barrier, winners = threading.Barrier(count), []

    def take():
        contender = lease.Lease(folder)
        barrier.wait()
        try:
            contender.acquire()
        except ConfigError:
            return
        winners.append(contender)

    threads = [threading.Thread(target=take) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return winners


def test_one_of_several_takeovers_at_the_same_time_wins(tmp_path):
    for _ in range(20):
        leave_lock(tmp_path, OTHER_HOST, 61)
        winners = contend(tmp_path)
        assert len(winners) == 1
        assert record(tmp_path / "run.lock") == winners[0]._own
        winners[0].release()
        assert len(contend(tmp_path)) == 1  # the same without an old lock
        (tmp_path / "run.lock").unlink()
    assert names(tmp_path) == []


def test_one_wins_on_a_file_system_without_locks(tmp_path, monkeypatch):
    def unsupported(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(lock_file.fcntl, "flock", unsupported)
    monkeypatch.setattr(lease, "_SETTLE", 0.3)
    leave_lock(tmp_path, OTHER_HOST, 61)
    winners = contend(tmp_path, 4)
    assert len(winners) == 1 and record(tmp_path / "run.lock") == winners[0]._own


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[" * 500,
        b"\xff\xfe",
        b"null",
        json.dumps({**OTHER_HOST._asdict(), "token": 1}).encode(),
        json.dumps({**OTHER_HOST._asdict(), "token": "t", "pid": -1}).encode(),
        json.dumps({**OTHER_HOST._asdict(), "token": "t", "pid": 1e300}).encode(),
    ],
)
def test_invalid_lock_file_expires_like_a_valid_one(tmp_path, content):
    path = tmp_path / "run.lock"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="an unknown process is writing to this folder"):
        lease.Lease(tmp_path).acquire()
    assert path.read_bytes() == content
    os.utime(path, (0, 0))
    lease.Lease(tmp_path).acquire()


def test_control_characters_of_a_host_are_not_printed(tmp_path):
    leave_lock(tmp_path, OTHER_HOST._replace(host="\x1b[2Jnode"))
    with pytest.raises(ConfigError, match=r"on \\x1b\[2Jnode is") as caught:
        lease.Lease(tmp_path).acquire()
    assert "\x1b" not in str(caught.value)


def test_empty_lock_file_is_free(tmp_path):
    """A process was killed after it had created the file."""
    (tmp_path / "run.lock").touch()
    lease.Lease(tmp_path).acquire()


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_other_things_at_the_place_of_the_lock_are_refused(tmp_path, kind):
    path, target = tmp_path / "run.lock", tmp_path / "thesis.txt"
    target.write_text("my thesis")
    {
        "link": lambda: path.symlink_to(target),
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
    }[kind]()
    with pytest.raises(ConfigError, match=r"run\.lock cannot be written"):
        lease.Lease(tmp_path).acquire()
    assert target.read_text() == "my thesis" and names(tmp_path) == ["run.lock", "thesis.txt"]


def test_several_folders_are_locked_together_or_not_at_all(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    with lock.hold(one, two):
        assert names(one) == names(two) == ["run.lock"]
    leave_lock(two, OTHER_HOST)
    with pytest.raises(ConfigError, match="two: process 4321"), lock.hold(one, two):
        pytest.fail("one of the folders is in use")
    assert names(one) == []


HOLD = """
import sys, time
from minmax_jax.gan.run import lease, lock
lease.LEASE, lease.HEARTBEAT = 1.0, 0.1
from pathlib import Path
with lock.hold(Path(sys.argv[1])) as check:
    while True:
        print("holding", flush=True)
        time.sleep(0.05)
        check()
"""


@pytest.mark.slow
def test_suspended_process_loses_its_lock_and_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(lease, "LEASE", 1.0)
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, **pipes)
    try:
        assert process.stdout.readline() == "holding\n"
        time.sleep(2)
        with pytest.raises(ConfigError, match=f"process {process.pid}"):
            lease.Lease(tmp_path).acquire()
        process.send_signal(signal.SIGSTOP)
        time.sleep(1.5)
        other = lease.Lease(tmp_path)
        other.acquire()
        process.send_signal(signal.SIGCONT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 1 and "has lost the lock" in errors
        assert record(tmp_path / "run.lock") == other._own
    finally:
        process.kill()
        process.communicate()


def test_token_identifies_the_present_lock(tmp_path):
    with lock.hold(tmp_path):
        first = lock.token(tmp_path)
        assert first == record(tmp_path / "run.lock").token == lock.token(tmp_path)
    with pytest.raises(FileNotFoundError):
        lock.token(tmp_path)
    with lock.hold(tmp_path):
        assert lock.token(tmp_path) not in ("", first)


def test_wait_ends_when_a_foreign_lock_expires(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "_LOOK", 0.0)
    monkeypatch.setattr(lease, "LEASE", 10.0)
    path, reasons = leave_lock(tmp_path, OTHER_HOST), []

    def keep_waiting(reason):
        reasons.append(reason)
        if len(reasons) == 3:  # Its last sign of life is long ago now.
            os.utime(path, (time.time() - 11,) * 2)
        return True

    lock.wait_until_free(tmp_path, keep_waiting=keep_waiting)
    assert len(reasons) == 3 and "process 4321 on node-7" in reasons[0]
    assert names(tmp_path) == []


def test_wait_for_a_lock_ends_on_request(tmp_path):
    leave_lock(tmp_path, OTHER_HOST)
    lock.wait_until_free(tmp_path, keep_waiting=lambda reason: False)
    assert record(tmp_path / "run.lock").process == OTHER_HOST
