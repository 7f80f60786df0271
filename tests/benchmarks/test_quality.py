"""The rate is chosen on the tuning seeds, runs are kept, and what never got there says so."""

import dataclasses

import pytest

from benchmarks import quality, quality_run

PROBLEM = quality_run.Problem("digits", {}, "frechet_distance", 10.0, 300, 100, 50)


def ran(rate, seed, scores, step=1e-3):
    curve = [[100 * (i + 1), score] for i, score in enumerate(scores)]
    reached = curve[-1][0] if scores[-1] is not None and scores[-1] <= PROBLEM.target else None
    return {"rate": rate, "seed": seed, "curve": curve, "reached": reached,
            "seconds_per_step": step}  # fmt: skip


@pytest.mark.parametrize(
    ("tuning", "best"),
    [
        ([(0.1, [None]), (1.0, [50.0, 40.0])], 1.0),  # diverged; ends at 40
        ([(0.1, [50.0, 9.0]), (1.0, [8.0])], 1.0),  # sooner
        ([(0.1, [50.0, 9.0]), (1.0, [90.0, 80.0, 70.0])], 0.1),  # the only one that gets there
    ],
)
def test_the_rate_that_gets_there_soonest_is_chosen(tuning, best):
    assert quality.choose([ran(rate, 100, scores) for rate, scores in tuning]) == best


@pytest.fixture
def trained(monkeypatch):
    """Rates and seeds that were really trained: the larger rate gets there, but not from seed 2."""
    asked = []

    def run(_, problem, rate, seed):
        asked.append((rate, seed))
        return ran(rate, seed, [50.0, 30.0, 20.0] if rate < 0.5 or seed == 2 else [50.0, 9.0])

    monkeypatch.setattr(quality_run, "run", run)
    monkeypatch.setattr(quality_run, "price", lambda method: 2.0)
    return asked


def suite(tmp_path, problem=PROBLEM):
    def lazy(method):
        return None

    lazy.problem = problem
    config = quality.Config(rates=(0.1, 1.0), seeds=(0, 1, 2), runs=tmp_path / "runs")
    return dict(quality.measure(config, lazy, "digits", "sgda"))


def test_other_seeds_run_at_the_chosen_rate_and_nothing_runs_twice(trained, tmp_path):
    found = suite(tmp_path)
    assert trained == [(0.1, 100), (1.0, 100), (1.0, 0), (1.0, 1), (1.0, 2)]
    assert found["rate"] == 1.0 and [run["reached"] for run in found["runs"]] == [200, 200, None]
    trained.clear()
    assert suite(tmp_path) == found and not trained
    suite(tmp_path, PROBLEM._replace(steps=400))  # another problem is another run
    assert len(trained) == 5


@pytest.mark.parametrize(("price", "steps"), [(1, 300), (3, 300), (4, 200), (8, 100), (99, 100)])
def test_who_asks_for_more_gets_fewer_updates(price, steps):
    assert PROBLEM.affordable(price).steps == steps


def test_a_record_names_no_folder():
    problem = PROBLEM._replace(fields={"data": "some/where/mnist", "width": 8})
    assert problem.described()["fields"] == {"data": "mnist", "width": 8}


def test_table_and_figure_say_who_never_got_there(trained, tmp_path):
    never = suite(tmp_path)
    never["runs"] = [ran(1.0, seed, [50.0, None]) for seed in range(3)]
    methods = {"sgda": suite(tmp_path), "nsgda": never}
    result = {"problems": {"digits": {"problem": PROBLEM.described(), "methods": methods}}}
    first, second = quality.report(result).splitlines()[2:]
    assert first.startswith("| `sgda` | 1 | 2/3 | 200 | 400 | 0.2 |")
    assert second.startswith("| `nsgda` | 1 | 0/3 | – | – | – |") and second.endswith("| – |")
    quality.draw(result, tmp_path / "quality.png")
    assert (tmp_path / "quality.png").stat().st_size > 5_000


def test_every_optimizer_is_measured_once():
    assert "greedy" not in quality.METHODS and "greedy_adam" in quality.METHODS
    assert len(quality.METHODS) >= 18
    assert dataclasses.asdict(quality.QUICK)["methods"] == ("adam_gda",)


def test_price_counts_both_evaluations_of_extragradient():
    assert quality_run.price("extragradient", updates=2) == 2.0
