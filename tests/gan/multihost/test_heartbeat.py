"""The heartbeat ends all processes with one line if one of them is lost."""

import socket
import threading
import time

import pytest

from minmax_jax.gan.multihost import exits, heartbeat
from minmax_jax.gan.multihost.heartbeat import Heartbeat
from minmax_jax.gan.multihost.termination import Termination
from minmax_jax.gan.multihost.wire import Wire


@pytest.fixture
def exit_codes(monkeypatch):
    """Records the exits of processes, which are threads here, as (code, text)."""
    recorded, monitor = [], threading.Condition()

    def exit_now(code, text):
        with monitor:
            recorded.append((code, text))
            monitor.notify_all()
        if threading.current_thread() is threading.main_thread():
            raise SystemExit

    def wait(count):
        with monitor:
            assert monitor.wait_for(lambda: len(recorded) >= count, 20), recorded
        return recorded

    monkeypatch.setattr(exits, "exit_now", exit_now)
    monkeypatch.setattr(heartbeat, "INTERVAL", 0.02)
    monkeypatch.setattr(heartbeat, "PATIENCE", 0.2)  # Threads do not close their connections.
    return wait


@pytest.fixture
def run(exit_codes):  # It must end before processes can exit again.
    """Starts the heartbeats of a run with processes 0, 1 and 2, and one more wire to process 0."""
    wires, heartbeats = [], []

    def start(timeout=20.0, silent=()):
        pairs = {index: [Wire(end) for end in socket.socketpair()] for index in (1, 2)}
        wires.extend(wire for pair in pairs.values() for wire in pair)
        own = [{index: pair[0] for index, pair in pairs.items()}]
        own += [{0: pair[1]} for pair in pairs.values()]
        for index, known in enumerate(own):
            if index not in silent:
                heartbeats.append(Heartbeat(known, timeout, Termination()))
        return heartbeats, pairs

    yield start
    for beat in heartbeats:
        beat.stop()
        beat.close()
    for wire in wires:
        wire.close()


def shut(wire):
    """Closes a connection as the end of its process does."""
    wire._connection.shutdown(socket.SHUT_RDWR)


def test_silent_process_ends_the_others_after_the_timeout(run, exit_codes):
    run(timeout=0.3, silent=[2])
    start = time.monotonic()
    found = exit_codes(2)
    assert 0.2 < time.monotonic() - start < 5
    text = "process 2 has sent no heartbeat for 0.3 s. Start all processes again to resume the run."
    assert found == [(5, text)] * 2


def test_silent_process_0_ends_the_others(run, exit_codes):
    run(timeout=0.3, silent=[0])
    assert [code for code, _ in exit_codes(2)] == [5, 5]
    assert exit_codes(2)[0][1].startswith("process 0 has sent no heartbeat for 0.3 s. ")


def test_running_processes_are_not_lost(run, exit_codes):
    heartbeats, _ = run(timeout=0.5)
    time.sleep(1.2)
    assert exit_codes(0) == []
    for beat in heartbeats:
        beat.stop()
    time.sleep(0.7)
    assert exit_codes(0) == [] and all(beat.stopped for beat in heartbeats)


@pytest.mark.parametrize("lost", [0, 2])
def test_lost_process_ends_the_others_at_once(run, exit_codes, lost):
    _, pairs = run(silent=[lost])
    start = time.monotonic()
    for pair in pairs.values() if lost == 0 else [pairs[lost]]:
        shut(pair[0 if lost == 0 else 1])
    found = exit_codes(2)
    assert time.monotonic() - start < 5
    text = f"process {lost} has ended without a message. Start all processes again to resume"
    assert [(code, line.split(" the run")[0]) for code, line in found] == [(5, text)] * 2


@pytest.mark.parametrize("index", [0, 1])
def test_error_of_a_process_ends_all_with_its_code(run, exit_codes, index):
    heartbeats, _ = run()
    with pytest.raises(SystemExit):
        heartbeats[index].fail(3, "loss is not finite", index)
    found = exit_codes(3)
    assert (
        sorted(found)
        == [(3, "loss is not finite")] + [(3, f"process {index}: loss is not finite")] * 2
    )


@pytest.mark.parametrize("code", [0, 77, "3", None, [3]])
def test_unknown_exit_code_becomes_5(run, exit_codes, code):
    _, pairs = run(silent=[0])
    pairs[1][0].send({"failed": "why", "code": code})
    assert exit_codes(1) == [(5, "why")]


def test_line_that_is_no_message_counts_as_lost(run, exit_codes):
    _, pairs = run(silent=[0])
    pairs[1][0]._connection.sendall(b"nonsense\n")
    assert exit_codes(1)[0][0] == 5


def test_processes_leave_together(run, exit_codes):
    heartbeats, pairs = run()
    leaving = [threading.Thread(target=beat.leave) for beat in heartbeats]
    for thread in leaving[:2]:  # 0 and 1
        thread.start()
    leaving[1].join(0.2)
    assert leaving[0].is_alive() and leaving[1].is_alive()
    shut(pairs[1][1])  # Process 1 has done its part.
    leaving[2].start()
    for index in (0, 2):
        leaving[index].join(20)
    assert [heartbeats[index].stopped for index in (0, 2)] == [True, True]
    assert not [text for _, text in exit_codes(0) if "process 1" in text]


def test_process_that_is_lost_before_it_leaves_ends_the_others(run, exit_codes):
    heartbeats, pairs = run()
    for beat in heartbeats[:2]:
        threading.Thread(target=beat.leave, daemon=True).start()
    time.sleep(0.1)
    shut(pairs[2][1])
    # The third exit is that of process 2, whose connection ends too.
    assert sum("process 2 has ended" in text for _, text in exit_codes(3)) == 2


def test_suspended_process_leaves_after_the_others_have_gone(exit_codes):
    one, two = map(Wire, socket.socketpair())
    one.send({"bye": True})
    one.close()
    beat = Heartbeat({0: two}, 20.0, Termination())
    beat.leave()
    beat.close()
    assert exit_codes(0) == []


def test_signal_is_forwarded_to_process_0_only(run, exit_codes):
    heartbeats, _ = run()
    states = [beat._termination for beat in heartbeats]
    states[2].requested, states[2].name = True, "Ctrl-C"
    end = time.monotonic() + 10
    while not states[0].requested and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.1)
    assert [state.requested for state in states] == [True, False, True]
    assert states[0].name == "Ctrl-C"


def test_suspended_time_does_not_count(run, exit_codes, monkeypatch):
    """After `scontrol suspend`, all processes continue hours later."""
    now = [0.0]
    monkeypatch.setattr(heartbeat.time, "monotonic", lambda: now[0])

    class Silent(Wire):
        def receive(self, timeout):
            now[0] += 3600
            time.sleep(0.01)
            raise TimeoutError

    sockets = socket.socketpair()
    beat = Heartbeat({0: Silent(sockets[1])}, 1.0, Termination())
    time.sleep(0.1)
    assert exit_codes(0) == []
    beat.stop()
    beat.close()
    sockets[0].close()
