"""Tests of runs that share a program, one after another and vmapped."""

import copy
import json

import jax
import numpy as np
import pytest

from experiments._shared.time_limit import TimeLimit, TimeLimitReached
from experiments.dissecting.gan_runs import group, progress
from experiments.dissecting.gan_runs.job import Job
from experiments.dissecting.gan_runs.runner import Runner
from experiments.dissecting.images.methods import optimizers
from minmax_jax import gan

FLAT = {
    "data": "digits",
    "network": "mlp",
    "width": 2,
    "batch_size": 8,
    "latent_dim": 4,
    "ema_decay": 0.9,
    "log_every": 2,
    "devices": 1,
}
RATES = (0.05, 0.02)


def make_runner(folder, **changes):
    config = gan.Config.from_flat({**FLAT, **changes})
    return Runner(config, optimizers(0.5, 0.9), folder, TimeLimit(9.0), extractor="pixels")


def make_job(method="ada_nsgda", rates=RATES, seed=0):
    return Job(f"{method}-{rates[0]:g}-s{seed}", method, rates, seed, 8, 40, ("frechet",))


def moved(runner, folder):
    """Returns a runner with the same compiled programs and another folder."""
    other = copy.copy(runner)
    other._folder = folder
    return other


JOBS = [
    make_job(seed=3),
    make_job(rates=(0.01, 0.1)),
    make_job(seed=1, rates=(1e30, 1e30)),
]
"""Runs with other seeds and learning rates; the last one diverges."""


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """Returns a runner and the outcomes of runs that trained one after another."""
    runner = make_runner(tmp_path_factory.mktemp("single"))
    return runner, [runner.outcome(job) for job in JOBS]


def assert_same_runs(runner, found, single, **tolerance):
    """Compares scores, divergence and records of all runs."""
    for job, one, other in zip(JOBS, single[1], found, strict=True):
        assert other["diverged_at"] == one["diverged_at"]
        for name, value in one["scores"].items():
            np.testing.assert_allclose(other["scores"][name], value, **tolerance)
        lines, expected = runner.metrics(job), single[0].metrics(job)
        assert [line["step"] for line in lines] == [line["step"] for line in expected]
        for line, like in zip(lines, expected, strict=True):
            assert line.keys() == like.keys()
            for name, value in like.items():
                np.testing.assert_allclose(line[name], value, **tolerance)


def test_single_runs_train_and_one_diverges(single):
    assert [found["diverged_at"] is None for found in single[1]] == [True, True, False]
    assert len(single[0].metrics(JOBS[0])) == 4


def test_group_equals_single_runs_to_rounding(single, tmp_path):
    runner = moved(single[0], tmp_path)
    assert_same_runs(runner, runner.outcomes(JOBS, 4), single, rtol=1e-4)
    assert not any((tmp_path / job.name / "checkpoints").exists() for job in JOBS)


def test_interrupted_group_continues_in_groups_and_alone(single, tmp_path, monkeypatch):
    runner = moved(single[0], tmp_path)
    # The limit is reached after the second record, at update 4 of 8.
    answers = iter([False, False, True, True])
    monkeypatch.setattr(TimeLimit, "reached", property(lambda self: next(answers)))
    with pytest.raises(TimeLimitReached):
        runner.outcomes(JOBS, 4)
    saved = [[p.name for p in (tmp_path / j.name / "checkpoints").iterdir()] for j in JOBS]
    assert saved[:2] == [["4.npz"]] * 2 and saved[2] != saved[0]  # It stopped when it diverged.
    monkeypatch.setattr(TimeLimit, "reached", False)
    alone = runner.outcome(JOBS[0])
    assert_same_runs(runner, [alone, *runner.outcomes(JOBS[1:], 4)], single, rtol=1e-4)


def count_compilations(call):
    """Returns how many programs XLA compiles during a call."""
    events = []

    def listen(event, duration, **options):
        events.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        call()
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    return sum("backend_compile" in event for event in events)


def check_compilations(runner):
    """Checks that runs of a method compile nothing after its first one."""
    assert count_compilations(lambda: runner.outcome(make_job(seed=7, rates=(0.2, 0.1)))) == 0
    # Another method compiles its step and the start of its optimizer, but no network.
    other = [make_job("nsgda", seed=seed) for seed in (5, 6)]
    assert 0 < count_compilations(lambda: runner.outcome(other[0])) <= 4
    assert count_compilations(lambda: runner.outcome(other[1])) == 0


def test_networks_and_evaluation_compile_once(single, tmp_path):
    check_compilations(moved(single[0], tmp_path))


@pytest.mark.slow
def test_convolutional_networks_compile_once(tmp_path):
    runner = make_runner(tmp_path, network="dcgan")
    runner.outcome(make_job())
    check_compilations(runner)
    check_initial_state(runner.trainer, "dcgan")


def test_groups_of_all_sizes_share_a_program(single, tmp_path):
    runner = moved(single[0], tmp_path)
    jobs = [make_job(seed=seed) for seed in range(5)]
    assert len(runner.outcomes(jobs[:4], 4)) == 4
    assert count_compilations(lambda: runner.outcomes(jobs[4:], 4)) == 0
    assert all((tmp_path / job.name / "outcome.json").exists() for job in jobs)


@pytest.mark.parametrize(
    ("change", "name"), [({"extractor": "classifier"}, "classifier"), ({}, "pixels")]
)
def test_scores_of_another_extractor_are_refused(single, tmp_path, change, name):
    runner = moved(single[0], tmp_path)
    runner.outcome(JOBS[0])
    path = tmp_path / JOBS[0].name / "outcome.json"
    scored = json.loads(path.read_text()) | change | {"facts": {"network": "0a"}}
    path.write_text(json.dumps(scored))
    with pytest.raises(
        gan.ConfigError, match=f"extractor {name} .*0a.*, and this command has pixels"
    ):
        runner.outcome(JOBS[0])


@pytest.mark.parametrize("name", ["job.json", "outcome.json"])
def test_damaged_files_of_a_run_are_named(single, tmp_path, name):
    runner = moved(single[0], tmp_path)
    runner.outcome(JOBS[0])
    path = tmp_path / JOBS[0].name / name
    path.write_text(path.read_text()[:40])
    with pytest.raises(gan.ConfigError, match=f"{name} is damaged .* Delete the folder"):
        runner.outcome(JOBS[0])


def check_initial_state(trainer, network):
    """Checks that a start has the bits of networks that are built with its seed."""
    state = trainer.initial_state("sgda", 1007)
    config = gan.Config.from_flat({**FLAT, "network": network, "seed": 1007})
    pair = gan.build_pair(config, trainer.pair.sample_shape)
    expected = (pair.generator.params, pair.discriminator.params, pair.generator.stats)
    found = (*state.players, state.stats.min)
    for leaf, like in zip(*map(jax.tree.leaves, (found, expected)), strict=True):
        np.testing.assert_array_equal(leaf, like)


def test_initial_state_has_the_bits_of_new_networks(single):
    check_initial_state(single[0].trainer, "mlp")


@pytest.mark.parametrize(
    ("given", "backend", "seconds", "size"),
    [
        (0, "cpu", None, 1),
        (0, "gpu", (2.0, 1.0), 8),
        (0, "gpu", (1.0, 2.0), 1),
        (5, "cpu", None, 5),
    ],
)
def test_size_of_groups_is_measured_on_accelerators(monkeypatch, given, backend, seconds, size):
    class Stub:
        trainer = None

    def measure(trainer, method, count):
        return seconds[count > 1]

    monkeypatch.setattr(progress, "seconds_per_step", measure)
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    reporter = progress.Progress(Stub(), 1, 1, str, given)
    assert reporter.choose_size("sgda") == size


def test_few_runs_train_in_a_smaller_program(monkeypatch):
    sizes = []

    class Stub:
        def finished(self, job):
            return False

        def outcome(self, job):
            return {"seconds": 1.0}

        def outcomes(self, jobs, size):
            sizes.append((len(jobs), size))
            return [self.outcome(job) for job in jobs]

    monkeypatch.setattr(progress.Progress, "estimate", lambda self, method, size: "")
    reporter = progress.Progress(Stub(), 13, 104, str, 8)
    reporter.outcomes([make_job(seed=seed) for seed in range(10)])
    reporter.outcomes([make_job(seed=seed) for seed in range(3)])
    assert sizes == [(8, 8), (2, 8), (3, 3)]


def test_seconds_per_step_measures_both_programs(single):
    for size in (1, 4):
        assert 0 < group.seconds_per_step(single[0].trainer, "ada_nsgda", size, count=2) < 60


def test_progress_trains_groups_and_prints_a_line_per_run(single, tmp_path, capsys):
    runner = moved(single[0], tmp_path)
    reporter = progress.Progress(runner, 5, 40, lambda found: "ok", 4)
    jobs = [make_job(seed=seed) for seed in range(5)]
    outcomes = reporter.outcomes(jobs)
    assert [outcome["seed"] for outcome in outcomes] == [0, 1, 2, 3, 4]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("5 runs, 40 updates of ") and "4 runs at once" in lines[0]
    assert [line.split()[0] for line in lines[1:]] == [f"[{i}/5]" for i in range(1, 6)]
    assert ["left" in line for line in lines[1:]] == [False] * 3 + [True] * 2
    assert lines[-1].endswith("about 0 min left")
    assert reporter.outcomes(jobs) == outcomes and capsys.readouterr().out == ""
