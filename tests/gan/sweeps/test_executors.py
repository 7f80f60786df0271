"""Arguments of the executors, and the message about failed runs."""

import sys
import types
from pathlib import Path

import pytest

from minmax_jax.gan.base.errors import ConfigError
from minmax_jax.gan.cli.main import main
from minmax_jax.gan.data import load
from minmax_jax.gan.sweeps import executors, tasks
from minmax_jax.gan.sweeps import grid as grid_lib
from tests.gan.sweeps.test_sweeps import GRID, small

FLAGS = "sweep --preset gaussians --optimizers sgda --evaluate 0 --score loss_min --out".split()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--executor", "dask", "--dask", "tcp://127.0.0.1:1"], "no scheduler answers"),
        (["--executor", "dask", "--dask", "127.0.0.1:no"], "no scheduler answers"),
        (["--executor", "dask", "--dask", "missing.json"], "is not a scheduler file (No such file"),
        (["--executor", "dask", "--dask", "a", "--workers", "2"], "Omit one of them"),
        (["--executor", "dask", "--workers", "-2"], "workers must be at least 1"),
        (["--dask", "tcp://127.0.0.1:1"], "requires executor=dask"),
        (["--workers", "2"], "workers=2 requires executor=dask"),
    ],
)
def test_bad_cluster_is_refused_without_writing(tmp_path, capsys, monkeypatch, words, message):
    pytest.importorskip("distributed", reason="the extra cluster is not installed")
    monkeypatch.setattr("minmax_jax.gan.sweeps.cluster.connection._TIMEOUT", "0.5s")
    assert main([*FLAGS, str(tmp_path / "s"), *words]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert message in last and last.startswith("minmax-jax:")
    assert not (tmp_path / "s").exists()


def test_streamed_runs_are_single_tasks():
    config = small()
    runs = grid_lib.sweep_runs(config, GRID, Path("s"))
    data = load("gaussians")
    assert [len(task.runs) for task in tasks.plan(runs, data, "auto")] == [8]
    streamed = types.SimpleNamespace(is_streamed=True)
    assert [len(task.runs) for task in tasks.plan(runs, streamed, "auto")] == [1] * 8
    message = "vmap must be auto or off for data that are streamed.* without --stream and with"
    with pytest.raises(ConfigError, match=message):
        tasks.plan(runs, streamed, "on")


def test_data_of_workers_are_compared():
    remote = pytest.importorskip("minmax_jax.gan.sweeps.cluster.remote")
    here = {"kind": "image", "count": 8, "crc32": 1}
    assert remote.differences(here, dict(here)) == []
    assert remote.differences(here, {**here, "crc32": 2, "count": 9}) == ["count", "crc32"]
    assert remote.differences(here, {**here, "crc32": 2, "crc32_of": "files"}) == []
    streamed = {**here, "crc32_of": "files"}
    assert remote.differences(streamed, {**streamed, "crc32": 2}) == ["crc32"]


@pytest.mark.parametrize("text", ["{", "[]", '{"address": 3}'])
def test_damaged_scheduler_file_is_refused(tmp_path, text):
    connection = pytest.importorskip("minmax_jax.gan.sweeps.cluster.connection")
    path = tmp_path / "scheduler.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match="is not a scheduler file"):
        connection._arguments(str(path))
    path.write_text('{"address": "tcp://127.0.0.1:8786"}')
    assert connection._arguments(str(path)) == {"scheduler_file": str(path)}


def test_missing_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    for name in [name for name in sys.modules if "sweeps.cluster" in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(sys.modules["minmax_jax.gan.sweeps"], "cluster", raising=False)
    with pytest.raises(ConfigError, match=r"pip install 'minmax-jax\[cluster\]'"):
        with executors.open_executor("dask", "", 0, None, print):
            pytest.fail("distributed is missing")


def test_failed_runs_with_one_reason_are_named_together():
    runs = [types.SimpleNamespace(name=f"run-{index}") for index in range(9)]
    failed = {run.name: "no memory." for run in runs[:7]} | {"run-8": "bad data"}
    error = executors.runs_failed(failed, runs)
    assert str(error) == (
        "8 of 9 runs failed. run-0, run-1, run-2, run-3, run-4 and 2 more: no memory; run-8: bad "
        "data. The other runs are finished. Run the same command again to repeat the failed ones."
    )
    assert error.exit_code == 6 and error.failed == failed
    assert "The other runs" not in str(executors.runs_failed(failed, runs[:7] + runs[8:]))
