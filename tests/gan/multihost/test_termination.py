"""Ctrl-C, SIGTERM and SIGHUP request a save; the second one exits at once."""

import os
import signal
import threading
import time

import pytest

from minmax_jax.gan.base.errors import EXIT_CODES, Terminated
from minmax_jax.gan.multihost import interrupts
from minmax_jax.gan.multihost.termination import NAMES, Termination, also_when


@pytest.fixture
def exits(monkeypatch):
    """Exit codes with which the process would have ended at once."""
    codes = []
    monkeypatch.setattr(os, "_exit", codes.append)
    return codes


def wait_for(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


@pytest.mark.parametrize("forwarded", [False, True])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(("signals", "codes"), [(1, []), (2, [143])])
def test_only_second_own_signal_exits(signals, codes, number, forwarded, exits, capfd):
    with Termination() as termination:
        termination.requested = forwarded  # process 0 sets it if another process has SIGTERM
        for _ in range(signals):
            signal.raise_signal(number)
    assert termination.requested and termination.name == NAMES[number]
    assert exits == codes
    assert ("again: exit at once; files that are not" in capfd.readouterr().err) == bool(codes)


def test_first_interrupt_requests_a_save_and_second_one_raises(exits):
    with Termination() as termination:
        signal.raise_signal(signal.SIGINT)
        wait_for(lambda: termination.requested)
        assert termination.name == "Ctrl-C"
        with interrupts.describe(lambda: "checkpoint 4"):
            with pytest.raises(KeyboardInterrupt, match="Ctrl-C again: checkpoint 4"):
                signal.raise_signal(signal.SIGINT)
    assert exits == []  # The process of a notebook survives.
    with pytest.raises(KeyboardInterrupt):  # The earlier handler is back.
        signal.raise_signal(signal.SIGINT)


def test_sigterm_after_interrupt_exits(exits):
    with Termination() as termination:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
    assert exits == [143] and termination.name == "Ctrl-C"


@pytest.mark.parametrize(
    ("number", "kind"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)]
)
def test_error_has_the_exit_code_of_the_signal(number, kind):
    with Termination() as termination:
        signal.raise_signal(number)
    error = termination.error("saved at step 4")
    assert type(error) is kind and str(error) == f"{NAMES[number]}: saved at step 4"
    assert EXIT_CODES[kind] == 128 + number


@pytest.mark.parametrize("number", NAMES)
def test_ignored_signal_stays_ignored(number, exits):
    """A shell ignores Ctrl-C for programs in the background, and nohup ignores SIGHUP."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with Termination() as termination:
            signal.raise_signal(number)
            signal.raise_signal(number)
        assert not termination.requested
        assert signal.getsignal(number) == signal.SIG_IGN
    finally:
        signal.signal(number, before)


def test_handlers_and_reader_are_restored():
    before = [signal.getsignal(number) for number in NAMES]
    with Termination():
        assert [signal.getsignal(number) for number in NAMES] != before
    assert [signal.getsignal(number) for number in NAMES] == before
    assert signal.set_wakeup_fd(-1) == -1


def test_block_in_another_thread_changes_nothing():
    before = signal.getsignal(signal.SIGTERM)

    def block():
        with Termination():
            assert signal.getsignal(signal.SIGTERM) is before

    thread = threading.Thread(target=block)
    thread.start()
    thread.join()


def test_function_of_the_caller_ends_a_run_in_any_thread():
    found, reason = [], [""]

    def run():
        with also_when(lambda: reason[0]):
            inside = Termination()
        outside = Termination()
        with inside, outside:
            found.append(inside.requested)
            reason[0] = "the worker closes"
            found.extend([inside.requested, outside.requested])
        found.append(inside.error("saved at step 4"))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found[:3] == [False, True, False]
    assert (
        isinstance(found[3], Terminated) and str(found[3]) == "the worker closes: saved at step 4"
    )
