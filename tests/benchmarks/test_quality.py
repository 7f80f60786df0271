"""Tests of the suite `quality`: tuning, stored runs, table and figure."""

import dataclasses

import pytest

from benchmarks import quality, quality_run

PROBLEM = quality_run.Problem("digits", {}, "frechet_distance", 10.0, 300, 100, 50)


def make_run(learning_rate, seed, scores, step=1e-3):
    curve = [[100 * (i + 1), score] for i, score in enumerate(scores)]
    reached = curve[-1][0] if scores[-1] is not None and scores[-1] <= PROBLEM.target else None
    return {
        "learning_rate": learning_rate,
        "seed": seed,
        "curve": curve,
        "reached": reached,
        "seconds_per_step": step,
    }


@pytest.mark.parametrize(
    ("tuning", "best"),
    [
        ([(0.1, [None]), (1.0, [50.0, 40.0])], 1.0),  # the first one diverges
        ([(0.1, [50.0, 9.0]), (1.0, [8.0])], 1.0),  # needs fewer updates
        (
            [(0.1, [50.0, 9.0]), (1.0, [90.0, 80.0, 70.0])],
            0.1,
        ),  # only the first one reaches the target
    ],
)
def test_select_learning_rate_prefers_fastest_to_target(tuning, best):
    assert (
        quality.select_learning_rate([make_run(rate, 100, scores) for rate, scores in tuning])
        == best
    )


@pytest.fixture
def trained(monkeypatch):
    """Records the runs; only the larger learning rate reaches the target, but not with seed 2."""
    performed = []

    def run(_, problem, learning_rate, seed):
        performed.append((learning_rate, seed))
        fails = learning_rate < 0.5 or seed == 2
        return make_run(learning_rate, seed, [50.0, 30.0, 20.0] if fails else [50.0, 9.0])

    monkeypatch.setattr(quality_run, "run", run)
    monkeypatch.setattr(quality_run, "cost_per_update", lambda method: 2.0)
    return performed


def suite(tmp_path, problem=PROBLEM):
    def programs(method):
        return None

    programs.problem = problem
    config = quality.Config(learning_rates=(0.1, 1.0), seeds=(0, 1, 2), runs=tmp_path / "runs")
    return dict(quality.measure(config, programs, "digits", "sgda"))


def test_selected_learning_rate_runs_once_per_seed(trained, tmp_path):
    found = suite(tmp_path)
    assert trained == [(0.1, 100), (1.0, 100), (1.0, 0), (1.0, 1), (1.0, 2)]
    assert found["learning_rate"] == 1.0 and [run["reached"] for run in found["runs"]] == [
        200,
        200,
        None,
    ]
    trained.clear()
    assert suite(tmp_path) == found and not trained
    suite(tmp_path, PROBLEM._replace(steps=400))  # a different problem needs new runs
    assert len(trained) == 5


@pytest.mark.parametrize(("cost", "steps"), [(1, 300), (3, 300), (4, 200), (8, 100), (99, 100)])
def test_limit_calls_reduces_updates_of_costly_optimizers(cost, steps):
    assert PROBLEM.limit_calls(cost).steps == steps


def test_problem_record_contains_no_parent_folders():
    problem = PROBLEM._replace(fields={"data": "some/where/mnist", "width": 8})
    assert problem.to_json()["fields"] == {"data": "mnist", "width": 8}


def test_table_marks_seeds_that_miss_the_target(trained, tmp_path):
    never = suite(tmp_path)
    never["runs"] = [make_run(1.0, seed, [50.0, None]) for seed in range(3)]
    methods = {"sgda": suite(tmp_path), "nsgda": never}
    result = {"problems": {"digits": {"problem": PROBLEM.to_json(), "methods": methods}}}
    first, second = quality.report(result).splitlines()[2:]
    assert first.startswith("| `sgda` | 1 | 2/3 | 200 | 400 | 0.2 |")
    assert second.startswith("| `nsgda` | 1 | 0/3 | – | – | – |") and second.endswith("| – |")
    quality.draw(result, tmp_path / "quality.png")
    assert (tmp_path / "quality.png").stat().st_size > 5_000


def test_quality_measures_every_optimizer_once():
    assert quality.METHODS.count("greedy_adam") == 1 and "greedy" not in quality.METHODS
    assert len(quality.METHODS) >= 18
    assert dataclasses.asdict(quality.QUICK)["methods"] == ("adam_gda",)


def test_cost_counts_both_evaluations_of_extragradient():
    assert quality_run.cost_per_update("extragradient", updates=2) == 2.0
