"""Ctrl-C says what is on disk, and the second one ends a command at once."""

import os
import signal
import subprocess
import sys
import time

import pytest

from minmax_jax.gan.multihost import interrupts
from minmax_jax.gan.multihost.termination import Termination


def test_message_says_what_is_on_disk():
    with pytest.raises(KeyboardInterrupt) as caught:
        with interrupts.describe(lambda: "outer"), interrupts.describe(lambda: "checkpoint 8"):
            signal.raise_signal(signal.SIGINT)
    assert interrupts.message(caught.value) == "Ctrl-C: checkpoint 8"


def test_message_of_a_saved_run_is_kept():
    with pytest.raises(KeyboardInterrupt, match=r"^Ctrl-C: saved at step 8$"):
        with interrupts.describe(lambda: "checkpoint 8"):
            raise KeyboardInterrupt("Ctrl-C: saved at step 8")


def test_command_without_description_has_a_general_message():
    expected = "Ctrl-C: files that are not complete were not replaced"
    assert interrupts.message(KeyboardInterrupt()) == expected


def test_first_interrupt_is_announced_and_second_one_exits(monkeypatch, capfd):
    codes = []
    monkeypatch.setattr(os, "_exit", codes.append)
    monkeypatch.setattr(interrupts, "_PATIENCE", 0.0)
    with interrupts.SecondInterrupt() as block, interrupts.describe(lambda: "checkpoint 8"):
        block._receive(signal.SIGTERM)
        block._receive(signal.SIGINT)
        block._notice.join()
        assert codes == []
        block._receive(signal.SIGINT)
    assert codes == [130]
    assert capfd.readouterr().err.split("\n")[1::2] == [
        "minmax-jax: Ctrl-C: waiting for the computation in progress. Press Ctrl-C again to exit "
        "at once (checkpoint 8).",
        "minmax-jax: Ctrl-C again: exit at once; checkpoint 8",
    ]


def test_interrupt_reaches_the_command_through_a_training_loop(monkeypatch):
    with interrupts.SecondInterrupt() as block:
        with Termination() as termination:
            signal.raise_signal(signal.SIGINT)
    assert block._count == 1 and termination.requested


BUSY = """
import hashlib
from minmax_jax.gan.cli import main
from minmax_jax.gan.cli.commands import COMMANDS
from minmax_jax.gan.multihost import interrupts

def run(_):
    with interrupts.describe(lambda: "checkpoint 8"):
        print("ready", flush=True)
        hashlib.pbkdf2_hmac("sha256", b"a", b"b", 2**31 - 1)

main.COMMANDS = {"presets": COMMANDS["presets"]._replace(run=run)}
raise SystemExit(main.main(["presets"]))
"""


@pytest.mark.slow
def test_second_interrupt_ends_a_command_during_a_long_call():
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", BUSY], **pipes)
    try:
        assert process.stdout.readline() == "ready\n"
        time.sleep(1)  # The long call begins after the output.
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(2)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        lines = process.stderr.read().split("\n")
        assert "Press Ctrl-C again to exit at once (checkpoint 8)." in lines[1]
        assert lines[3] == "minmax-jax: Ctrl-C again: exit at once; checkpoint 8"
    finally:
        process.kill()
        process.communicate()


def test_single_interrupt_does_not_exit(monkeypatch, capfd):
    codes = []
    monkeypatch.setattr(os, "_exit", codes.append)
    with pytest.raises(KeyboardInterrupt):
        with interrupts.SecondInterrupt():
            signal.raise_signal(signal.SIGINT)
    assert codes == [] and capfd.readouterr().err == ""


def test_closed_standard_error_does_not_prevent_the_exit(monkeypatch):
    def closed(*_):
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr(interrupts.os, "write", closed)
    interrupts.write_line("text")
