import io
import time

import pytest

from minmax_jax.gan.run import progress

RECORD = {"loss_min": 0.7, "loss_max": 1.4, "update_norm_ratio": 2.0}


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_updates_one_line_on_a_terminal():
    stream = Terminal()
    shown = progress.Progress(300, stream)
    shown.start_clock(0)
    for step in (100, 200, 300):
        shown.update(step, RECORD, time.monotonic())
    shown.close()
    text = stream.getvalue()
    assert text.count("\r") == 3 and text.count("\n") == 1 and text.endswith("\n")


def test_progress_prints_every_10_s_to_a_file():
    stream = io.StringIO()
    shown = progress.Progress(1000, stream)
    now = time.monotonic()
    shown.start_clock(0)
    for step in range(100, 1001, 100):
        shown.update(step, RECORD, now + step * 0.03)
    shown.close()
    lines = stream.getvalue().splitlines()
    # Updates come every 3 s. A line follows after 10 s at the earliest, and at the last step.
    assert [line.split()[1] for line in lines] == ["100/1000", "500/1000", "900/1000", "1000/1000"]
    assert "\r" not in stream.getvalue()


def test_update_returns_speed_since_last_call(monkeypatch):
    monkeypatch.setattr(progress.time, "monotonic", lambda: 10.0)
    shown = progress.Progress(1000, io.StringIO())
    shown.start_clock(500)
    assert shown.update(600, RECORD, 12.0) == pytest.approx(50)
    assert shown.update(700, RECORD, 17.0) == pytest.approx(20)


def test_last_line_shows_the_mean_speed_without_pauses(monkeypatch):
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    clock, stream = iter([0.0, 10.0, 100.0]), io.StringIO()
    shown = progress.Progress(400, stream)
    shown.start_clock(0)
    shown.update(300, RECORD, 14.0)
    shown.start_clock(300)  # An evaluation has taken the time until 100 s.
    assert shown.update(400, RECORD, 101.0) == pytest.approx(100)
    assert "80 steps/s" in stream.getvalue().splitlines()[-1]


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), ValueError("closed file")])
def test_closed_stream_does_not_end_the_run(error):
    class Closed(Terminal):
        def write(self, text):
            raise error

    shown = progress.Progress(200, Closed())
    shown.start_clock(0)
    assert shown.update(100, RECORD, time.monotonic() + 1) > 0
    shown.note("checkpoint 3 is corrupt")
    shown.close()


def test_missing_stream_is_ignored(monkeypatch):
    monkeypatch.setattr(progress.sys, "stderr", None)
    shown = progress.Progress(100)
    shown.update(100, RECORD, time.monotonic())
    shown.note("note")


def test_note_starts_on_a_new_line():
    stream = Terminal()
    shown = progress.Progress(300, stream)
    shown.update(100, RECORD, time.monotonic())
    shown.note("checkpoint 3 is corrupt")
    assert stream.getvalue().split("\n")[1] == "checkpoint 3 is corrupt"


def test_progress_line_shows_step_speed_eta_and_metrics():
    line = progress.progress_line(50, 7300, 1.0, RECORD)
    for part in (
        "50/7300",
        "1 steps/s",
        "ETA 2:00:50",
        "G 0.700",
        "D 1.400",
        "update norms D/G 2.00",
    ):
        assert part in line


def test_progress_line_shows_unknown_values_as_such():
    line = progress.progress_line(10, 20, 1.0, {**RECORD, "update_norm_ratio": float("nan")})
    assert line.endswith("update norms D/G –")
    line = progress.progress_line(10, 20, 0.0, RECORD)
    assert "? steps/s  ETA ?" in line


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (61, "1:01"), (3599.6, "1:00:00"), (7384, "2:03:04")]
)
def test_duration_is_formatted(seconds, text):
    assert progress.duration(seconds) == text
