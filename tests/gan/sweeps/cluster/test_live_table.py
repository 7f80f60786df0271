"""The table of runs, on a terminal and as lines."""

import io
import os

import pytest

from minmax_jax.gan.sweeps.cluster import live_table

NAMES = [f"run-{index}" for index in range(30)]


def test_lines_tell_state_step_and_worker():
    notes = []
    table = live_table.LiveTable(["a", "run"], 20, notes.append)
    table.set(["a"], "running", "node-1")
    table.set(["a"], "running", "node-1")
    table.step(["a"], 5, "node-1")
    table.step(["run"], 7, "node-1")  # It does not train there.
    table.lose("node-1")
    table.finish("a", 20)
    table.finish("a", 20)
    assert notes == [
        "a    step  0/20  running  on node-1",
        "a    step  5/20  waiting",
        "a    step 20/20  finished",
    ]


def test_steps_are_printed_after_a_while(monkeypatch):
    notes = []
    table = live_table.LiveTable(["a", "b"], 20, notes.append)
    table.set(["a"], "running", "w")
    table.step(["a"], 5, "w")
    table.refresh()
    assert len(notes) == 1
    monkeypatch.setattr(live_table, "_QUIET_SECONDS", 0.0)
    table.refresh()
    table.refresh()  # Nothing has changed.
    assert notes[1:] == ["a  step  5/20  running  on w", "2 runs: 1 waiting, 1 running"]


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(live_table.shutil, "get_terminal_size", lambda: os.terminal_size((46, 10)))
    monkeypatch.setattr(live_table, "_FRAME_SECONDS", 0.0)
    return io.StringIO()


def test_terminal_shows_running_runs_first(terminal):
    table = live_table.LiveTable(NAMES, 20, print, terminal)
    table.set(NAMES[20:24], "running", "a worker with a very long name that is cut off")
    table.set(NAMES[25:26], live_table.FAILED)
    table.refresh()
    lines = terminal.getvalue().splitlines()
    assert len(lines) == 8 and all(len(line) < 46 for line in lines)
    assert sum("running" in line for line in lines[:-1]) == 4
    assert any("run-25" in line and "failed" in line for line in lines)
    assert lines[-1].startswith("30 runs: 25 waiting, 4 running, 1 failed")


def test_terminal_is_redrawn_below_messages(terminal):
    table = live_table.LiveTable(["a"], 20, print, terminal)
    table.refresh()
    table.note("a message\x1b[2J")
    table.close()
    text = terminal.getvalue()
    assert text.count("\x1b[2F\x1b[J") == 2  # The table has two lines, and is drawn three times.
    assert "a message\\x1b[2J\n" in text


def test_closed_terminal_does_not_end_the_sweep(terminal):
    table = live_table.LiveTable(["a"], 20, pytest.fail, terminal)
    terminal.close()
    table.refresh()
    table.set(["a"], live_table.FINISHED)
    table.note("a message")
    table.close()
