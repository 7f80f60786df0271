"""Sweeps with a killed worker or an interrupt end in the undisturbed table."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from minmax_jax.gan.run import checkpoint

FLAGS = (
    "sweep --preset gaussians --optimizers sgda --rates-min 1e-3 --rates-max 1e-2 --seeds 0 1 "
    "--width 8 --batch-size 16 --steps 2500 --log-every 100 --checkpoint-every 100 --evaluate 100 "
    "--vmap off --out s --executor dask --workers 2"
).split()


def start(folder):
    folder.mkdir(exist_ok=True)
    with (folder / "log").open("w") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "minmax_jax.gan.cli", *FLAGS],
            cwd=folder,
            stderr=log,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Signals of a terminal go to the workers too.
        )


def training(folder, process):
    """Waits until a worker trains a run with checkpoints; returns the worker's process and run."""
    while process.poll() is None:
        for run in sorted(folder.glob("s/runs/*")):
            saved = list(run.glob("checkpoints/*00.npz"))
            if saved and (run / "run.lock").exists() and not (run / "outcome.json").exists():
                return json.loads((run / "run.lock").read_text())["pid"], run
        time.sleep(0.05)
    pytest.fail((folder / "log").read_text())


def arrays(run):
    return checkpoint.Checkpoints(run / "checkpoints", print).restore()[1]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed") / "whole"
    assert start(folder).wait() == 0, (folder / "log").read_text()
    return folder


def check_same(folder, undisturbed):
    tables = [(each / "s" / "table.md").read_bytes() for each in (folder, undisturbed)]
    assert tables[0] == tables[1] and tables[0].count(b"\n| sgda") == 2
    for run in sorted(folder.glob("s/runs/*")):
        whole = undisturbed / run.relative_to(folder)
        assert not (run / "run.lock").exists()
        one, other = arrays(run), arrays(whole)
        assert sorted(one) == sorted(other)
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.slow
def test_killed_worker_leaves_the_undisturbed_table(tmp_path, undisturbed):
    folder = tmp_path / "killed"
    process = start(folder)
    pid, run = training(folder, process)
    os.kill(pid, signal.SIGKILL)
    code = process.wait()
    log = (folder / "log").read_text()
    assert code == 0, log
    assert "was lost; its runs continue" in log
    assert f"resuming s/runs/{run.name} at step" in log
    check_same(folder, undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupted_sweep_resumes_to_the_same_table(tmp_path, undisturbed, number):
    folder = tmp_path / "interrupted"
    process = start(folder)
    _, run = training(folder, process)
    if number == signal.SIGINT:  # A terminal sends it to the whole group.
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    code = process.wait()
    log = (folder / "log").read_text()
    if number != signal.SIGKILL:
        assert code == {signal.SIGINT: 130, signal.SIGTERM: 143}[number], log
        assert "run the same command again to resume the sweep" in log.splitlines()[-1]
        assert " stopped " in log and not list(folder.glob("s/**/run.lock"))
        assert (run / "curves.png").exists()
    assert start(folder).wait() == 0, (folder / "log").read_text()
    check_same(folder, undisturbed)
