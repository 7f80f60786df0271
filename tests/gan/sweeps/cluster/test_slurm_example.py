"""The Slurm program in docs/cluster.md: its job script, built without Slurm."""

import itertools
import re
import signal
from pathlib import Path

import pytest

from minmax_jax import gan
from minmax_jax.gan.sweeps.grid import sweep_runs

pytest.importorskip("distributed", reason="needs the extra cluster")
from dask.utils import parse_timedelta

PAGE = Path(__file__).parents[4] / "docs" / "cluster.md"


@pytest.fixture
def program():
    """Names that the program of the page defines."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed")
    # Importing it replaces the handler of Ctrl-C of the whole process.
    for number, handler in before.items():
        signal.signal(number, handler)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.S)
    names = {"__name__": "sweep_slurm"}
    exec(compile(code, "sweep_slurm.py", "exec"), names)
    return names


def test_job_script_starts_one_worker_per_gpu(program, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with program["slurm_cluster"]() as cluster:
        script = cluster.job_script()
    lines = script.splitlines()
    for line in ("-p gpu", "--gres=gpu:1", "--cpus-per-task=8", "-t 12:00:00"):
        assert f"#SBATCH {line}" in lines
    worker = next(line for line in lines if "dask_worker" in line).split()
    values = dict(itertools.pairwise(worker))  # The last value of a flag counts.
    assert values["--nthreads"] == "1" and values["--memory-limit"] == "0"
    assert "--nworkers" not in worker
    # Workers end before the walltime of 12 hours.
    lifetime, stagger = map(parse_timedelta, (values["--lifetime"], values["--lifetime-stagger"]))
    assert 11 * 3600 < lifetime - stagger < lifetime + stagger < 12 * 3600


def test_lifetimes_of_the_page_are_durations():
    lifetimes = re.findall(r'--lifetime(?:-stagger)?"?,? "?([\w.]+)', PAGE.read_text("utf-8"))
    assert len(lifetimes) == 3 and all(0 < parse_timedelta(value) for value in lifetimes)


def test_program_calls_the_sweep_with_valid_values(program, monkeypatch):
    calls = []

    class Cluster:
        scheduler_address = "tcp://10.0.0.7:8786"
        __enter__ = lambda self: self  # noqa: E731
        __exit__ = lambda *_: None  # noqa: E731

        def adapt(self, *, minimum_jobs, maximum_jobs):
            assert 0 < minimum_jobs <= maximum_jobs

    monkeypatch.setitem(program, "slurm_cluster", Cluster)
    monkeypatch.setattr(program["jax"].config, "update", lambda *_: None)
    monkeypatch.setattr(program["dask"].config, "set", lambda values: None)
    monkeypatch.setattr(gan, "sweep", lambda *words, **named: calls.append((words, named)))
    program["main"]()
    ((config, grid), named) = calls[0]
    config.check()
    assert sweep_runs(config, grid, Path("sweep"))  # Every optimizer can train the preset.
    assert named["executor"] == "dask" and named["dask"] == Cluster.scheduler_address
