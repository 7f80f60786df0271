"""Sweeps on a Dask cluster inside this process: results, failures and interrupts."""

import re
import threading
import time

import dask
import distributed
import numpy as np
import pytest

from minmax_jax import gan
from minmax_jax.gan import sweeps
from minmax_jax.gan.base.errors import ConfigError, HostFailed, RunsFailed, Terminated
from minmax_jax.gan.multihost.termination import Termination
from minmax_jax.gan.run import checkpoint, lease
from minmax_jax.gan.sweeps import tasks as tasks_lib
from minmax_jax.gan.sweeps.cluster import coordinator, remote
from tests.gan.run.test_lock import OTHER_HOST, leave_lock
from tests.gan.sweeps.test_sweeps import small

GRID = sweeps.Grid(("sgda",), learning_rates_min=(1e-2, 1e38), learning_rates_max=(1e-2,))
FIRST, SECOND = "sgda-0.01-0.01-s0", "sgda-1e+38-0.01-s0"


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0"
    ) as started:
        yield started


@pytest.fixture
def stub(monkeypatch):
    """Returns a function that replaces the training of single runs by another function."""
    return lambda train: monkeypatch.setattr(tasks_lib, "_train_alone", train)


def outcome(run, watch):
    run.folder.mkdir(parents=True, exist_ok=True)
    return {"loss_min": run.config.optimizer.learning_rate_min, "diverged_at": None}


def run_sweep(out, note, cluster=None, **options):
    where = {"executor": "dask", "dask": cluster.scheduler_address} if cluster else {}
    config = small(evaluate=0, steps=8, checkpoint_every=4, width=4)
    options = {"score": "loss_min", "vmap": "off", **where, **options}
    return gan.sweep(config, GRID, out=out, note=note, **options)


def ignore(_):
    pass


def test_cluster_writes_the_files_of_the_local_executor(tmp_path, cluster, stub):
    stub(outcome)
    notes = []
    local = run_sweep(tmp_path / "local", ignore)
    done = run_sweep(tmp_path / "dask", notes.append, cluster)
    for path in [p.relative_to(local.folder) for p in local.folder.rglob("*") if p.is_file()]:
        if path.name not in ("result.json", "heatmap.png"):  # They name the folder; a drawing.
            assert (done.folder / path).read_bytes() == (local.folder / path).read_bytes()
    assert list(done.scores) == list(local.scores) == [0.01, 1e38]
    assert "dask: 2 workers connected (cpu)" in notes
    assert len([note for note in notes if "step 8/8  finished" in note]) == 2
    again = []
    run_sweep(tmp_path / "dask", again.append, cluster)
    assert "2 of 2 runs are finished already" in again


@pytest.mark.slow
def test_cluster_trains_the_parameters_of_the_local_executor(tmp_path, cluster):
    local = run_sweep(tmp_path / "local", ignore)
    done = run_sweep(tmp_path / "dask", ignore, cluster)
    files = [sorted(p.relative_to(s.folder) for p in s.folder.rglob("*")) for s in (local, done)]
    assert files[0] == files[1]
    assert (done.folder / "table.md").read_bytes() == (local.folder / "table.md").read_bytes()
    assert list(done.diverged) == [False, True]
    for one, other in zip(local.runs, done.runs, strict=True):
        stores = [checkpoint.Checkpoints(r.folder / "checkpoints", ignore) for r in (one, other)]
        assert stores[0].steps() == stores[1].steps() != []
        arrays = [store.restore()[1] for store in stores]
        for name in sorted(arrays[0]):
            np.testing.assert_array_equal(arrays[0][name], arrays[1][name])


@pytest.mark.parametrize("where", ["local", "dask"])
def test_failed_run_does_not_stop_the_others(tmp_path, cluster, stub, where):
    def fail_first(run, watch):
        if run.name == FIRST:
            raise ConfigError("there is not enough memory on the device.")
        return outcome(run, watch)

    used = cluster if where == "dask" else None
    stub(fail_first)
    with pytest.raises(RunsFailed, match=rf"1 of 2 runs failed\. {FIRST}: there is not") as caught:
        run_sweep(tmp_path / "s", ignore, used)
    assert caught.value.exit_code == 6 and list(caught.value.failed) == [FIRST]
    assert (tmp_path / "s" / "runs" / SECOND / "outcome.json").exists()
    assert not (tmp_path / "s" / "table.md").exists()
    trained = []
    stub(lambda run, watch: trained.append(run.name) or outcome(run, watch))
    assert not run_sweep(tmp_path / "s", ignore, used).diverged.any()
    assert trained == [FIRST]


def test_unexpected_error_is_repeated_and_then_reported(tmp_path, cluster, stub):
    tried, notes = [], []

    def bug(run, watch):
        tried.append(run.name)
        raise KeyError("a bug")

    stub(bug)
    with pytest.raises(RunsFailed, match=r"2 of 2 .* unexpected error \(KeyError: 'a bug'\)"):
        run_sweep(tmp_path / "s", notes.append, cluster)
    assert tried.count(FIRST) == tried.count(SECOND) == 1 + coordinator.RETRIES
    assert any("Traceback" in note for note in notes)


def test_signal_stops_the_runs_in_the_workers(tmp_path, cluster, stub, monkeypatch):
    asked, stopped, notes = threading.Event(), [], []

    def train(run, watch):
        termination = Termination()
        asked.set()
        while not termination.requested:
            time.sleep(0.01)
        stopped.append(run.name)
        raise termination.error("saved at step 4; run the same command again to resume the run")

    class Signaled(Termination):
        requested = property(lambda self: asked.wait(0))

    stub(train)
    monkeypatch.setattr(coordinator, "Termination", Signaled)
    with pytest.raises(Terminated, match="SIGTERM: finished runs are kept; run the same command"):
        run_sweep(tmp_path / "s", notes.append, cluster)
    assert stopped and not (tmp_path / "s" / "run.lock").exists()
    assert any(re.search("step .* stopped", note) for note in notes)
    monkeypatch.setattr(coordinator, "Termination", Termination)
    stub(outcome)
    assert not run_sweep(tmp_path / "s", notes.append, cluster).diverged.any()


def test_lock_of_a_lost_worker_is_waited_for(tmp_path, cluster, stub, monkeypatch):
    monkeypatch.setattr(lease, "LEASE", 2.0)
    real, notes = remote._wait_for_locks, []

    def leave(task, report, ask):
        task.runs[0].folder.mkdir(parents=True)
        leave_lock(task.runs[0].folder, OTHER_HOST)
        real(task, report, ask)
        assert not (task.runs[0].folder / lease.FILE).exists()

    monkeypatch.setattr(remote, "_wait_for_locks", leave)
    stub(outcome)
    assert not run_sweep(tmp_path / "s", notes.append, cluster).diverged.any()
    assert any(FIRST in note and "waiting for its lock" in note for note in notes)


def test_lock_that_is_not_released_fails_the_run(tmp_path, cluster, monkeypatch):
    real = remote._wait_for_locks

    def leave(task, report, ask):
        task.runs[0].folder.mkdir(parents=True)
        leave_lock(task.runs[0].folder, OTHER_HOST)
        real(task, report, ask)

    monkeypatch.setattr(remote, "_PATIENCE", 0.0)
    monkeypatch.setattr(remote, "_wait_for_locks", leave)
    with pytest.raises(RunsFailed, match="process 4321 on node-7 is writing to this folder"):
        run_sweep(tmp_path / "s", ignore, cluster)


def test_tasks_that_others_cancel_are_one_line(tmp_path, cluster, stub, monkeypatch):
    submit = coordinator._Waiting.submit

    def submit_and_cancel(self, tasks, data):
        submit(self, tasks, data)
        self._client.cancel(list(self._pending))

    monkeypatch.setattr(coordinator._Waiting, "submit", submit_and_cancel)
    stub(outcome)
    with pytest.raises(HostFailed, match=r"somebody else has cancelled .* run the same command"):
        run_sweep(tmp_path / "s", ignore, cluster)


@pytest.mark.slow
def test_lost_scheduler_is_one_line(tmp_path, stub):
    lost = distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0"
    )

    def lose(run, watch):
        lost.loop.add_callback(lost.scheduler.close)
        time.sleep(1)
        return outcome(run, watch)

    stub(lose)
    with dask.config.set({"distributed.comm.timeouts.connect": "2s"}), lost:
        with pytest.raises(HostFailed, match=r"the scheduler .* was lost; .*again"):
            run_sweep(tmp_path / "s", ignore, lost)


def test_unfit_worker_that_joins_later_is_closed(tmp_path, cluster, stub):
    joined, notes = [], []

    async def join():
        return await distributed.Worker(cluster.scheduler_address, nthreads=2, name="node-9")

    def train(run, watch):
        if run.name == FIRST:
            joined.append(cluster.sync(join))
            end = time.monotonic() + 30
            while joined[0].status != distributed.Status.closed and time.monotonic() < end:
                time.sleep(0.02)
        return outcome(run, watch)

    stub(train)
    assert not run_sweep(tmp_path / "s", notes.append, cluster).diverged.any()
    assert joined[0].status == distributed.Status.closed
    assert any("node-9 is not used, because it runs 2 tasks at a time" in n for n in notes)


def test_other_data_in_a_worker_fails_the_runs(tmp_path, cluster, stub, monkeypatch):
    found = {"kind": "vector", "crc32": 1}
    monkeypatch.setattr(remote, "_describe", lambda config: found)
    stub(outcome)
    with pytest.raises(RunsFailed, match=r"differs from the data of the sweep \(count, crc32"):
        run_sweep(tmp_path / "s", ignore, cluster)


@pytest.mark.slow
def test_vmapped_group_is_one_task(tmp_path, cluster):
    notes = []
    done = run_sweep(tmp_path / "s", notes.append, cluster, vmap="on")
    assert done.diverged.tolist() == [False, True]
    assert any("sgda: 2 runs in one program" in note for note in notes)
