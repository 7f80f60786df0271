"""Tests of the correlation between norm ratios and Fréchet distances."""

import json

import numpy as np
import pytest
from scipy import stats

from experiments._shared.figures import plt
from experiments.dissecting.pace import __main__ as command
from experiments.dissecting.pace import figure
from experiments.dissecting.pace.run import ALL, Config, correlation


def write_run(folder, name, method, ratio, distance, steps=600):
    run = folder / name
    run.mkdir(parents=True)
    scores = {} if distance is None else {"frechet_distance": distance}
    outcome = {
        "method": method,
        "rates": [0.1, 0.2],
        "seed": 0,
        "steps": steps,
        "diverged_at": None if scores else 3,
        "scores": scores,
    }
    (run / "outcome.json").write_text(json.dumps(outcome))
    line = {
        "used_gradient_norm_min": 2.0,
        "used_gradient_norm_max": 2.0 * ratio,
        "update_norm_min": 1.0,
        "update_norm_max": 3.0,
    }
    lines = [{"step": s, **line} for s in (1, 2, 3)] + [{"step": 3, "frechet_distance": 1.0}]
    (run / "metrics.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in lines))


@pytest.fixture
def runs(tmp_path):
    """Runs with distances that grow with |log ratio|, and one diverged run.

    The ratio of update norms is 3 in all runs.
    """
    for index, ratio in enumerate([1.0, 1.5, 0.5, 3.0, 0.2, 10.0]):
        write_run(tmp_path / "runs", f"a{index}", "sgda", ratio, 50 + 40 * abs(np.log(ratio)))
    write_run(tmp_path / "runs", "b", "sgda", 2.0, None)
    write_run(tmp_path / "runs", "c", "adam_gda", 2.0, 77.0, steps=2000)
    return tmp_path


def test_correlation_is_one_when_ratios_near_one_are_best(runs, capsys):
    command.main(Config(runs=str(runs / "runs"), resamples=200), out=runs / "out")
    result = json.loads((runs / "out" / "pace.json").read_text())
    rows = {(r["method"], r["ratio"]): r for r in result["rows"]}
    for method in (ALL, "sgda"):
        row = rows[method, "gradients"]
        assert row["near_one"]["value"] == pytest.approx(1) and row["near_one"]["low"] > 0.9
        assert (row["runs"], row["left_out"]) == (6, 1)
        assert row["best_fifth"][1] == pytest.approx(1)
        assert rows[method, "updates"]["near_one"]["value"] is None
    assert {r["steps"] for r in result["rows"]} == {600}  # one run of 2,000 is too few
    assert "1.00 [1.00, 1.00]" in capsys.readouterr().out


def test_command_redraws_figure_from_json(runs, capsys):
    command.main(Config(runs=str(runs / "runs"), resamples=50), out=runs / "out")
    first = capsys.readouterr().out
    (runs / "out" / "pace.png").unlink()
    command.main(Config(runs="nowhere"), redraw=True, out=runs / "out")
    assert capsys.readouterr().out == first
    assert (runs / "out" / "pace.png").stat().st_size > 10_000


def test_correlation_matches_scipy_and_lies_in_its_interval():
    random = np.random.default_rng(1)
    first = random.normal(size=40).round(1)  # with ties
    second = first + random.normal(size=40)
    found = correlation(first, second, 500, 0)
    assert found["value"] == pytest.approx(stats.spearmanr(first, second).statistic)
    assert found["low"] < found["value"] < found["high"] < 1


@pytest.mark.parametrize(
    ("limits", "labels"),
    [
        ((78, 135), ["80", "90", "100", "110", "120", "130"]),
        ((0.3, 6), ["0.5", "1", "2", "5"]),
    ],
)
def test_plain_ticks_reach_both_ends_of_the_axis(limits, labels):
    drawn, axes = plt.subplots()
    axes.set(yscale="log", ylim=limits)
    figure.plain_ticks(axes.yaxis)
    drawn.draw_without_rendering()
    ticks = zip(axes.get_yticks(), axes.get_yticklabels(), strict=True)
    assert [t.get_text() for y, t in ticks if limits[0] <= y <= limits[1]] == labels
    plt.close(drawn)


@pytest.mark.parametrize("redraw", [False, True])
def test_command_fails_with_one_line_without_runs(tmp_path, capsys, redraw):
    with pytest.raises(SystemExit) as exit:
        command.main(Config(runs=str(tmp_path)), redraw=redraw, out=tmp_path)
    assert exit.value.code == 2 and "error:" in capsys.readouterr().err
