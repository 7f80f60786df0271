import io

import numpy as np
import pytest

from minmax_jax.gan.config import presets
from minmax_jax.gan.run import report

RECORD = {"loss_min": 0.7, "loss_max": 1.4, "update_norm_ratio": 2.0}


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_one_line_rewritten():
    stream = Terminal()
    progress = report.Progress(300, stream)
    progress.begin(0)
    for step in (100, 200, 300):
        progress.update(step, RECORD)
    progress.close()
    text = stream.getvalue()
    assert text.count("\r") == 3 and text.count("\n") == 1 and text.endswith("\n")


def test_a_log_file_sees_a_line_now_and_then_and_the_last(monkeypatch):
    clock = iter(np.arange(0.0, 1000.0, 3.0))
    monkeypatch.setattr(report.time, "monotonic", lambda: next(clock))
    stream = io.StringIO()
    progress = report.Progress(1000, stream)
    progress.begin(0)
    for step in range(100, 1001, 100):
        progress.update(step, RECORD)
    progress.close()
    lines = stream.getvalue().splitlines()
    # Every 3 s an update, a line every 10 s at most, and the last one in any case.
    assert [line.split()[1] for line in lines] == ["100/1000", "500/1000", "900/1000", "1000/1000"]
    assert "\r" not in stream.getvalue()


def test_speed_counts_the_steps_since_the_last_call(monkeypatch):
    clock = iter([0.0, 10.0, 12.0, 17.0])
    monkeypatch.setattr(report.time, "monotonic", lambda: next(clock))
    progress = report.Progress(1000, io.StringIO())
    progress.begin(500)
    assert progress.update(600, RECORD) == pytest.approx(50)
    assert progress.update(700, RECORD) == pytest.approx(20)


def test_a_note_does_not_land_in_the_progress_line():
    stream = Terminal()
    progress = report.Progress(300, stream)
    progress.update(100, RECORD)
    progress.note("checkpoint 3 is damaged")
    assert stream.getvalue().split("\n")[1] == "checkpoint 3 is damaged"


def test_line_gives_step_speed_time_left_losses_and_pace():
    line = report.progress_line(50, 7300, 1.0, RECORD)
    for part in ("50/7300", "1 steps/s", "ETA 2:00:50", "G 0.700", "D 1.400", "pace 2.00"):
        assert part in line


def test_speed_is_unknown_before_the_clock_has_seen_a_step():
    line = report.progress_line(10, 20, 1.0, {**RECORD, "update_norm_ratio": float("nan")})
    assert line.endswith("pace –")
    line = report.progress_line(10, 20, 0.0, RECORD)
    assert "? steps/s  ETA ?" in line


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (61, "1:01"), (3599.6, "1:00:00"), (7384, "2:03:04")]
)
def test_duration(seconds, text):
    assert report.duration(seconds) == text


def records(scale=1.0):
    return [
        {
            "step": step, "loss_min": 0.7, "loss_max": None if step == 3 else 1.4, "update_norm_ratio": scale,
            "gradient_norm_min": scale * step, "gradient_norm_max": scale * 2 * step,
        }
        for step in (1, 2, 3)
    ]  # fmt: skip


def test_curves_show_every_quantity_of_both_players():
    losses, norms, pace = report.curves(records(), "digits").axes
    assert [len(axes.lines) for axes in (losses, norms)] == [2, 2]
    np.testing.assert_array_equal(losses.lines[1].get_ydata(), [1.4, 1.4, np.nan])
    np.testing.assert_array_equal(norms.lines[1].get_ydata(), [2, 4, 6])
    np.testing.assert_array_equal(pace.lines[0].get_xdata(), [1, 2, 3])
    assert norms.get_yscale() == pace.get_yscale() == "log"
    assert pace.get_xlabel() == "step" and norms.get_ylabel() and losses.get_legend()


def test_curves_of_nothing_and_of_zeros_can_be_drawn(tmp_path):
    for lines in ([], records(0.0)):
        report.curves(lines, "digits").savefig(tmp_path / "curves.png")


def test_summary_gives_scores_with_what_judged_and_how_many(tmp_path):
    summary = {
        "step": 100,
        "evaluation": {
            "step": 100, "extractor": "classifier", "num_samples": 500, "num_reference": 9000,
            "num_held_out": 400, "facts": {"test_accuracy": 0.987, "network": "1f0c9a7e"},
            "scores": {
                "frechet_distance": 12.34, "kernel_distance": 0.0123,
                "kernel_distance_standard_error": 0.004, "density": None,
                "classes_covered": 9, "num_classes": 10,
            },
            "held_out": {"frechet_distance": 1.2, "kernel_distance": -0.0001,
                         "kernel_distance_standard_error": None},
        },
    }  # fmt: skip
    lines = report.summary_text(presets.preset("digits"), summary, tmp_path).splitlines()
    assert "classifier 1f0c9a7e, 98.7% test accuracy, against 9000 training examples" in lines[1]
    rows = [" ".join(line.split()) for line in lines[2:7]]
    assert rows == [
        "500 samples 400 held-out real",
        "frechet_distance 12.34 1.2",
        "kernel_distance 0.0123 ± 0.004 -0.0001",
        "density not finite –",
        "classes_covered 9 of 10 –",
    ]
